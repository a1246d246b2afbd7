using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace KvStore.Linearizability;

/// <summary>What a key holds: a string, an integer, or nothing. The string "4" and the integer 4 differ.</summary>
public readonly struct Value : IEquatable<Value>
{
    /// <summary>Stands in <see cref="_text"/> of an integer; compared by reference only.</summary>
    private static readonly string IntegerTag = new('#', 1);

    private readonly string? _text;
    private readonly long _integer;

    private Value(string? text, long integer)
    {
        _text = text;
        _integer = integer;
    }

    /// <summary>The key does not exist. Every key starts so.</summary>
    public static Value Absent => default;

    /// <summary>The key does not exist.</summary>
    public bool IsAbsent => _text is null;

    /// <summary>It holds an integer.</summary>
    public bool IsInteger => ReferenceEquals(_text, IntegerTag);

    /// <summary>The integer that it holds.</summary>
    /// <exception cref="InvalidOperationException">It holds none.</exception>
    public long Integer => IsInteger ? _integer : throw new InvalidOperationException($"{this} is not an integer");

    /// <summary>What an append sees: the string, the integer's digits, or nothing for an absent key.</summary>
    public string Text => _text is null ? "" : IsInteger ? _integer.ToString(CultureInfo.InvariantCulture) : _text;

    public static Value Of(string? text) => new(text, 0);

    public static Value Of(long integer) => new(IntegerTag, integer);

    public static implicit operator Value(string? text) => Of(text);

    public static implicit operator Value(long integer) => Of(integer);

    public static bool operator ==(Value left, Value right) => left.Equals(right);

    public static bool operator !=(Value left, Value right) => !left.Equals(right);

    public bool Equals(Value other) =>
        IsInteger || other.IsInteger
            ? IsInteger && other.IsInteger && _integer == other._integer
            : string.Equals(_text, other._text, StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    public override int GetHashCode() => IsInteger ? _integer.GetHashCode() : _text is null ? 0 : _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>For people: <c>absent</c>, <c>42</c>, <c>"text"</c> (escaped as in JSON, not for HTML).</summary>
    public override string ToString() => _text is null ? "absent" : IsInteger ? Text : $"\"{JsonEncodedText.Encode(_text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
