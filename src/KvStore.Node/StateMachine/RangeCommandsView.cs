using KvStore.Raft;

namespace KvStore.Node.StateMachine;

/// <summary>
/// The head of one <c>kvstore.node.RangeCommands</c> (wire form: also a <c>kvstore.v1.Batch</c>); its commands come by <see cref="Commands"/>.
/// </summary>
internal ref struct RangeCommandsView
{
    private const uint RouteTag = (1 << 3) | WireReader.LengthDelimited;
    private const uint SessionGroupTag = (2 << 3) | WireReader.Varint;
    private const uint SessionIndexTag = (3 << 3) | WireReader.Varint;
    private const uint LowestAwaitedTag = (4 << 3) | WireReader.Varint;
    private const uint CommandTag = (5 << 3) | WireReader.LengthDelimited;
    private const uint TimeoutTag = (6 << 3) | WireReader.Varint;
    private const uint RangeIdTag = (1 << 3) | WireReader.Varint;
    private const uint EpochTag = (2 << 3) | WireReader.Varint;

    private ReadOnlySpan<byte> bytes;

    public RangeRoute Route { get; private set; }
    /// <summary>Index 0: no session.</summary>
    public SessionId Session { get; private set; }
    public ulong LowestAwaited { get; private set; }
    public int Count { get; private set; }
    /// <summary>The first field that this version does not know; 0: none.</summary>
    public uint UnknownField { get; private set; }
    /// <summary>The head could not be read; a command may still be malformed in itself.</summary>
    public bool Malformed { get; private set; }

    public static RangeCommandsView Read(ReadOnlySpan<byte> bytes)
    {
        var view = new RangeCommandsView { bytes = bytes };
        ulong sessionGroup = 0, sessionIndex = 0;
        var reader = new WireReader(bytes);
        while (reader.TryReadTag(out var tag))
        {
            switch (tag)
            {
                case RouteTag: view.ReadRoute(reader.ReadBytes()); break;
                case SessionGroupTag: sessionGroup = reader.ReadVarint(); break;
                case SessionIndexTag: sessionIndex = reader.ReadVarint(); break;
                case LowestAwaitedTag: view.LowestAwaited = reader.ReadVarint(); break;
                case CommandTag:
                    reader.ReadBytes();
                    view.Count++;
                    break;
                case TimeoutTag: reader.ReadVarint(); break; // was for the node that took the batch
                default:
                    view.NoteUnknown(tag);
                    reader.Skip(tag);
                    break;
            }
        }
        view.Session = new SessionId(new GroupId(sessionGroup), sessionIndex);
        view.Malformed |= reader.Malformed;
        return view;
    }

    public readonly CommandEnumerator Commands => new(CommandBytes);

    /// <summary>Each command as it lies in the bytes. Only over a head that was not malformed.</summary>
    public readonly PartEnumerator CommandBytes => new(bytes, CommandTag);

    private void ReadRoute(ReadOnlySpan<byte> route)
    {
        var (range, epoch) = (Route.Range.Value, Route.Epoch);
        var reader = new WireReader(route);
        while (reader.TryReadTag(out var tag))
        {
            switch (tag)
            {
                case RangeIdTag: range = reader.ReadVarint(); break;
                case EpochTag: epoch = reader.ReadVarint(); break;
                default:
                    NoteUnknown(tag);
                    reader.Skip(tag);
                    break;
            }
        }
        Route = new RangeRoute(new RangeId(range), epoch);
        Malformed |= reader.Malformed;
    }

    private void NoteUnknown(uint tag)
    {
        if (UnknownField == 0) UnknownField = tag >> 3;
    }

    /// <summary>The commands in order. Only over a head that was not malformed.</summary>
    public ref struct CommandEnumerator(PartEnumerator parts)
    {
        private PartEnumerator parts = parts;

        public CommandView Current { get; private set; }

        public readonly CommandEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (!parts.MoveNext()) return false;
            Current = CommandView.Read(parts.Current);
            return true;
        }
    }
}
