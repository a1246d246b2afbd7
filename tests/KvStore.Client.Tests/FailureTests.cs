using KvStore.Client.Tests.Fakes;
using Microsoft.Extensions.Logging;

namespace KvStore.Client.Tests;

public sealed class FailureTests
{
    /// <summary>By the client's clock, which is put forward to its end.</summary>
    private static readonly TimeSpan LongTimeout = TimeSpan.FromHours(3);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<KvTransport, Fate> Ambiguities { get; } = new()
    {
        { KvTransport.Session, Fate.BreakAfterApply }, { KvTransport.Session, Fate.BreakBeforeApply }, { KvTransport.Session, Fate.UnknownAfterApply },
        { KvTransport.Unary, Fate.BreakAfterApply }, { KvTransport.Unary, Fate.BreakBeforeApply }, { KvTransport.Unary, Fate.UnknownAfterApply },
    };

    [Theory]
    [MemberData(nameof(Ambiguities))]
    public async Task An_ambiguous_write_is_sent_again_and_applied_once(KvTransport transport, Fate fate)
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(transport);
        await client.PutAsync("a", "0");
        cluster.Node(1).Next(fate, fate, fate);
        Assert.Equal(1, (await client.IncrementAsync("a")).Value);
        cluster.Node(1).Next(fate);
        Assert.True((await client.CompareAndSwapAsync("a", "1", "2")).Swapped);
        Assert.Equal(3, cluster.State.Applied);
    }

    [Theory]
    [InlineData(KvTransport.Session)]
    [InlineData(KvTransport.Unary)]
    public async Task A_write_whose_session_ended_before_it_was_sent_gets_a_new_one(KvTransport transport)
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(transport);
        await client.PutAsync("a", "0");
        cluster.State.ExpireSessions();
        Assert.Equal(1, (await client.IncrementAsync("a")).Value);
        Assert.Equal(2, cluster.State.SessionsOpened);
        Assert.Equal(2, cluster.State.Applied);
    }

    [Fact]
    public async Task A_write_that_was_sent_before_its_session_ended_is_never_sent_blindly_again()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        await client.PutAsync("a", "0");
        cluster.Node(1).OnBatch = cluster.State.ExpireSessions;
        cluster.Node(1).Next(Fate.BreakAfterApply);
        var error = await Assert.ThrowsAsync<KvSessionExpiredException>(async () => await client.IncrementAsync("a"));
        Assert.True(error.OutcomeUnknown);
        Assert.InRange(cluster.State.Applied, 1, 2);
        cluster.Node(1).OnBatch = null;
        await client.PutAsync("a", "later");
    }

    [Theory]
    [InlineData(KvTransport.Session)]
    [InlineData(KvTransport.Unary)]
    public async Task A_new_leader_is_found_by_its_predecessors_hint(KvTransport transport)
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await cluster.ConnectAsync(transport);
        await client.PutAsync("a", "1");
        cluster.State.Lead(1, 2);
        cluster.State.Lead(2, 3);
        await client.PutAsync("a", "2");
        await client.PutAsync("h", "2");
        Assert.Equal("2", (await client.GetAsync("a"))!.Value.ValueText);
        Assert.Equal(3, cluster.State.Applied);
    }

    [Theory]
    [InlineData(KvTransport.Session)]
    [InlineData(KvTransport.Unary)]
    public async Task A_range_that_moved_is_followed(KvTransport transport)
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await cluster.ConnectAsync(transport);
        cluster.State.Lead(2, 2);
        await client.PutAsync("a", "1");
        cluster.State.MoveRange(1, 2);
        await client.PutAsync("a", "2");
        Assert.Equal("2", (await client.GetAsync("a"))!.Value.ValueText);
        Assert.Equal(2, cluster.State.Applied);
    }

    [Theory]
    [InlineData(KvTransport.Session)]
    [InlineData(KvTransport.Unary)]
    public async Task Writes_go_on_after_their_node_died(KvTransport transport)
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await cluster.ConnectAsync(transport);
        await client.PutAsync("a", "0");
        await cluster.StopAsync(1);
        var increments = Enumerable.Range(0, 20).Select(_ => client.IncrementAsync("a").AsTask()).ToArray();
        cluster.State.Lead(1, 2);
        await Task.WhenAll(increments);
        Assert.Equal("20", (await client.GetAsync("a"))!.Value.ValueText);
        Assert.Equal(21, cluster.State.Applied);
    }

    [Theory]
    [InlineData(KvTransport.Session)]
    [InlineData(KvTransport.Unary)]
    public async Task A_new_leader_is_asked_for_during_the_pause_before_the_next_attempt(KvTransport transport)
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await cluster.ConnectAsync(transport, o => o.BackoffMin = o.BackoffMax = TimeSpan.FromHours(1));
        await client.PutAsync("a", "0");
        await cluster.StopAsync(1);
        var asked = 0;
        // More often than the failure of one attempt asks.
        cluster.OnMap = () =>
        {
            if (Interlocked.Increment(ref asked) == 20) cluster.State.Lead(1, 2);
        };
        Assert.Equal(1, (await client.IncrementAsync("a")).Value);
    }

    [Fact]
    public async Task A_leader_that_hangs_is_left_for_its_successor()
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await cluster.ConnectAsync(KvTransport.Session, o => o.AttemptTimeout = TimeSpan.FromMilliseconds(50));
        await client.PutAsync("a", "0");
        cluster.Node(1).Next(Fate.Silence);
        var increment = client.IncrementAsync("a");
        cluster.State.Lead(1, 3);
        Assert.Equal(1, (await increment).Value);
    }

    [Fact]
    public async Task An_overloaded_node_is_asked_again()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        await client.PutAsync("a", "0");
        cluster.Node(1).Next(Fate.Exhausted, Fate.Exhausted);
        Assert.Equal(1, (await client.IncrementAsync("a")).Value);
    }

    [Fact]
    public async Task An_unanswered_write_fails_at_its_deadline_with_unknown_outcome()
    {
        var clock = new ClientClock();
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session, o => o.TimeProvider = clock);
        await client.PutAsync("a", "0");
        cluster.Node(1).Next([.. Enumerable.Repeat(Fate.Silence, 100)]);
        var put = client.PutAsync("a", "1", new KvWriteOptions { Timeout = LongTimeout }).AsTask();
        Assert.True(await cluster.Node(1).Silenced.WaitAsync(Patience));
        clock.Advance(LongTimeout);
        var error = await Assert.ThrowsAsync<KvTimeoutException>(() => put.WaitAsync(Patience));
        Assert.True(error.OutcomeUnknown);
        Assert.True(error.IsTransient);
        var get = client.GetAsync("a", new KvReadOptions { Timeout = LongTimeout }).AsTask();
        Assert.True(await cluster.Node(1).Silenced.WaitAsync(Patience));
        clock.Advance(LongTimeout);
        Assert.False((await Assert.ThrowsAsync<KvTimeoutException>(() => get.WaitAsync(Patience))).OutcomeUnknown);
    }

    /// <summary>The deadline is the call's own, by the machine's clock; whether it had reached the node by then makes no difference to what the client can know.</summary>
    [Fact]
    public async Task An_unanswered_unary_write_fails_at_its_deadline_with_unknown_outcome()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Unary);
        await client.PutAsync("a", "0");
        cluster.Node(1).Next([.. Enumerable.Repeat(Fate.Silence, 100)]);
        var options = new KvWriteOptions { Timeout = TimeSpan.FromMilliseconds(60) };
        var error = await Assert.ThrowsAsync<KvTimeoutException>(async () => await client.PutAsync("a", "1", options));
        Assert.True(error.OutcomeUnknown);
        Assert.True(error.IsTransient);
        var read = await Assert.ThrowsAsync<KvTimeoutException>(async () => await client.GetAsync("a", new KvReadOptions { Timeout = TimeSpan.FromMilliseconds(60) }));
        Assert.False(read.OutcomeUnknown);
    }

    [Fact]
    public async Task A_write_that_never_left_fails_definitely()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        var clock = new ClientClock();
        using var retried = new RetrySignal();
        await using var client = await cluster.ConnectAsync(KvTransport.Session, o => (o.TimeProvider, o.LoggerFactory) = (clock, retried));
        await cluster.StopAsync(1);
        var put = client.PutAsync("a", "1", new KvWriteOptions { Timeout = LongTimeout }).AsTask();
        await retried.Given;
        clock.Advance(LongTimeout);
        var error = await Assert.ThrowsAsync<KvUnavailableException>(() => put.WaitAsync(Patience));
        Assert.False(error.OutcomeUnknown);
        Assert.Contains(cluster.Addresses[1], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_any_node_connecting_fails_at_once()
    {
        var cluster = await FakeCluster.StartAsync(nodes: 1);
        await cluster.DisposeAsync();
        var error = await Assert.ThrowsAsync<KvUnavailableException>(() => cluster.ConnectAsync(KvTransport.Session));
        Assert.Contains(cluster.Addresses[1], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task During_an_election_calls_wait_for_the_leader()
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.HidesLeaders = true;
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        var put = client.PutAsync("a", "1");
        Assert.False(put.IsCompleted);
        cluster.HidesLeaders = false;
        await put;
    }

    [Theory]
    [InlineData(KvTransport.Session)]
    [InlineData(KvTransport.Unary)]
    public async Task A_cancelled_call_ends_and_leaves_the_client_usable(KvTransport transport)
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(transport);
        await client.PutAsync("a", "0");
        for (var i = 0; i < 20; i++)
        {
            cluster.Node(1).Next(Fate.Silence);
            using var cancel = new CancellationTokenSource();
            var put = client.PutAsync("a", "1", cancellationToken: cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await put);
        }
        cluster.Node(1).ClearFates();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => client.PutAsync($"a{i}", "v").AsTask()));
    }

    [Fact]
    public async Task Disposing_the_client_ends_its_calls()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        var client = await cluster.ConnectAsync(KvTransport.Session);
        await client.PutAsync("a", "0");
        cluster.Node(1).Next(Fate.Silence);
        var put = client.PutAsync("a", "1");
        await client.DisposeAsync();
        await Assert.ThrowsAsync<KvUnavailableException>(async () => await put);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await client.PutAsync("a", "2"));
    }

    [Fact]
    public async Task A_continuation_that_blocks_does_not_stop_the_client()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        var calls = Enumerable.Range(0, 3).Select(async i =>
        {
            await client.PutAsync($"a{i}", "1").ConfigureAwait(false);
            return client.GetAsync($"a{i}").AsTask().GetAwaiter().GetResult();
        });
        Assert.All(await Task.WhenAll(calls), entry => Assert.Equal("1", entry!.Value.ValueText));
    }

    /// <summary>Listens for the client's first word of a retry, which follows a failed attempt.</summary>
    private sealed class RetrySignal : ILoggerFactory, ILogger
    {
        private readonly TaskCompletionSource _given = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Given => _given.Task.WaitAsync(Patience);

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name == "Retrying") _given.TrySetResult();
        }

        public void Dispose()
        {
        }
    }
}
