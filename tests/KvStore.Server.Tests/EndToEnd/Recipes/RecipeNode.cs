using KvStore.Client;
using KvStore.Client.Locks;

namespace KvStore.Server.Tests.EndToEnd.Recipes;

/// <summary>The tests of recipes share a node and run one after the other, because some of them restart it.</summary>
[CollectionDefinition(Name)]
public sealed class RecipeNode : ICollectionFixture<SingleNode>
{
    public const string Name = "recipes";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Ends soon after its client has gone.</summary>
    public static readonly KvLockOptions Short = new() { TimeToLive = TimeSpan.FromSeconds(1) };

    /// <summary>Outlasts a busy machine; a revocation is noticed at the next renewal, after a third of it.</summary>
    public static readonly KvLockOptions Medium = new() { TimeToLive = TimeSpan.FromSeconds(6) };

    /// <summary>Outlasts a restart on a busy machine.</summary>
    public static readonly KvLockOptions Long = new() { TimeToLive = Patience };

    public static async Task RestartAsync(SingleNode node)
    {
        await node.CrashAsync();
        await node.InitializeAsync();
    }

    /// <summary>As an operator could, or a cluster that was not reached for long.</summary>
    public static async Task RevokeAsync(KvClient client, string lockName) => await client.Leases.RevokeAsync((await client.Locks.DescribeAsync(lockName)).Holder!.Lease);

    public static async Task UntilAsync(CancellationToken fired)
    {
        var done = new TaskCompletionSource();
        await using var registration = fired.Register(done.SetResult);
        await done.Task.WaitAsync(Patience, CancellationToken.None);
    }
}
