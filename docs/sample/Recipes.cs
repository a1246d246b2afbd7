using KvStore.Client;
using KvStore.Client.Recipes;
using KvStore.Client.Transactions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace Sample;

/// <summary>The snippets of docs/recipes.md. The tests run each of them against a node.</summary>
public static class Recipes
{
    public static async Task LockAsync(KvClient client, Action<string> say)
    {
        await using var held = await client.Locks.AcquireAsync("backup");
        await client.PutAsync("backup/last", "monday", new KvWriteOptions { Fence = held.Fence });
        say($"held: {!held.Lost.IsCancellationRequested}");
    }

    public static async Task ElectionAsync(KvClient client, Action<string> say)
    {
        await using var leadership = await client.Elections.CampaignAsync("scheduler", "node-1");
        await client.PutAsync("schedule/next", "12:00", new KvWriteOptions { Fence = leadership.Fence });
        say($"leader: {(await client.Elections.LeaderAsync("scheduler"))?.Value}");
    }

    public static async Task RegistryAsync(KvClient client, Action<string> say)
    {
        var registry = new KvServiceRegistry(client);
        await using var registration = await registry.RegisterAsync("billing", "billing-1", "http://10.0.0.7:8080");
        await foreach (var instances in registry.WatchAsync("billing"))
        {
            say($"serving: {string.Join(", ", instances.Where(instance => instance.Health == KvServiceHealth.Serving).Select(instance => instance.Address))}");
            break;
        }
    }

    public static async Task SemaphoreAsync(KvClient client, Action<string> say)
    {
        var semaphore = new KvSemaphore(client, "reports", permits: 3);
        await using var permit = await semaphore.AcquireAsync();
        await client.PutAsync("report/last", "done", new KvWriteOptions { Fence = permit.Fence });
        say($"held: {await semaphore.CountHeldAsync()} of {semaphore.Permits}");
    }

    public static async Task QueueAsync(KvClient client, Action<string> say)
    {
        var queue = new KvWorkQueue(client, "mails");
        await queue.EnqueueAsync("to: ann");
        await using var job = await queue.TakeAsync();
        await job.CompleteAsync([KvOperation.Put($"queue/mails/sent/{job.Id}", "by worker 1")]);
        say($"done: {job.Payload}, attempt {job.Attempt}, left {await queue.CountAsync()}");
    }

    public static async Task UniqueIdsAsync(KvClient client, Action<string> say)
    {
        await using var ids = new KvUniqueIds(client, "orders");
        var id = await ids.NextAsync();
        await client.PutAsync($"order/{id}", "3 apples");
        say($"greater: {await ids.NextAsync() > id}");
    }

    public static async Task RateLimiterAsync(KvClient client, Action<string> say)
    {
        var limiter = new KvRateLimiter(client, "sms", permits: 2, window: TimeSpan.FromMinutes(1));
        for (var i = 0; i < 3; i++)
        {
            var limit = await limiter.TryAcquireAsync();
            say(limit.Granted ? $"granted, {limit.Left} left" : "refused until the window is over");
        }
    }

    public static async Task ConfigurationAsync(KvClient client, Action<string> say)
    {
        await client.PutAsync("config/shop/Prices/Currency", "EUR");
        var configuration = new ConfigurationBuilder().AddKvStore(client, "config/shop/").Build();
        say($"currency: {configuration["Prices:Currency"]}");

        var reloaded = new TaskCompletionSource();
        using var subscription = ChangeToken.OnChange(configuration.GetReloadToken, reloaded.SetResult);
        await client.PutAsync("config/shop/Prices/Currency", "CHF");
        await reloaded.Task;
        say($"currency: {configuration["Prices:Currency"]}");
        (configuration as IDisposable)?.Dispose();
    }
}
