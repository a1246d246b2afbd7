using System.Collections.Concurrent;
using KvStore.Client;
using KvStore.Client.Recipes;
using KvStore.Client.Tests.Fakes;
using KvStore.Client.Transactions;

namespace KvStore.Server.Tests.EndToEnd.Recipes;

/// <summary>A queue whose workers come from two clients, lose their leases and die.</summary>
[Collection(RecipeNode.Name)]
public sealed class WorkQueueTests(SingleNode node)
{
    [Fact]
    public async Task Workers_of_two_clients_do_every_job_once()
    {
        await using var one = await node.ConnectAsync();
        await using var two = await node.ConnectAsync();
        var queue = new KvWorkQueue(one, "once");
        var ids = new List<string>();
        for (var i = 0; i < 12; i++) ids.Add(await queue.EnqueueAsync($"job {i}"));
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        var done = new ConcurrentQueue<(string, string)>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async worker =>
        {
            var mine = new KvWorkQueue(worker % 2 == 0 ? one : two, "once");
            while (await mine.TryTakeAsync(RecipeNode.Long) is { } job)
            {
                Assert.True((await one.CompareAndSwapAsync($"once/{job.Id}", KvExpectation.Absent, job.Payload, new KvWriteOptions { Fence = job.Fence })).Swapped);
                await job.CompleteAsync();
                done.Enqueue((job.Id, job.Payload.ToString()));
            }
        })).WaitAsync(RecipeNode.Patience);
        Assert.Equal(ids.Select((id, i) => (id, $"job {i}")), done.Order());
        Assert.Equal(0, await queue.CountAsync());
    }

    [Fact]
    public async Task A_worker_that_lost_its_lease_can_neither_write_nor_complete_once_another_one_has_the_job()
    {
        var clock = new ClientClock();
        await using var one = await node.ConnectAsync(clock);
        await using var two = await node.ConnectAsync();
        var queue = new KvWorkQueue(one, "lost");
        await queue.EnqueueAsync("work");
        var first = (await queue.TryTakeAsync(RecipeNode.Long))!;
        Assert.Equal(1, first.Attempt);
        Assert.Null(await new KvWorkQueue(two, "lost").TryTakeAsync());
        await RecipeNode.RevokeAsync(one, first.Fence.Lock);
        clock.Advance(RecipeNode.LongRenewedAfter);
        await Patiently.FiredAsync(first.Lost);
        var second = (await new KvWorkQueue(two, "lost").TryTakeAsync(RecipeNode.Long))!;
        Assert.Equal((first.Id, "work", 2), (second.Id, second.Payload.ToString(), second.Attempt));
        await Assert.ThrowsAsync<KvFencedException>(async () => await one.PutAsync("lost/effect", "first", new KvWriteOptions { Fence = first.Fence }));
        await Assert.ThrowsAsync<KvFencedException>(() => first.CompleteAsync());
        await first.DisposeAsync();
        Assert.Equal(1, await queue.CountAsync());
        await two.PutAsync("lost/effect", "second", new KvWriteOptions { Fence = second.Fence });
        await second.CompleteAsync();
        await Assert.ThrowsAsync<KvFencedException>(() => first.CompleteAsync());
        Assert.Equal(0, await queue.CountAsync());
        Assert.Equal("second", (await one.GetAsync("lost/effect"))!.Value.ValueText);
    }

    [Fact]
    public async Task A_job_and_its_effects_are_carried_out_at_one_revision_or_not_at_all()
    {
        await using var one = await node.ConnectAsync();
        var queue = new KvWorkQueue(one, "effects");
        var id = await queue.EnqueueAsync("work");
        var job = (await queue.TryTakeAsync(RecipeNode.Long))!;
        var apart = await Assert.ThrowsAsync<KvNotColocatedException>(() => job.CompleteAsync([KvOperation.Put("elsewhere/1", "x")]));
        Assert.Equal("elsewhere/1", apart.Key.ToString());
        Assert.Equal(1, await queue.CountAsync());
        var result = await job.CompleteAsync([KvOperation.Put($"queue/effects/done/{id}", "yes", previous: KvPrevious.Returned)]);
        Assert.Null(result.Put(0).Previous);
        Assert.Equal(result.Revision, (await one.GetAsync($"queue/effects/done/{id}"))!.Value.ModRevision);
        Assert.Equal(0, await queue.CountAsync());
        await Assert.ThrowsAsync<KvFencedException>(() => job.CompleteAsync([KvOperation.Put($"queue/effects/done/{id}", "again")]));
        Assert.Equal("yes", (await one.GetAsync($"queue/effects/done/{id}"))!.Value.ValueText);
    }

    [Fact]
    public async Task Nothing_of_a_worker_that_lost_its_job_happens_and_nothing_of_a_deleted_job()
    {
        var clock = new ClientClock();
        await using var one = await node.ConnectAsync(clock);
        await using var two = await node.ConnectAsync();
        var queue = new KvWorkQueue(one, "late");
        await queue.EnqueueAsync("work");
        var first = (await queue.TryTakeAsync(RecipeNode.Long))!;
        await RecipeNode.RevokeAsync(one, first.Fence.Lock);
        clock.Advance(RecipeNode.LongRenewedAfter);
        await Patiently.FiredAsync(first.Lost);
        await using var second = (await new KvWorkQueue(two, "late").TryTakeAsync(RecipeNode.Long))!;
        await Assert.ThrowsAsync<KvFencedException>(() => first.CompleteAsync([KvOperation.Put("queue/late/done", "first")]));
        await one.DeleteAsync(first.Fence.Lock);
        await Assert.ThrowsAsync<KvNotFoundException>(() => second.CompleteAsync([KvOperation.Put("queue/late/done", "second")]));
        Assert.Null(await one.GetAsync("queue/late/done"));
    }

    [Fact]
    public async Task Effects_happen_once_while_workers_die_and_lose_their_leases_and_the_node_restarts()
    {
        const int jobs = 24;
        await using var observer = await node.ConnectAsync();
        var queue = new KvWorkQueue(observer, "faults");
        for (var i = 0; i < jobs; i++) await queue.EnqueueAsync($"job {i}");
        var completed = 0;
        var workers = Task.WhenAll(Enumerable.Range(0, 3).Select(WorkAsync));
        foreach (var part in (int[])[jobs / 3, jobs * 2 / 3])
        {
            while (Volatile.Read(ref completed) < part && !workers.IsCompleted) await Task.Yield();
            await RecipeNode.RestartAsync(node);
        }
        await workers.WaitAsync(RecipeNode.Patience);
        var effects = await observer.ScanAsync(KvRange.Prefix("queue/faults/done/")).ToListAsync();
        // A second one of the same job would have written the key again.
        Assert.Equal(Enumerable.Repeat(1ul, jobs), effects.Select(effect => effect.Version));
        Assert.Equal(Enumerable.Range(0, jobs).Select(i => $"job {i}"), effects.Select(effect => effect.ValueText));

        async Task WorkAsync(int worker)
        {
            for (var turn = worker; ; turn++)
            {
                try
                {
                    if (await queue.CountAsync() == 0) return;
                    await using var client = await node.ConnectAsync();
                    // Not disposed: how it ends is the worker's fate.
                    var job = await new KvWorkQueue(client, "faults").TakeAsync(RecipeNode.Short with { Wait = RecipeNode.Short.TimeToLive });
                    if (turn % 4 == 1) continue;
                    if (turn % 4 == 2) await RecipeNode.RevokeAsync(observer, job.Fence.Lock);
                    await job.CompleteAsync([KvOperation.Put($"queue/faults/done/{job.Id}", job.Payload)]);
                    Interlocked.Increment(ref completed);
                }
                catch (KvException e) when (e.IsTransient || e is KvFencedException or KvLockNotFoundException or KvNotFoundException or KvLeaseNotFoundException)
                {
                    // Another turn, with another client.
                    continue;
                }
            }
        }
    }

    [Fact]
    public async Task A_job_of_a_client_that_has_gone_is_handed_to_who_waits()
    {
        await using var two = await node.ConnectAsync();
        var one = await node.ConnectAsync();
        await new KvWorkQueue(one, "gone").EnqueueAsync("work");
        Assert.NotNull(await new KvWorkQueue(one, "gone").TryTakeAsync(RecipeNode.Short));
        var waiting = new KvWorkQueue(two, "gone").TakeAsync(RecipeNode.Short);
        await one.DisposeAsync();
        await using var job = await waiting.WaitAsync(RecipeNode.Patience);
        Assert.Equal(2, job.Attempt);
        await job.CompleteAsync();
    }

    [Fact]
    public async Task Who_waits_gets_what_comes_also_over_a_restart()
    {
        await using var one = await node.ConnectAsync();
        await using var two = await node.ConnectAsync();
        var queue = new KvWorkQueue(one, "restart");
        await using (var kept = await KeptAsync())
        {
            var waiting = new KvWorkQueue(two, "restart").TakeAsync(RecipeNode.Long);
            await RecipeNode.RestartAsync(node);
            Assert.False(waiting.IsCompleted);
            var id = await queue.EnqueueAsync("second");
            await using var job = await waiting.WaitAsync(RecipeNode.Patience);
            Assert.Equal((id, "second"), (job.Id, job.Payload.ToString()));
            await job.CompleteAsync();
        }
        Assert.Equal(1, await queue.CountAsync());
        await using var back = (await queue.TryTakeAsync())!;
        Assert.Equal(("first", 2), (back.Payload.ToString(), back.Attempt));

        async Task<KvWorkItem> KeptAsync()
        {
            await queue.EnqueueAsync("first");
            return await queue.TakeAsync(RecipeNode.Long);
        }
    }

    [Fact]
    public async Task A_wait_ends_when_it_is_over_or_cancelled()
    {
        await using var client = await node.ConnectAsync();
        var queue = new KvWorkQueue(client, "empty");
        Assert.Null(await queue.TryTakeAsync());
        await Assert.ThrowsAsync<KvTimeoutException>(() => queue.TakeAsync(RecipeNode.Short with { Wait = TimeSpan.FromMilliseconds(50) }));
        using var cancelled = new CancellationTokenSource();
        var waiting = queue.TakeAsync(cancellationToken: cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Throws<KvInvalidArgumentException>(() => new KvWorkQueue(client, "a/b"));
    }
}
