using KvStore.Node.State;
using KvStore.Raft;
using KvStore.Storage.Engine;
using KvStore.Storage.Wal;
using Microsoft.Extensions.Logging;

namespace KvStore.Node.Startup;

/// <summary>Brings together what the WAL and the groups' directories hold when a node starts, and refuses what cannot be.</summary>
internal static class Recovery
{
    private const string Replace = "replace this node by a fresh one (kvctl node replace)";

    public static IReadOnlyList<RecoveredReplica> Recover(DataDirectory directory, Wal wal, NodeServices services, ILogger logger)
    {
        var logs = wal.TakeRecovered().ToDictionary(log => log.Group);
        var recovered = new List<RecoveredReplica>();
        foreach (var group in directory.Groups())
        {
            var log = logs.Remove(group, out var found) ? found : new WalGroupRecovery(group, default, LogIndex.None, Term.None, []);
            if (Recover(directory, log, services, logger) is { } replica) recovered.Add(replica);
        }
        foreach (var log in logs.Values.Where(IsUsed).OrderBy(log => log.Group))
            throw new NodeStartException($"the WAL holds group {log.Group}, but {directory.Group(log.Group)} is missing: put it back, or {Replace}");
        if (recovered.Any(replica => replica.LogIsDiscarded)) ResetLogs(wal, recovered, logger);
        return recovered;
    }

    private static RecoveredReplica? Recover(DataDirectory directory, WalGroupRecovery log, NodeServices services, ILogger logger)
    {
        var path = directory.Group(log.Group);
        GroupStore store;
        try
        {
            store = GroupStore.Open(services.FileSystem, path, services.RecordStores, logger);
        }
        catch (IOException damage)
        {
            return new RecoveredReplica(log.Group, null, null, log, damage.Message);
        }
        if (store.RecoveredState is { } bytes) return Check(path, store, GroupState.Parser.ParseFrom(bytes.Span), log);
        store.Dispose();
        if (IsUsed(log)) return new RecoveredReplica(log.Group, null, null, log, $"{path} holds no checkpoint, though the replica has a log: {Replace}");
        // The crash came before the first checkpoint of a new replica, which has never voted or stored anything: it is made anew.
        services.FileSystem.DeleteDirectory(path);
        return null;
    }

    private static RecoveredReplica Check(string path, GroupStore store, GroupState state, WalGroupRecovery log)
    {
        var applied = new LogIndex(state.AppliedIndex);
        if (state.GroupId != log.Group.Value) return Damaged($"{path} holds group {state.GroupId}");
        if (applied > LogIndex.None && log.HardState.Term == Term.None) return Damaged($"{path} has applied entry {applied}, but the WAL knows no term of group {log.Group}: its votes are lost");
        var last = log.Entries.Count > 0 ? log.Entries[^1].Index : log.CompactedIndex;
        var fits = last >= applied && TermAt(log, applied) == new Term(state.AppliedTerm);
        if (fits || (applied == LogIndex.None && log.CompactedIndex == LogIndex.None)) return new RecoveredReplica(log.Group, store, state, log, null);
        if (state.Installed) return new RecoveredReplica(log.Group, store, state, log, null) { LogIsDiscarded = true };
        return Damaged($"{path} has applied entry {applied} of term {state.AppliedTerm}, which the WAL does not hold (its log ends at {last})");

        RecoveredReplica Damaged(string what)
        {
            store.Dispose();
            return new RecoveredReplica(log.Group, null, null, log, $"{what}: {Replace}");
        }
    }

    /// <summary>None when the log does not hold the entry.</summary>
    public static Term TermAt(WalGroupRecovery log, LogIndex index)
    {
        if (index == log.CompactedIndex) return log.CompactedTerm;
        if (index < log.CompactedIndex || index - log.CompactedIndex > (ulong)log.Entries.Count) return Term.None;
        return log.Entries[(int)(index - log.CompactedIndex) - 1].Term;
    }

    private static bool IsUsed(WalGroupRecovery log) => log.HardState != default || log.Entries.Count > 0 || log.CompactedIndex > LogIndex.None;

    private static void ResetLogs(Wal wal, IReadOnlyList<RecoveredReplica> recovered, ILogger logger)
    {
        var batch = new WalBatch();
        foreach (var replica in recovered.Where(replica => replica.LogIsDiscarded))
        {
            var applied = new LogIndex(replica.State!.AppliedIndex);
            NodeLog.LogDiscarded(logger, replica.Group, replica.Log.Entries.Count > 0 ? replica.Log.Entries[^1].Index : replica.Log.CompactedIndex, applied);
            batch.Records.Add(WalRecord.Reset(replica.Group, applied, new Term(replica.State.AppliedTerm)));
        }
        wal.Write(batch);
    }

    /// <summary>Where the core's log begins: at the WAL's own beginning, so that followers that are a little behind need no snapshot; at the applied index when configuration changes lie between.</summary>
    public static RaftStart Start(RecoveredReplica replica, Configuration configuration, ILogSource log)
    {
        var state = replica.State!;
        var applied = new LogIndex(state.AppliedIndex);
        var (index, term, entries) = (replica.Log.CompactedIndex, replica.Log.CompactedTerm, replica.Log.Entries);
        if (replica.LogIsDiscarded) (index, term, entries) = (applied, new Term(state.AppliedTerm), []);
        else if (entries.TakeWhile(entry => entry.Index <= applied).Any(entry => entry.Kind == EntryKind.ConfigurationChange))
            (index, term, entries) = (applied, new Term(state.AppliedTerm), [.. entries.SkipWhile(entry => entry.Index <= applied)]);
        return new RaftStart
        {
            HardState = replica.Log.HardState, SnapshotIndex = index, SnapshotTerm = term, Configuration = configuration, Applied = applied, Entries = entries, Log = log,
        };
    }
}
