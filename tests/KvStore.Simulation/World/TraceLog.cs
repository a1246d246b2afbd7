using System.Buffers.Binary;
using System.Globalization;
using KvStore.Raft;

namespace KvStore.Simulation.World;

/// <summary>
/// Everything that happens, as one running hash: two runs of a seed must give the same. The hash of each simulated second is kept, so that a difference has a time.
/// With a writer it is readable, too.
/// </summary>
internal sealed class TraceLog(VirtualClock clock, TextWriter? writer)
{
    private readonly List<ulong> _seconds = [];
    private ulong _hash = 0xCBF29CE484222325;

    public ulong Hash => _hash;
    public IReadOnlyList<ulong> Seconds => _seconds;
    public bool IsWritten => writer is not null;

    public void Turn(NodeId node, string worker) => Mix(1, node.Value, worker[0]);

    /// <param name="from">The sender.</param>
    /// <param name="to">The receiver.</param>
    /// <param name="frame">The <see cref="HashOf"/> the frame.</param>
    public void Sent(NodeId from, NodeId to, ulong frame) => Mix(2, from.Value << 8 | to.Value, frame);

    public void Event(ulong kind, ulong detail) => Mix(3, kind, detail);

    /// <summary>A line for people. The text is made only when somebody reads it; what it tells must be in the hash by other means, or hardly matter.</summary>
    public void Line(Func<string> text) => writer?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{clock.Now.Nanoseconds / 1e9,12:F6} {text()}"));

    private void Mix(ulong kind, ulong a, ulong b)
    {
        var second = (int)(clock.Now.Nanoseconds / 1_000_000_000);
        while (_seconds.Count < second) _seconds.Add(_hash);
        _hash = Step(_hash, kind ^ (ulong)clock.Now.Nanoseconds << 3);
        _hash = Step(Step(_hash, a), b);
    }

    public static ulong HashOf(ReadOnlySpan<byte> bytes)
    {
        var hash = (ulong)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..]) hash = Step(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var each in bytes) hash = Step(hash, each);
        return hash;
    }

    private static ulong Step(ulong hash, ulong value)
    {
        hash = (hash ^ value) * 0x9FB21C651E98DF25;
        return hash ^ hash >> 32;
    }
}
