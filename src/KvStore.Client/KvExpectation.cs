namespace KvStore.Client;

/// <summary>What a compare-and-swap demands of a key before it writes.</summary>
public readonly struct KvExpectation
{
    private KvExpectation(KvExpectationKind kind, KvBytes value, ulong revision)
    {
        Kind = kind;
        ExpectedValue = value;
        ExpectedRevision = revision;
    }

    /// <summary>The key must not exist.</summary>
    public static KvExpectation Absent => default;

    /// <summary>Which of the three demands it is.</summary>
    public KvExpectationKind Kind { get; }

    internal KvBytes ExpectedValue { get; }

    internal ulong ExpectedRevision { get; }

    /// <summary>The key must exist with exactly this value.</summary>
    public static KvExpectation Value(KvBytes value) => new(KvExpectationKind.Value, value, 0);

    /// <summary>The key's mod revision must be this one; 0: the key must not exist.</summary>
    public static KvExpectation ModRevision(ulong revision) => new(KvExpectationKind.ModRevision, default, revision);

    /// <summary>The same as <see cref="Value"/>.</summary>
    public static implicit operator KvExpectation(KvBytes value) => Value(value);

    /// <summary>The same as <see cref="Value"/>, of the text's UTF-8 bytes.</summary>
    public static implicit operator KvExpectation(string value) => Value(value);

    /// <summary>The same as <see cref="Value"/>.</summary>
    public static implicit operator KvExpectation(byte[] value) => Value(value);
}

/// <summary>The kinds of <see cref="KvExpectation"/>.</summary>
public enum KvExpectationKind
{
    /// <summary>No such key.</summary>
    Absent,
    /// <summary>A key with a given value.</summary>
    Value,
    /// <summary>A key last written at a given revision.</summary>
    ModRevision,
}
