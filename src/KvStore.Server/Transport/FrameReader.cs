using System.Net.Sockets;

namespace KvStore.Server.Transport;

/// <summary>Reads whole frames from a blocking socket; one thread.</summary>
internal sealed class FrameReader(Socket socket)
{
    private byte[] _buffer = new byte[256 << 10];
    private int _start, _end;

    /// <summary>The next frame's body, valid until the next call; false at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">Not a frame.</exception>
    public bool TryRead(out ReadOnlySpan<byte> body)
    {
        while (true)
        {
            var received = _buffer.AsSpan(_start, _end - _start);
            var length = PeerFraming.BodyLength(received);
            if (length >= 0 && received.Length >= PeerFraming.HeaderBytes + length)
            {
                body = received.Slice(PeerFraming.HeaderBytes, length);
                PeerFraming.Verify(received, body);
                _start += PeerFraming.HeaderBytes + length;
                return true;
            }

            MakeRoom(length < 0 ? PeerFraming.HeaderBytes : PeerFraming.HeaderBytes + length);
            var read = socket.Receive(_buffer.AsSpan(_end));
            if (read == 0)
            {
                body = default;
                return false;
            }

            _end += read;
        }
    }

    private void MakeRoom(int frameBytes)
    {
        if (_start == _end) _start = _end = 0;
        if (_buffer.Length - _start >= frameBytes && _end < _buffer.Length) return;
        var target = _buffer.Length >= frameBytes ? _buffer : new byte[Math.Max(frameBytes, _buffer.Length * 2)];
        Buffer.BlockCopy(_buffer, _start, target, 0, _end - _start);
        _buffer = target;
        _end -= _start;
        _start = 0;
    }
}
