using System.Text;

namespace KvStore.Client;

/// <summary>
/// A key or a value, given as bytes or as text. Text is stored as UTF-8. The bytes are not copied: they must not change before the call that takes them has ended.
/// </summary>
public readonly struct KvBytes : IEquatable<KvBytes>
{
    /// <summary>Wraps bytes without copying them.</summary>
    public KvBytes(ReadOnlyMemory<byte> memory) => Memory = memory;

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Memory { get; }

    /// <summary>Their number.</summary>
    public int Length => Memory.Length;

    /// <summary>UTF-8 bytes of a text.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    public static implicit operator KvBytes(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new KvBytes(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Wraps an array without copying it.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="bytes"/> is null.</exception>
    public static implicit operator KvBytes(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        return new KvBytes(bytes);
    }

    /// <summary>Wraps bytes without copying them.</summary>
    public static implicit operator KvBytes(ReadOnlyMemory<byte> memory) => new(memory);

    /// <summary>Compares the bytes.</summary>
    public static bool operator ==(KvBytes left, KvBytes right) => left.Equals(right);

    /// <summary>Compares the bytes.</summary>
    public static bool operator !=(KvBytes left, KvBytes right) => !left.Equals(right);

    /// <summary>Compares the bytes.</summary>
    public bool Equals(KvBytes other) => Memory.Span.SequenceEqual(other.Memory.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is KvBytes other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Memory.Span);
        return hash.ToHashCode();
    }

    /// <summary>The bytes read as UTF-8; bytes that are none become U+FFFD.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Memory.Span);
}
