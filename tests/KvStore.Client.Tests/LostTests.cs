using KvStore.Client.Locks;
using KvStore.Client.Tests.Fakes;

namespace KvStore.Client.Tests;

/// <summary>
/// `Lost` on a clock of the test's: it fires before the lease can have ended, counted from the sending of what was confirmed last, and not while keep-alives are answered. The lease lasts 9 s: it is
/// renewed after 3 s, and counts as lost 8.55 s (95 %) after the sending.
/// </summary>
public sealed class LostTests : IAsyncLifetime
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(9), Safe = TimeSpan.FromSeconds(8.55), RenewedAfter = TimeSpan.FromSeconds(3);
    private readonly ManualTimeProvider _time = new();
    private FakeCluster? _cluster;
    private KvClient? _client;

    private FakeLeases Cluster => _cluster!.Leases;

    public async Task InitializeAsync()
    {
        _cluster = await FakeCluster.StartAsync(nodes: 1);
        // What a machine that stands still makes fail is tried again without a pause, which would never end on this clock.
        var none = TimeSpan.FromTicks(1);
        _client = await _cluster.ConnectAsync(KvTransport.Unary, options => (options.TimeProvider, options.BackoffMin, options.BackoffMax) = (_time, none, none));
    }

    public async Task DisposeAsync()
    {
        await _client!.DisposeAsync();
        await _cluster!.DisposeAsync();
    }

    [Fact]
    public async Task It_does_not_fire_while_keep_alives_are_answered()
    {
        var lease = await _client!.Leases.GrantAsync(TimeToLive);
        for (var at = RenewedAfter; at < 5 * TimeToLive; at += RenewedAfter)
        {
            (await SentAtAsync(at)).Answer(Renewal.Granted);
            await _time.UntilTimerIsSetAsync(at + Safe);
            Assert.False(lease.Lost.IsCancellationRequested);
            Assert.Equal(Safe, lease.SafeFor);
        }
        await lease.DisposeAsync();
        Assert.False(lease.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task It_fires_before_the_lease_can_have_ended_when_keep_alives_stop_being_answered()
    {
        var lease = await _client!.Leases.GrantAsync(TimeToLive);
        (await SentAtAsync(RenewedAfter)).Answer(Renewal.Granted);
        await _time.UntilTimerIsSetAsync(RenewedAfter + Safe);
        (await SentAtAsync(2 * RenewedAfter)).Answer(Renewal.Silence);
        _time.AdvanceTo(RenewedAfter + Safe - TimeSpan.FromMilliseconds(1));
        Assert.False(lease.Lost.IsCancellationRequested);
        Assert.Equal(TimeSpan.FromMilliseconds(1), lease.SafeFor);
        _time.AdvanceTo(RenewedAfter + Safe);
        await FiredAsync(lease.Lost);
        Assert.Equal(TimeSpan.Zero, lease.SafeFor);
        Assert.True(_time.Now < RenewedAfter + TimeToLive);
    }

    [Fact]
    public async Task It_fires_when_nothing_was_ever_confirmed_after_the_grant()
    {
        var lease = await _client!.Leases.GrantAsync(TimeToLive);
        (await SentAtAsync(RenewedAfter)).Answer(Renewal.Silence);
        _time.AdvanceTo(Safe);
        await FiredAsync(lease.Lost);
    }

    [Fact]
    public async Task It_counts_from_when_a_keep_alive_was_sent_not_from_its_answer()
    {
        var lease = await _client!.Leases.GrantAsync(TimeToLive);
        var asked = await SentAtAsync(RenewedAfter);
        var answeredAt = RenewedAfter + TimeSpan.FromSeconds(0.9);
        _time.AdvanceTo(answeredAt);
        asked.Answer(Renewal.Granted);
        await _time.UntilTimerIsSetAsync(RenewedAfter + Safe);
        Assert.Equal(RenewedAfter + Safe - answeredAt, lease.SafeFor);
        await _time.UntilTimerIsSetAsync(2 * RenewedAfter);
        _time.AdvanceTo(RenewedAfter + Safe);
        await FiredAsync(lease.Lost);
    }

    [Fact]
    public async Task An_answer_that_comes_after_it_fired_changes_nothing()
    {
        var lease = await _client!.Leases.GrantAsync(TimeToLive);
        var asked = await SentAtAsync(RenewedAfter);
        _time.AdvanceTo(Safe);
        await FiredAsync(lease.Lost);
        asked.Answer(Renewal.Granted);
        Assert.Equal(TimeSpan.Zero, lease.SafeFor);
        Assert.True(lease.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task It_fires_at_once_when_the_cluster_says_that_the_lease_was_revoked_or_is_unknown()
    {
        var lease = await _client!.Leases.GrantAsync(TimeToLive);
        (await SentAtAsync(RenewedAfter)).Answer(Renewal.Ended);
        await FiredAsync(lease.Lost);
        Assert.Equal((RenewedAfter, TimeSpan.Zero), (_time.Now, lease.SafeFor));
    }

    [Fact]
    public async Task A_keep_alive_is_sent_when_it_is_due_although_the_process_stood_still_before_it_set_its_timer()
    {
        _time.StandStillBeforeTimer(RenewedAfter, RenewedAfter);
        var lease = await _client!.Leases.GrantAsync(TimeToLive);
        (await Cluster.NextAsync()).Answer(Renewal.Granted);
        await _time.UntilTimerIsSetAsync(RenewedAfter + Safe);
        Assert.Equal((RenewedAfter, Safe), (_time.Now, lease.SafeFor));
    }

    [Fact]
    public async Task It_fires_when_it_is_due_although_the_process_stood_still_before_it_set_its_timer()
    {
        _time.StandStillBeforeTimer(Safe, Safe);
        var lease = await _client!.Leases.GrantAsync(TimeToLive);
        Assert.Equal((Safe, TimeSpan.Zero), (_time.Now, lease.SafeFor));
        _time.AdvanceTo(Safe);
        await FiredAsync(lease.Lost);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task That_of_a_lock_is_that_of_its_lease(bool renewed)
    {
        var held = await _client!.Locks.AcquireAsync("backup", new KvLockOptions { TimeToLive = TimeToLive });
        var asked = await SentAtAsync(RenewedAfter);
        if (renewed)
        {
            asked.Answer(Renewal.Granted);
            await _time.UntilTimerIsSetAsync(RenewedAfter + Safe);
            _time.AdvanceTo(Safe);
            Assert.False(held.Lost.IsCancellationRequested);
            return;
        }
        asked.Answer(Renewal.Ended);
        await FiredAsync(held.Lost);
        Assert.Equal(TimeSpan.Zero, held.SafeFor);
    }

    /// <summary>The keep-alive that is due at this time, once it has reached the node.</summary>
    private async Task<FakeLeases.Asked> SentAtAsync(TimeSpan due)
    {
        await _time.UntilTimerIsSetAsync(due);
        _time.AdvanceTo(due);
        return await Cluster.NextAsync();
    }

    private static async Task FiredAsync(CancellationToken lost)
    {
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lost.Register(fired.SetResult);
        await fired.Task.WaitAsync(TimeSpan.FromSeconds(60), CancellationToken.None);
    }
}
