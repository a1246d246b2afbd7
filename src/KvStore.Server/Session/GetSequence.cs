using KvStore.Node.StateMachine;

namespace KvStore.Server.Session;

/// <summary>The gets of a serialized kvstore.v1 Batch, without objects, from a border between two of its fields on.</summary>
internal ref struct GetSequence(ReadOnlySpan<byte> batch, int from = 0)
{
    private const uint OperationsTag = 5 << 3 | WireReader.LengthDelimited;
    private const uint IdTag = 1 << 3 | WireReader.Varint;
    private const uint GetTag = 2 << 3 | WireReader.LengthDelimited;
    private const uint KeyTag = 2 << 3 | WireReader.LengthDelimited;
    private WireReader _reader = new(batch[from..]);

    /// <summary>Behind the current one: where another sequence goes on.</summary>
    public readonly int Position => from + _reader.Position;

    public Get Current { get; private set; }

    public readonly GetSequence GetEnumerator() => this;

    public bool MoveNext()
    {
        while (_reader.TryReadTag(out var tag))
        {
            if (tag == OperationsTag)
            {
                Current = Get.Read(_reader.ReadBytes());
                return true;
            }

            _reader.Skip(tag);
        }

        return false;
    }

    internal ref struct Get
    {
        public ulong Id;
        public ReadOnlySpan<byte> Key;
        /// <summary>Nothing is asked but the newest value of the key, linearizable.</summary>
        public bool Plain;

        public static Get Read(ReadOnlySpan<byte> operation)
        {
            var get = new Get { Plain = true };
            var reader = new WireReader(operation);
            while (reader.TryReadTag(out var tag))
            {
                if (tag == IdTag) get.Id = reader.ReadVarint();
                else if (tag == GetTag) get.ReadRequest(reader.ReadBytes());
                else reader.Skip(tag);
            }

            SessionWire.Require(!reader.Malformed);
            return get;
        }

        private void ReadRequest(ReadOnlySpan<byte> request)
        {
            var reader = new WireReader(request);
            while (reader.TryReadTag(out var tag))
            {
                if (tag == KeyTag)
                {
                    Key = reader.ReadBytes();
                    continue;
                }

                Plain = false;
                reader.Skip(tag);
            }

            SessionWire.Require(!reader.Malformed);
        }
    }
}
