using KvStore.Client;
using KvStore.Client.Locks;

namespace KvStore.Server.Tests.EndToEnd.Recipes;

/// <summary>The tests of recipes share a node and run one after the other, because some of them restart it.</summary>
[CollectionDefinition(Name)]
public sealed class RecipeNode : ICollectionFixture<SingleNode>
{
    public const string Name = "recipes";

    public static readonly TimeSpan Patience = Patiently.Limit;

    /// <summary>Ends soon after its client has gone.</summary>
    public static readonly KvLockOptions Short = new() { TimeToLive = TimeSpan.FromSeconds(1) };

    /// <summary>Outlasts every pause of a machine.</summary>
    public static readonly KvLockOptions Long = new() { TimeToLive = TimeSpan.FromHours(3) };

    /// <summary>After this time a client renews a <see cref="Long"/> lease and learns that it has been revoked.</summary>
    public static readonly TimeSpan LongRenewedAfter = Long.TimeToLive / 3;

    public static async Task RestartAsync(SingleNode node)
    {
        await node.CrashAsync();
        await node.InitializeAsync();
    }

    /// <summary>As an operator could, or a cluster that was not reached for long.</summary>
    public static async Task RevokeAsync(KvClient client, string lockName) => await client.Leases.RevokeAsync((await client.Locks.DescribeAsync(lockName)).Holder!.Lease);
}
