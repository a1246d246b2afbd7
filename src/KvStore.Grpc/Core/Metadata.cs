using System.Collections;
using System.Text;

namespace Grpc.Core;

/// <summary>Ordered ASCII (string) and binary ("-bin") key/value pairs sent as headers or trailers.</summary>
internal sealed class Metadata : IList<Metadata.Entry>
{
    public const string BinaryHeaderSuffix = "-bin";
    public static readonly Metadata Empty = new() { _readOnly = true };
    private readonly List<Entry> _entries = [];
    private bool _readOnly;

    public sealed class Entry
    {
        private readonly string? _text;
        private readonly byte[]? _bytes;
        public Entry(string key, string value) { Key = Normalize(key); if (IsBinary) throw new ArgumentException("A -bin key takes bytes.", nameof(key)); _text = value; }
        public Entry(string key, byte[] value) { Key = Normalize(key); if (!IsBinary) throw new ArgumentException("Bytes need a -bin key.", nameof(key)); _bytes = value; }
        public string Key { get; }
        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);
        public string Value => _text ?? throw new InvalidOperationException("Cannot read a binary entry as text.");
        public byte[] ValueBytes => _bytes ?? Encoding.ASCII.GetBytes(_text!);
        internal string Encoded => _text ?? Convert.ToBase64String(_bytes!).TrimEnd('=');
        public override string ToString() => $"{Key}: {Encoded}";

        private static string Normalize(string key)
        {
            if (key.Length == 0) throw new ArgumentException("Empty metadata key.", nameof(key));
            foreach (var c in key)
                if (!(char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')) throw new ArgumentException($"Invalid metadata key '{key}'.", nameof(key));
            return key.ToLowerInvariant();
        }
    }

    public int Count => _entries.Count;
    public bool IsReadOnly => _readOnly;
    public Entry this[int index] { get => _entries[index]; set { Check(); _entries[index] = value; } }
    public void Add(Entry item) { Check(); _entries.Add(item); }
    public void Add(string key, string value) => Add(new Entry(key, value));
    public void Add(string key, byte[] value) => Add(new Entry(key, value));
    public Entry? Get(string key) { for (var i = _entries.Count - 1; i >= 0; i--) if (_entries[i].Key.Equals(key, StringComparison.OrdinalIgnoreCase)) return _entries[i]; return null; }
    public string? GetValue(string key) => Get(key)?.Value;
    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;
    public IEnumerable<Entry> GetAll(string key) => _entries.Where(e => e.Key.Equals(key, StringComparison.OrdinalIgnoreCase));
    public void Clear() { Check(); _entries.Clear(); }
    public bool Contains(Entry item) => _entries.Contains(item);
    public void CopyTo(Entry[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);
    public int IndexOf(Entry item) => _entries.IndexOf(item);
    public void Insert(int index, Entry item) { Check(); _entries.Insert(index, item); }
    public bool Remove(Entry item) { Check(); return _entries.Remove(item); }
    public void RemoveAt(int index) { Check(); _entries.RemoveAt(index); }
    public List<Entry>.Enumerator GetEnumerator() => _entries.GetEnumerator();
    IEnumerator<Entry> IEnumerable<Entry>.GetEnumerator() => _entries.GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => _entries.GetEnumerator();
    private void Check() { if (_readOnly) throw new InvalidOperationException("Read-only metadata."); }

    /// <summary>Adds a header received from the wire; a -bin value may hold several comma-joined base64 values.</summary>
    internal void AddWire(string key, string value)
    {
        if (!key.EndsWith(BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase)) { _entries.Add(new Entry(key, value)); return; }
        foreach (var part in value.Split(','))
        {
            var s = part.Trim();
            _entries.Add(new Entry(key, Convert.FromBase64String(s.PadRight((s.Length + 3) / 4 * 4, '='))));
        }
    }
}
