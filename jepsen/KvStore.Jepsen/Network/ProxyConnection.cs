using System.Net.Sockets;

namespace KvStore.Jepsen.Network;

/// <summary>Two sockets and what passes between them.</summary>
internal sealed class ProxyConnection(Socket dialled, Socket target, Link forth, Link back) : IDisposable
{
    private const int PieceBytes = 64 << 10;
    private readonly CancellationTokenSource _end = new();

    /// <summary>Until both directions have ended.</summary>
    /// <param name="first">What was read from the dialling side already.</param>
    public async Task RunAsync(ReadOnlyMemory<byte> first, CancellationToken stop)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stop, _end.Token);
        forth.Add(this);
        back.Add(this);
        try
        {
            await Task.WhenAll(PumpAsync(dialled, target, forth, first, ends.Token), PumpAsync(target, dialled, back, default, ends.Token)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side broke: so does the other.
            Abort();
        }
        finally
        {
            forth.Remove(this);
            back.Remove(this);
        }
    }

    /// <summary>Ends both sides by a TCP reset.</summary>
    public void Abort()
    {
        foreach (var socket in (Socket[])[dialled, target])
        {
            // 0 seconds of lingering is what makes closing a reset.
            if (socket.SafeHandle is { IsClosed: false }) TrySetLinger(socket);
            socket.Dispose();
        }

        _end.Cancel();
    }

    public void Dispose()
    {
        dialled.Dispose();
        target.Dispose();
    }

    private static void TrySetLinger(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended meanwhile, which is what was wanted.
            _ = e;
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Link link, ReadOnlyMemory<byte> first, CancellationToken end)
    {
        if (first.Length > 0)
        {
            await link.PassAsync(first.Length, end).ConfigureAwait(false);
            await SendAllAsync(to, first, end).ConfigureAwait(false);
        }

        var buffer = new byte[PieceBytes];
        while (true)
        {
            int read;
            try
            {
                read = await from.ReceiveAsync(buffer, end).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                Abort();
                throw;
            }

            await link.PassAsync(read, end).ConfigureAwait(false);
            if (read == 0)
            {
                to.Shutdown(SocketShutdown.Send);
                return;
            }

            await SendAllAsync(to, buffer.AsMemory(0, read), end).ConfigureAwait(false);
        }
    }

    private static async ValueTask SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken end)
    {
        while (bytes.Length > 0) bytes = bytes[await to.SendAsync(bytes, end).ConfigureAwait(false)..];
    }
}
