using KvStore.Client.Internal;
using KvStore.Client.Leases;

namespace KvStore.Client.Recipes;

/// <summary>A registered instance of a service, until it is disposed. Thread-safe.</summary>
public sealed class KvServiceRegistration : IAsyncDisposable
{
    private readonly KvClient _client;
    private readonly KvKeyspace _keyspace;
    private readonly string _key;
    private readonly TimeSpan _timeToLive;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    /// <summary>What the key has to say. Only changed under the gate.</summary>
    private KvServiceHealth _health;
    /// <summary>What the key hangs on. Only changed under the gate; replaced by another one when it is lost.</summary>
    private KvLease? _lease;
    private Task _keeping = Task.CompletedTask;
    private int _disposed;

    internal KvServiceRegistration(KvClient client, KvKeyspace keyspace, string key, string instance, string address, TimeSpan timeToLive) =>
        (_client, _keyspace, _key, Instance, Address, _timeToLive) = (client, keyspace, key, instance, address, timeToLive);

    /// <summary>The instance's name.</summary>
    public string Instance { get; }

    /// <summary>What callers are told.</summary>
    public string Address { get; }

    /// <summary>Says whether the instance serves.</summary>
    /// <exception cref="KvUnavailableException">No node could answer in time. It is said as soon as the instance registers itself again, or with the next call.</exception>
    /// <exception cref="KvInvalidArgumentException">The health is <see cref="KvServiceHealth.Unknown"/>.</exception>
    public async Task SetHealthAsync(KvServiceHealth health, CancellationToken cancellationToken = default)
    {
        _ = KvServiceInstance.ValueOf(health, Address);
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            _health = health;
            await PublishAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends the registration at once.</summary>
    /// <exception cref="KvUnavailableException">No node could be told in time: the instance stays listed until its lease ends.</exception>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _keeping.ConfigureAwait(false);
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_lease is not null) await _lease.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    internal async Task StartAsync(KvServiceHealth health, CancellationToken cancellationToken)
    {
        _health = health;
        try
        {
            await PublishAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            if (_lease is not null) await _client.Locks.LetGoAsync(_lease, _key).ConfigureAwait(false);
            throw;
        }
        using (ExecutionContext.SuppressFlow()) _keeping = Task.Run(KeepAsync, CancellationToken.None);
    }

    /// <summary>Registers again whenever the lease is lost.</summary>
    private async Task KeepAsync()
    {
        var failures = 0;
        while (!_stop.IsCancellationRequested && !_client.IsDisposed)
        {
            using (var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, Volatile.Read(ref _lease)!.Lost))
                await Task.Delay(Timeout.InfiniteTimeSpan, _client.Options.TimeProvider, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await _gate.WaitAsync(_stop.Token).ConfigureAwait(false);
                try
                {
                    await PublishAsync(_stop.Token).ConfigureAwait(false);
                }
                finally
                {
                    _gate.Release();
                }
                failures = 0;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is KvException or ObjectDisposedException)
            {
                Log.RecipeRetry(_client.Dispatcher.Log, _key, e.Message);
                await Task.Delay(_client.Dispatcher.Pause(failures++), _client.Options.TimeProvider, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Writes the key under a lease that is alive. The put takes the key off an older lease, whose end no longer deletes it.</summary>
    private async Task PublishAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_lease is null || _lease.Lost.IsCancellationRequested)
            {
                var old = _lease;
                Volatile.Write(ref _lease, await _client.Leases.GrantAsync(_timeToLive, new KvLeaseOptions { NearKey = _key, Keyspace = _keyspace.Name }, cancellationToken).ConfigureAwait(false));
                if (old is not null) await _client.Locks.LetGoAsync(old, _key).ConfigureAwait(false);
            }
            try
            {
                await _keyspace.PutAsync(_key, KvServiceInstance.ValueOf(_health, Address), new KvWriteOptions { Lease = _lease!.Id }, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (KvLeaseNotFoundException)
            {
                _lease!.End();
            }
        }
    }
}
