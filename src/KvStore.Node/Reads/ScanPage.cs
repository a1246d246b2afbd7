using KvStore.Storage.Engine;

namespace KvStore.Node.Reads;

/// <summary>Reads one page of a scan from a pinned view.</summary>
internal static class ScanPage
{
    /// <summary>What a record counts for beside its key and value.</summary>
    private const int RecordOverheadBytes = 32;

    /// <summary>At least one record, however large; then as many as fit into both limits.</summary>
    public static ScanAnswer Read(RangeSnapshot snapshot, ScanQuery query)
    {
        var values = new List<KeyValue>();
        long bytes = 0;
        foreach (var value in snapshot.Scan(query.Start, query.End, query.Order, query.Content))
        {
            bytes += value.Key.Length + value.Value.Length + RecordOverheadBytes;
            if (values.Count > 0 && (values.Count >= query.Limit || bytes > query.BytesMax)) return new ScanAnswer(values, values.Count, true, snapshot.Revision);
            values.Add(value);
        }
        return new ScanAnswer(values, values.Count, false, snapshot.Revision);
    }
}
