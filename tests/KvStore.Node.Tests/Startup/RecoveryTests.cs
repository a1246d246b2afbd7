using KvStore.Node.Startup;
using KvStore.Node.State;
using KvStore.Raft;
using KvStore.Storage.Wal;

namespace KvStore.Node.Tests.Startup;

public class RecoveryTests
{
    private sealed class NoLog : ILogSource
    {
        public IReadOnlyList<Entry> Read(LogIndex from, LogIndex to, long bytesMax) => throw new InvalidOperationException();
    }

    private static WalGroupRecovery Log(ulong compacted, params (ulong Term, EntryKind Kind)[] entries) => new(new GroupId(1), new HardState(new Term(9), default), new LogIndex(compacted), new Term(compacted == 0 ? 0UL : 1),
        [.. entries.Select((entry, i) => new Entry(new Term(entry.Term), new LogIndex(compacted + 1 + (ulong)i), entry.Kind, default))]);

    private static RaftStart Start(WalGroupRecovery log, ulong applied, ulong term, bool discarded = false) =>
        Recovery.Start(new RecoveredReplica(log.Group, null, new GroupState { AppliedIndex = applied, AppliedTerm = term }, log, null) { LogIsDiscarded = discarded }, new Configuration([new ReplicaId(1)]), new NoLog());

    [Fact]
    public void The_tail_behind_the_checkpoint_stays_for_followers()
    {
        var start = Start(Log(10, (1, EntryKind.Normal), (2, EntryKind.Normal), (2, EntryKind.Normal)), applied: 12, term: 2);
        Assert.Equal((10UL, 12UL, 3), (start.SnapshotIndex.Value, start.Applied.Value, start.Entries.Count));
    }

    [Fact]
    public void Configuration_changes_that_the_checkpoint_covers_are_not_counted_twice()
    {
        var start = Start(Log(10, (1, EntryKind.ConfigurationChange), (2, EntryKind.Normal), (2, EntryKind.Normal)), applied: 12, term: 2);
        Assert.Equal((12UL, 2UL, 1), (start.SnapshotIndex.Value, start.SnapshotTerm.Value, start.Entries.Count));
    }

    [Fact]
    public void A_log_that_contradicts_an_installed_snapshot_is_gone()
    {
        var start = Start(Log(0, (1, EntryKind.Normal)), applied: 12, term: 2, discarded: true);
        Assert.Equal((12UL, 2UL, 0), (start.SnapshotIndex.Value, start.SnapshotTerm.Value, start.Entries.Count));
    }

    [Fact]
    public void Terms_are_found_in_the_log_and_at_its_start_only()
    {
        var log = Log(10, (1, EntryKind.Normal), (2, EntryKind.Normal));
        Assert.Equal([0UL, 1UL, 1UL, 2UL, 0UL], new ulong[] { 9, 10, 11, 12, 13 }.Select(index => Recovery.TermAt(log, new LogIndex(index)).Value));
    }
}
