using System.Net;
using System.Net.Sockets;

namespace KvStore.Jepsen.Network;

/// <summary>Listens at the port that others dial, and passes each connection on to a node's own port by the links that <paramref name="recognize"/> names.</summary>
/// <param name="listenPort">What others dial.</param>
/// <param name="targetPort">Where the node listens.</param>
/// <param name="recognize">Finds out who dials, by reading as little as it needs; null: nobody that belongs here.</param>
internal sealed class Proxy(int listenPort, int targetPort, Func<Socket, CancellationToken, ValueTask<Caller?>> recognize) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _running = [];
    private Task _accepting = Task.CompletedTask;

    /// <exception cref="SocketException">The port is in use.</exception>
    public void Start()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, listenPort));
        _listener.Listen(512);
        _accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        Task[] running;
        lock (_gate) running = [.. _running];
        await Task.WhenAll(running).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket dialled;
            try
            {
                dialled = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The caller was gone before it was accepted.
                continue;
            }

            var serving = ServeAsync(dialled);
            lock (_gate) _running.Add(serving);
            _ = serving.ContinueWith(ended =>
            {
                lock (_gate) _running.Remove(ended);
            }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(Socket dialled)
    {
        dialled.NoDelay = true;
        using var target = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (await recognize(dialled, _stop.Token).ConfigureAwait(false) is not { } caller)
            {
                dialled.Dispose();
                return;
            }

            using var connection = new ProxyConnection(dialled, target, caller.Forth, caller.Back);
            try
            {
                await target.ConnectAsync(new IPEndPoint(IPAddress.Loopback, targetPort), _stop.Token).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // The node is down: the caller sees a reset instead of a refusal.
                connection.Abort();
                return;
            }

            await connection.RunAsync(caller.First, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            dialled.Dispose();
        }
    }
}

/// <summary>Who dialled, as the links that its connection passes, and what was read to find out.</summary>
internal sealed record Caller(Link Forth, Link Back, ReadOnlyMemory<byte> First);
