namespace KvStore.Storage.Engine;

/// <summary>The per-range counter: +1 for each write transaction that changed something. 0 before the first; revisions of different ranges do not compare.</summary>
public readonly record struct Revision(ulong Value) : IComparable<Revision>
{
    public static readonly Revision Zero = new(0);
    public Revision Next => new(Value + 1);
    public int CompareTo(Revision other) => Value.CompareTo(other.Value);
    public static bool operator <(Revision a, Revision b) => a.Value < b.Value;
    public static bool operator >(Revision a, Revision b) => a.Value > b.Value;
    public static bool operator <=(Revision a, Revision b) => a.Value <= b.Value;
    public static bool operator >=(Revision a, Revision b) => a.Value >= b.Value;
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
