namespace KvStore.Linearizability.Tests;

/// <summary>Histories that cost a checker much.</summary>
internal static class HardHistories
{
    /// <summary>Concurrent writes of which every order must be tried before the read of a value that nobody wrote is known to be impossible: about n · 2ⁿ configurations.</summary>
    public static IEnumerable<Operation> ReadOfNothing(string key, int writes, int firstClient = 0)
    {
        for (var i = 0; i < writes; i++) yield return Operation.Put(firstClient + i, key, i, call: 0).Returned(at: 100);
        yield return Operation.Get(firstClient, key, call: 200).ReturnedValue("never written", at: 300);
    }

    /// <summary>A list with as many concurrent appends, so that its last read, of something else, is impossible.</summary>
    public static IEnumerable<Operation> ListReadOfNothing(string key, int appends)
    {
        for (var i = 0; i < appends; i++) yield return Operation.Append(i, key, $"{i},", call: 0).Returned(at: 100);
        yield return Operation.Get(0, key, call: 200).ReturnedValue("x", at: 300);
    }

    public static IEnumerable<Operation> StaleRead(string key, int client) =>
    [
        Operation.Put(client, key, "old", call: 0).Returned(at: 10),
        Operation.Put(client, key, "new", call: 20).Returned(at: 30),
        Operation.Get(client, key, call: 40).ReturnedValue("old", at: 50),
    ];
}
