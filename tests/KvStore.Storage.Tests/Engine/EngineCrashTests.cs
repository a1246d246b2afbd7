using System.Text;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Storage.Tests.Engine;

/// <summary>
/// Power cuts at every disk operation of a workload with checkpoints, compaction, reclaim and snapshot installs: what is recovered is exactly the last completed checkpoint,
/// or the one that was being completed.
/// </summary>
public sealed class EngineCrashTests
{
    private const string Directory = "/group";
    private readonly KnownWrites _writes = new(11, 40);

    [Fact]
    public void A_crash_at_any_disk_operation_leaves_the_last_completed_checkpoint_or_the_one_under_way()
    {
        long crashes = 0;
        var isFinished = false;
        for (long stop = 1; !isFinished; stop++)
        {
            var run = new Run(_writes, new MemoryFileSystem { StopAtOperation = stop }, null);
            isFinished = run.WorkUntilStopped(steps: 34);
            for (ulong seed = 0; seed < 4; seed++)
            {
                var survivor = run.FileSystem.CrashClone(seed * 1_000_003 + (ulong)stop);
                var recovered = run.CheckRecovered(survivor);
                // It crashes again soon after: recovery itself, and the first checkpoint after it, find what the first crash left.
                survivor.StopAtOperation = survivor.OperationCount + 1 + (stop * 7 + (long)seed * 5) % 23;
                var second = new Run(_writes, survivor, recovered);
                second.WorkUntilStopped(steps: 8);
                second.CheckRecovered(survivor.CrashClone(seed));
                crashes += 2;
            }
        }

        Assert.True(crashes > 1000, $"only {crashes} crashes");
    }

    [Fact]
    public void A_failed_disk_operation_leaves_the_last_completed_checkpoint_or_the_one_under_way()
    {
        var isFinished = false;
        for (long fail = 1; !isFinished; fail++)
        {
            var run = new Run(_writes, new MemoryFileSystem { FailAtOperation = fail }, null);
            isFinished = run.WorkUntilStopped(steps: 34);
            run.FileSystem.FailAtOperation = 0;
            run.FileSystem.KillProcess();
            run.CheckRecovered(run.FileSystem);
        }
    }

    /// <summary>One life of a process on a file system that stops at some operation.</summary>
    private sealed class Run(KnownWrites writes, MemoryFileSystem fileSystem, string? completed)
    {
        private readonly MemoryRecordStoreFactory _factory = new(fileSystem);
        private GroupStore? _store;
        private RangeStore? _range;
        private ulong _lastStay;
        private string? _completed = completed;
        private string? _underWay;

        public MemoryFileSystem FileSystem => fileSystem;

        /// <summary>True when nothing stopped it.</summary>
        public bool WorkUntilStopped(int steps)
        {
            try
            {
                _store = GroupStore.Open(fileSystem, Directory, _factory, NullLogger.Instance);
                _range = _store.Ranges.SingleOrDefault() ?? _store.CreateRange(new Stay(1));
                _lastStay = _range.Stay.Value;
                for (var step = 1; step <= steps; step++) Step(step);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        }

        /// <summary>Opens what a crash left, and compares it with the checkpoints that may be there.</summary>
        public string? CheckRecovered(MemoryFileSystem survivor)
        {
            using var store = GroupStore.Open(survivor, Directory, new MemoryRecordStoreFactory(survivor), NullLogger.Instance);
            var state = store.RecoveredState is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;
            Assert.True(state == _completed || (_underWay is not null && state == _underWay), $"recovered '{state}' instead of '{_completed}' or '{_underWay}'");
            if (state is null) Assert.Empty(store.Ranges);
            else
            {
                var range = Assert.Single(store.Ranges);
                Assert.Equal(state, StateOf(range));
                writes.Check(range);
            }

            return state;
        }

        private static string StateOf(RangeStore range) => $"{range.Stay.Value} {range.Revision.Value} {range.CompactRevision.Value}";

        private void Step(int step)
        {
            for (var i = 0; i < 5; i++) writes.Apply(_range!, _range!.Revision.Value + 1);
            if (step % 3 == 0 && _range!.Revision.Value > 20) _range.Compact(new Revision(_range.Revision.Value - 20));
            if (step % 2 == 0) Checkpoint();
            if (step % 5 == 0) _store!.Reclaim();
            if (step % 11 == 0) Install();
        }

        private void Checkpoint()
        {
            _underWay = StateOf(_range!);
            Exception? failure = null;
            _store!.BeginCheckpoint(Encoding.UTF8.GetBytes(_underWay), e => failure = e);
            if (failure is not null) throw failure;
            (_completed, _underWay) = (_underWay, null);
        }

        private void Install()
        {
            using var install = GroupStore.BeginInstall(fileSystem, Directory, _factory, NullLogger.Instance);
            RangeStore range;
            using (var snapshot = _range!.Snapshot(null, SnapshotHistory.All))
            {
                // The same data under a stay of its own, as a range that was moved away and back.
                range = install.Store.CreateRange(snapshot.Description with { Stay = new Stay(++_lastStay), Lineage = [new RangeAncestor(_range.Stay, snapshot.Revision), .. snapshot.Description.Lineage] });
                foreach (var (id, record) in snapshot.Records(new Revision(1))) range.Restore(id, record);
                range.Publish(snapshot.Revision);
                range.Compact(snapshot.Description.CompactRevision);
            }

            _store!.Dispose();
            _underWay = StateOf(range);
            _store = install.Commit(Encoding.UTF8.GetBytes(_underWay));
            _range = range;
            (_completed, _underWay) = (_underWay, null);
        }
    }
}
