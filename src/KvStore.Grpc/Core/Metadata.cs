using System.Buffers;
using System.Collections;
using System.Text;

namespace Grpc.Core;

/// <summary>Ordered key/value pairs sent as headers or trailers. A key that ends in <c>-bin</c> holds bytes, any other holds printable ASCII.</summary>
internal sealed class Metadata : IList<Metadata.Entry>
{
    public const string BinaryHeaderSuffix = "-bin";

    public static readonly Metadata Empty = new() { IsReadOnly = true };

    private readonly List<Entry> _entries = [];

    public int Count => _entries.Count;

    public bool IsReadOnly { get; private init; }

    public Entry this[int index]
    {
        get => _entries[index];
        set => Writable()[index] = value;
    }

    /// <summary>The last entry with this key (keys differ not by case), or null.</summary>
    public Entry? Get(string key) => _entries.FindLast(entry => entry.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    public string? GetValue(string key) => Get(key)?.Value;

    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;

    public IEnumerable<Entry> GetAll(string key) => _entries.Where(entry => entry.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    public void Add(Entry item) => Writable().Add(item);

    public void Add(string key, string value) => Add(new Entry(key, value));

    public void Add(string key, byte[] valueBytes) => Add(new Entry(key, valueBytes));

    public void Clear() => Writable().Clear();

    public bool Contains(Entry item) => _entries.Contains(item);

    public void CopyTo(Entry[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);

    public int IndexOf(Entry item) => _entries.IndexOf(item);

    public void Insert(int index, Entry item) => Writable().Insert(index, item);

    public bool Remove(Entry item) => Writable().Remove(item);

    public void RemoveAt(int index) => Writable().RemoveAt(index);

    public List<Entry>.Enumerator GetEnumerator() => _entries.GetEnumerator();

    IEnumerator<Entry> IEnumerable<Entry>.GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _entries.GetEnumerator();

    private List<Entry> Writable() => IsReadOnly ? throw new InvalidOperationException("This metadata is read-only.") : _entries;

    /// <summary>One key and its value.</summary>
    internal sealed class Entry
    {
        private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

        private readonly string? _text;
        private readonly byte[]? _bytes;

        public Entry(string key, string value)
        {
            Key = Normalize(key);
            if (IsBinary)
                throw new ArgumentException($"Metadata key '{key}' ends in -bin and takes bytes.", nameof(key));
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
                throw new ArgumentException($"The value of metadata key '{key}' holds a character outside printable ASCII; send it under a -bin key.", nameof(value));
            _text = value;
        }

        public Entry(string key, byte[] valueBytes)
        {
            Key = Normalize(key);
            if (!IsBinary)
                throw new ArgumentException($"Metadata key '{key}' takes text; bytes need a key that ends in -bin.", nameof(key));
            _bytes = valueBytes;
        }

        private Entry(string key, string? text, byte[]? bytes)
        {
            Key = key;
            _text = text;
            _bytes = bytes;
        }

        public string Key { get; }

        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        public string Value => _text ?? throw new InvalidOperationException($"Metadata key '{Key}' holds bytes, not text.");

        public byte[] ValueBytes => _bytes ?? Encoding.ASCII.GetBytes(_text!);

        /// <summary>The value as it stands on the wire: base64 without padding for bytes.</summary>
        internal string WireValue => _text ?? Convert.ToBase64String(_bytes!).TrimEnd('=');

        public override string ToString() => $"[Entry: key={Key}, value={WireValue}]";

        /// <summary>An entry that arrived: whatever HTTP allows is let through.</summary>
        internal static Entry FromWire(string key, string text) => new(key, text, null);

        /// <inheritdoc cref="FromWire(string, string)"/>
        internal static Entry FromWire(string key, byte[] bytes) => new(key, null, bytes);

        private static string Normalize(string key)
        {
            if (key.Length == 0 || key.AsSpan().ContainsAnyExcept(KeyCharacters))
                throw new ArgumentException($"Invalid metadata key '{key}': letters, digits, '-', '_' and '.' are allowed.", nameof(key));
            return key.ToLowerInvariant();
        }
    }
}
