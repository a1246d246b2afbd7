using System.Text.Json;

namespace KvStore.Linearizability;

/// <summary>Cuts a stream of JSON lines into operations. Holds one line at a time.</summary>
internal sealed class HistoryReader(Stream stream, string name)
{
    private const int LineBytesMax = 64 << 20;

    private byte[] _buffer = new byte[256 << 10];
    private int _start;
    private int _end;
    private bool _ended;
    private int _line;

    public List<Operation> ReadAll()
    {
        var operations = new List<Operation>();
        while (TryReadLine(out var line))
        {
            _line++;
            if (_line == 1 && line.StartsWith("\uFEFF"u8)) line = line[3..];
            line = line.Trim(" \t\r"u8);
            if (line.IsEmpty || line[0] == '#') continue;
            if (operations.Count == History.OperationsMax) throw Error($"more than {History.OperationsMax} operations");
            operations.Add(Parse(line));
        }
        return operations;
    }

    private Operation Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return OperationJson.Parse(line) with { Line = _line };
        }
        catch (OperationSyntaxException broken)
        {
            throw Error(broken.Message, broken);
        }
        catch (JsonException broken)
        {
            throw Error($"not JSON at byte {broken.BytePositionInLine}", broken);
        }
        catch (InvalidOperationException broken)
        {
            throw Error("a string is not valid UTF-8", broken);
        }
    }

    private bool TryReadLine(out ReadOnlySpan<byte> line)
    {
        var searched = 0;
        while (true)
        {
            var rest = _buffer.AsSpan(_start, _end - _start);
            var newline = rest[searched..].IndexOf((byte)'\n');
            if (newline >= 0 || _ended)
            {
                var length = newline >= 0 ? searched + newline : rest.Length;
                line = rest[..length];
                _start += newline >= 0 ? length + 1 : length;
                return newline >= 0 || length > 0;
            }
            searched = rest.Length;
            Fill();
        }
    }

    private void Fill()
    {
        var length = _end - _start;
        if (length >= LineBytesMax)
        {
            _line++;
            throw Error($"a line of more than {LineBytesMax} bytes");
        }
        var target = length > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
        _buffer.AsSpan(_start, length).CopyTo(target);
        _buffer = target;
        _start = 0;
        var read = stream.Read(_buffer, length, _buffer.Length - length);
        _end = length + read;
        _ended = read == 0;
    }

    private HistoryFormatException Error(string reason, Exception? inner = null) => new($"{name}:{_line}", reason, inner);
}
