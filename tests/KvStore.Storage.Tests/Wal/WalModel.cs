using KvStore.Raft;
using KvStore.Storage.Wal;

namespace KvStore.Storage.Tests.Wal;

/// <summary>The WAL as a few lists: what recovery must find.</summary>
internal sealed class WalModel
{
    private readonly SortedDictionary<ulong, HardState> votes = [];
    private readonly SortedDictionary<ulong, Log> logs = [];

    private sealed record Log(ulong Compacted, ulong CompactedTerm, IReadOnlyList<Entry> Entries)
    {
        public ulong Last => Entries.Count == 0 ? Compacted : Entries[^1].Index.Value;
    }

    public ulong LastIndex(ulong group) => logs.TryGetValue(group, out Log? log) ? log.Last : 0;
    public ulong CompactedIndex(ulong group) => logs.TryGetValue(group, out Log? log) ? log.Compacted : 0;
    public HardState StateOf(ulong group) => votes.GetValueOrDefault(group);
    public IEnumerable<ulong> Groups => logs.Keys.Union(votes.Keys).Order();

    public WalModel After(WalBatch batch)
    {
        WalModel after = Copy();
        foreach (WalRecord record in batch.Records) after.Apply(record);
        foreach ((GroupId group, HardState state) in batch.HardStates) after.votes[group.Value] = state;
        return after;
    }

    public static WalModel Of(IReadOnlyList<WalGroupRecovery> recovered)
    {
        WalModel model = new();
        foreach (WalGroupRecovery group in recovered)
        {
            model.votes[group.Group.Value] = group.HardState;
            model.logs[group.Group.Value] = new Log(group.CompactedIndex.Value, group.CompactedTerm.Value, group.Entries);
        }
        return model;
    }

    public string ShowLogs() => string.Join('\n', logs.Where(pair => pair.Value.Last > 0).Select(pair =>
        $"{pair.Key} after {pair.Value.Compacted}/{pair.Value.CompactedTerm}: " + string.Join(' ', pair.Value.Entries.Select(entry => $"{entry.Index}/{entry.Term}#{Crc32C.Of(entry.Payload.Span):x8}"))));

    /// <summary>
    /// Recovery may show the acknowledged state, or that and the batch in flight; hard states go first, each group's for itself. Anything else is a
    /// lost or an invented write.
    /// </summary>
    public static void CheckRecovered(WalModel acknowledged, WalModel inFlight, WalModel recovered)
    {
        string logs = recovered.ShowLogs();
        bool isNew = logs == inFlight.ShowLogs();
        if (!isNew) Assert.Equal(acknowledged.ShowLogs(), logs);
        isNew &= logs != acknowledged.ShowLogs();
        foreach (ulong group in recovered.Groups.Union(acknowledged.Groups).Union(inFlight.Groups))
        {
            HardState state = recovered.StateOf(group);
            if (state != inFlight.StateOf(group)) Assert.True(!isNew && state == acknowledged.StateOf(group), $"group {group} came back with {state}");
        }
    }

    private void Apply(WalRecord record)
    {
        ulong group = record.Group.Value;
        Log log = logs.GetValueOrDefault(group) ?? new Log(0, 0, []);
        switch (record.Kind)
        {
            case WalRecordKind.Entries:
                if (record.Entries.Count > 0) logs[group] = log with { Entries = [.. log.Entries.Where(entry => entry.Index < record.Entries[0].Index), .. record.Entries] };
                break;
            case WalRecordKind.Compacted:
                if (record.Index.Value > log.Compacted) logs[group] = new Log(record.Index.Value, record.Term.Value, [.. log.Entries.Where(entry => entry.Index > record.Index)]);
                break;
            case WalRecordKind.Reset:
                logs[group] = new Log(record.Index.Value, record.Term.Value, []);
                break;
            case WalRecordKind.Removed:
                logs.Remove(group);
                votes.Remove(group);
                break;
        }
    }

    private WalModel Copy()
    {
        WalModel copy = new();
        foreach ((ulong group, HardState state) in votes) copy.votes[group] = state;
        foreach ((ulong group, Log log) in logs) copy.logs[group] = log;
        return copy;
    }
}
