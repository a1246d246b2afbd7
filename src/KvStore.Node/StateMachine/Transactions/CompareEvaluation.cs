using KvStore.Node.Commands;
using KvStore.Storage.Engine;
using KeyValue = KvStore.Storage.Engine.KeyValue;

namespace KvStore.Node.StateMachine.Transactions;

/// <summary>Whether compares hold in the newest state of a range.</summary>
internal sealed class CompareEvaluation(TransactionReads reads)
{
    public bool AllHold(IEnumerable<Compare> compares)
    {
        foreach (var compare in compares)
        {
            if (!Holds(compare)) return false;
#if PLANTED
            if (Raft.Plants.Has(Raft.PlantedBug.WriteSkew)) return true;
#endif
        }
        return true;
    }

    private bool Holds(Compare compare)
    {
        if (compare.HasEnd) return HoldsForAll(compare);
        if (IsOnValue(compare)) return reads.TryRead(compare.Key.Memory, out var found) && Holds(compare, found);
        reads.TryGet(compare.Key.Memory, out var state);
        return Holds(compare, state);
    }

    private static bool IsOnValue(Compare compare) => compare.TargetCase == Compare.TargetOneofCase.Value;

    private static bool IsOnExistence(Compare compare) => compare.TargetCase == Compare.TargetOneofCase.Exists;

    private bool HoldsForAll(Compare compare)
    {
        var content = IsOnValue(compare) ? ScanContent.KeysAndValues : ScanContent.KeysOnly;
        foreach (var found in reads.Scan(compare.Key.Memory, compare.End.Memory, ScanOrder.Ascending, content))
        {
            if (IsOnExistence(compare)) return compare.Exists;
            if (!Holds(compare, found)) return false;
        }
        return !IsOnExistence(compare) || !compare.Exists;
    }

    private static bool Holds(Compare compare, in KeyValue found) => IsOnValue(compare)
        ? IsIn(compare.Relation, found.Value.Span.SequenceCompareTo(compare.Value.Span))
        : Holds(compare, new KeyState(found.Create, found.Modified, found.Version, found.Lease));

    /// <summary>A key that does not exist has the default state: version 0.</summary>
    private static bool Holds(Compare compare, in KeyState state) => compare.TargetCase switch
    {
        Compare.TargetOneofCase.Version => IsIn(compare.Relation, state.Version.CompareTo(compare.Version)),
        Compare.TargetOneofCase.CreateRevision => IsIn(compare.Relation, state.Create.Value.CompareTo(compare.CreateRevision)),
        Compare.TargetOneofCase.ModRevision => IsIn(compare.Relation, state.Modified.Value.CompareTo(compare.ModRevision)),
        Compare.TargetOneofCase.Lease => IsIn(compare.Relation, state.Lease.CompareTo(compare.Lease)),
        _ => state.Version != 0 == compare.Exists,
    };

    private static bool IsIn(CompareRelation relation, int order) => relation switch
    {
        CompareRelation.Equal => order == 0,
        CompareRelation.NotEqual => order != 0,
        CompareRelation.Less => order < 0,
        CompareRelation.Greater => order > 0,
        CompareRelation.LessOrEqual => order <= 0,
        _ => order >= 0,
    };
}
