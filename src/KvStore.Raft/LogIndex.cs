namespace KvStore.Raft;

/// <summary>The position of an entry in one group's Raft log. The first entry has index 1; 0 is the empty log.</summary>
public readonly record struct LogIndex(ulong Value) : IComparable<LogIndex>
{
    public static readonly LogIndex None = new(0);
    public int CompareTo(LogIndex other) => Value.CompareTo(other.Value);
    public static bool operator <(LogIndex a, LogIndex b) => a.Value < b.Value;
    public static bool operator >(LogIndex a, LogIndex b) => a.Value > b.Value;
    public static bool operator <=(LogIndex a, LogIndex b) => a.Value <= b.Value;
    public static bool operator >=(LogIndex a, LogIndex b) => a.Value >= b.Value;
    public LogIndex Next => new(Value + 1);
    public LogIndex Previous => new(Value - 1);
    public static LogIndex operator +(LogIndex a, ulong n) => new(a.Value + n);
    public static LogIndex operator -(LogIndex a, ulong n) => new(a.Value - n);
    public static ulong operator -(LogIndex a, LogIndex b) => a.Value - b.Value;
    public static LogIndex Min(LogIndex a, LogIndex b) => a.Value < b.Value ? a : b;
    public static LogIndex Max(LogIndex a, LogIndex b) => a.Value > b.Value ? a : b;
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
