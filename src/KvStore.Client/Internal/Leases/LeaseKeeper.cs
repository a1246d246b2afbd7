using Grpc.Core;
using KvStore.Client.Leases;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Leases;

/// <summary>
/// Renews the leases of one group over one stream to its leader: all that are due travel in one request, and what becomes due meanwhile in the next. It runs while there are leases.
/// </summary>
internal sealed class LeaseKeeper(ulong group, KvClient client, LeaseCalls calls)
{
    /// <summary>As the node takes in one request.</summary>
    private const int LeasesPerRequestMax = 1000;
    /// <summary>Those that are due so soon go along with the others.</summary>
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time = client.Options.TimeProvider;
    private readonly Lock _gate = new();
    private readonly Dictionary<KvLeaseId, KvLease> _leases = [];
    private TaskCompletionSource _changed = New();
    private bool _running;
    private LeaseStream? _stream;

    public void Add(KvLease lease)
    {
        lock (_gate)
        {
            _leases.Add(lease.Id, lease);
            _changed.TrySetResult();
            if (_running) return;
            _running = true;
        }
        using (ExecutionContext.SuppressFlow()) _ = Task.Run(RunAsync);
    }

    public void Remove(KvLease lease)
    {
        lock (_gate) _leases.Remove(lease.Id);
    }

    private async Task RunAsync()
    {
        var failures = 0;
        while (TakeDue(out var looked, out var due, out var wait, out var changed))
        {
            if (due.Count == 0)
            {
                var waited = changed.WaitAsync(wait, _time);
                // When the process stood still between the look at the clock and the timer, the timer is late by as much.
                if (_time.GetElapsedTime(looked) < Together) await waited.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }
            if (await TryRenewAsync(due, failures).ConfigureAwait(false))
            {
                failures = 0;
                continue;
            }
            _stream?.Dispose();
            _stream = null;
            if (!client.IsDisposed) _ = client.Dispatcher.Topology.RefreshAsync();
            await Task.Delay(client.Dispatcher.Pause(failures++), _time).ConfigureAwait(false);
        }
        _stream?.Dispose();
        _stream = null;
    }

    /// <summary>False when there is nothing left to keep, and then nobody runs any more.</summary>
    private bool TakeDue(out long looked, out List<KvLease> due, out TimeSpan wait, out Task changed)
    {
        looked = _time.GetTimestamp();
        lock (_gate)
        {
            due = [];
            wait = IdleMax;
            _running = _leases.Count > 0 && !client.IsDisposed;
            if (!_running)
            {
                changed = Task.CompletedTask;
                return false;
            }
            if (_changed.Task.IsCompleted) _changed = New();
            changed = _changed.Task;
            foreach (var lease in _leases.Values)
                if (lease.RenewalDueIn < wait) wait = lease.RenewalDueIn;
            if (wait > TimeSpan.Zero) return true;
            due.AddRange(_leases.Values.Where(lease => lease.RenewalDueIn <= Together).OrderBy(lease => lease.RenewalDueIn).Take(LeasesPerRequestMax));
            return true;
        }
    }

    private async Task<bool> TryRenewAsync(List<KvLease> due, int failures)
    {
        using var patience = new CancellationTokenSource(client.Options.AttemptTimeout, _time);
        try
        {
            _stream ??= new LeaseStream(calls.ClientTo(calls.AddressFor(group, failures)).KeepAlive(new CallOptions()));
            var sent = _time.GetTimestamp();
            var answer = await _stream.RenewAsync(due.Select(lease => lease.Id.Value), patience.Token).ConfigureAwait(false);
            Take(answer, due, sent);
            return answer.Error is null;
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            Log.KeepAliveFailed(client.Dispatcher.Log, group, e.Message);
            return false;
        }
    }

    private static void Take(LeaseKeepAliveResponse answer, List<KvLease> due, long sent)
    {
        var asked = due.ToDictionary(lease => lease.Id.Value);
        foreach (var renewed in answer.Renewed)
            if (asked.TryGetValue(renewed, out var lease)) lease.Confirmed(sent);
        foreach (var ended in answer.Ended)
            if (asked.TryGetValue(ended, out var lease)) lease.End();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
