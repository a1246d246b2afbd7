namespace KvStore.Raft;

/// <summary>A Raft term (dissertation §3.3). 0 before the first election.</summary>
public readonly record struct Term(ulong Value) : IComparable<Term>
{
    public static readonly Term None = new(0);
    public int CompareTo(Term other) => Value.CompareTo(other.Value);
    public static bool operator <(Term a, Term b) => a.Value < b.Value;
    public static bool operator >(Term a, Term b) => a.Value > b.Value;
    public static bool operator <=(Term a, Term b) => a.Value <= b.Value;
    public static bool operator >=(Term a, Term b) => a.Value >= b.Value;
    public Term Next => new(Value + 1);
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
