using KvStore.Raft;

namespace KvStore.Simulation.Consensus;

/// <summary>The durable log of one simulated replica.</summary>
internal sealed class MemoryLog : ILogSource
{
    private readonly List<Entry> _entries = [];

    public LogIndex Start { get; private set; }
    public Term StartTerm { get; private set; }
    public IReadOnlyList<Entry> Entries => _entries;
    public LogIndex Last => Start + (ulong)_entries.Count;
    /// <summary>None where the log holds nothing.</summary>
    public Term TermAt(LogIndex index) => index == Start ? StartTerm : index < Start || index > Last ? Term.None : _entries[(int)(index - Start) - 1].Term;

    public int Reads { get; private set; }

    public void Write(IReadOnlyList<Entry> entries)
    {
        if (entries.Count == 0) return;
        Check.That(entries[0].Index > Start && entries[0].Index <= Last.Next, $"a gap before {entries[0].Index}");
        _entries.RemoveRange((int)(entries[0].Index - Start) - 1, (int)(Last - entries[0].Index.Previous));
        _entries.AddRange(entries);
    }

    public void Reset(LogIndex index, Term term)
    {
        _entries.Clear();
        (Start, StartTerm) = (index, term);
    }

    public void Compact(LogIndex index)
    {
        if (index <= Start) return;
        StartTerm = _entries[(int)(index - Start) - 1].Term;
        _entries.RemoveRange(0, (int)(index - Start));
        Start = index;
    }

    public IReadOnlyList<Entry> Read(LogIndex from, LogIndex to, long bytesMax)
    {
        Reads++;
        List<Entry> read = [];
        var bytes = 0L;
        for (var i = from; i < to; i = i.Next)
        {
            var entry = _entries[(int)(i - Start) - 1];
            bytes += entry.Size;
            if (read.Count > 0 && bytes > bytesMax) break;
            read.Add(entry);
        }
        return read;
    }
}
