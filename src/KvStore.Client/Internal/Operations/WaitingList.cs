namespace KvStore.Client.Internal.Operations;

internal static class WaitingList
{
    /// <summary>Moves operations whose deadline has passed, or that somebody claimed, from one list to another; the rest keeps its order.</summary>
    public static void TakeExpired(List<Operation> waiting, long now, List<Operation> expired)
    {
        var kept = 0;
        for (var i = 0; i < waiting.Count; i++)
        {
            var operation = waiting[i];
            if (operation.Deadline <= now || operation.IsClaimed) expired.Add(operation);
            else waiting[kept++] = operation;
        }
        waiting.RemoveRange(kept, waiting.Count - kept);
    }
}
