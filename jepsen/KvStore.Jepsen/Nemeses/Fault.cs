namespace KvStore.Jepsen.Nemeses;

/// <summary>A fault that was done.</summary>
internal sealed class Fault(string nemesis, string what, long begin)
{
    public string Nemesis => nemesis;

    /// <summary>For people: "kill node 2".</summary>
    public string What => what;

    /// <summary>Nanoseconds since the run began.</summary>
    public long Begin => begin;

    /// <summary>Null while it lasts.</summary>
    public long? End { get; set; }

    /// <summary>Groups whose leader was killed by it.</summary>
    public IReadOnlyList<ulong> LeaderlessGroups { get; init; } = [];
}
