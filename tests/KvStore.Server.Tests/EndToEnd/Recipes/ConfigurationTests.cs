using KvStore.Client;
using KvStore.Client.Recipes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace KvStore.Server.Tests.EndToEnd.Recipes;

/// <summary>A configuration that follows the cluster, over restarts and without it.</summary>
[Collection(RecipeNode.Name)]
public sealed class ConfigurationTests(SingleNode node)
{
    [Fact]
    public async Task Values_are_there_after_the_build_and_follow_puts_and_deletions_over_a_restart()
    {
        await using var client = await node.ConnectAsync();
        await client.PutAsync("config/live/Logging/Level", "Warning");
        await client.PutAsync("config/live/Name", "shop");
        await client.PutAsync("config/other/Name", "other");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Name", "below"), new("Kept", "yes")]).AddKvStore(client, "config/live/").Build();
        using var ended = (IDisposable)configuration;
        Assert.Equal(("Warning", "shop", "yes"), (configuration["logging:level"], configuration["Name"], configuration["Kept"]));

        await ChangedAsync(configuration, async () => await client.PutAsync("config/live/Logging/Level", "Debug"), () => configuration["Logging:Level"] == "Debug");
        await ChangedAsync(configuration, async () => await client.DeleteAsync("config/live/Name"), () => configuration["Name"] == "below");
        await RecipeNode.RestartAsync(node);
        Assert.Equal("Debug", configuration["Logging:Level"]);
        await ChangedAsync(configuration, async () => await client.PutAsync("config/live/New/Deep/Key", "1"), () => configuration["New:Deep:Key"] == "1");
        Assert.Equal("1", configuration.GetSection("New").GetSection("Deep")["Key"]);
    }

    [Fact]
    public async Task Without_the_cluster_a_required_one_fails_and_an_optional_one_gets_its_values_later()
    {
        var late = new SingleNode();
        var options = new KvClientOptions { Timeout = TimeSpan.FromMilliseconds(200) };
        await using var client = KvClient.Create([late.Endpoint], options);
        Assert.ThrowsAny<KvException>(() => new ConfigurationBuilder().AddKvStore(client, "config/late/").Build());
        var configuration = new ConfigurationBuilder().AddKvStore(client, "config/late/", KvConfigurationStart.Optional).Build();
        using var ended = (IDisposable)configuration;
        Assert.Null(configuration["Name"]);
        try
        {
            await ChangedAsync(configuration, async () =>
            {
                await late.InitializeAsync();
                await client.PutAsync("config/late/Name", "here", new KvWriteOptions { Timeout = RecipeNode.Patience });
            }, () => configuration["Name"] == "here");
        }
        finally
        {
            await late.CrashAsync();
            await late.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_configuration_of_a_client_that_was_disposed_keeps_its_last_values()
    {
        var client = await node.ConnectAsync();
        await client.PutAsync("config/gone/Name", "last");
        var configuration = new ConfigurationBuilder().AddKvStore(client, "config/gone/").Build();
        await client.DisposeAsync();
        Assert.Equal("last", configuration["Name"]);
        configuration.Reload();
        Assert.Equal("last", configuration["Name"]);
        ((IDisposable)configuration).Dispose();
        Assert.Throws<KvInvalidArgumentException>(() => new ConfigurationBuilder().AddKvStore(client, "config"));
    }

    /// <summary>Does something and waits for the reload that shows it.</summary>
    private static async Task ChangedAsync(IConfigurationRoot configuration, Func<Task> change, Func<bool> isShown)
    {
        var shown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = ChangeToken.OnChange(configuration.GetReloadToken, () =>
        {
            if (isShown()) shown.TrySetResult();
        });
        await change();
        await shown.Task.WaitAsync(RecipeNode.Patience);
    }
}
