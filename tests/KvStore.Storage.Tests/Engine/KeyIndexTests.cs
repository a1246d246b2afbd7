using System.Text;
using KvStore.Storage.Engine;
using KvStore.Storage.Engine.Index;

namespace KvStore.Storage.Tests.Engine;

/// <summary>The index against a list of all writes, while history is dropped behind it.</summary>
public sealed class KeyIndexTests
{
    private const int Keys = 12, Revisions = 4000;

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_was_dropped_is_gone_and_everything_else_is_there(int seed)
    {
        var random = new Random(seed);
        var index = new KeyIndex(new IndexTables());
        var written = new List<(string Key, ulong Revision, bool IsTombstone, int Length)>();
        ulong dropped = 0;
        for (ulong revision = 1; revision <= Revisions; revision++)
        {
            var key = $"key-{random.Next(Keys)}";
            var isTombstone = random.Next(4) == 0;
            var length = isTombstone ? 0 : random.Next(100);
            var place = index.Find(Encoding.UTF8.GetBytes(key));
            index.Add(Encoding.UTF8.GetBytes(key), place, new VersionSlot { Modified = revision, LengthAndFlag = (uint)length | (isTombstone ? 0x8000_0000 : 0) });
            written.Add((key, revision, isTombstone, length));
            // Rarely, so that a key has up to hundreds of versions, and then mostly not up to the newest.
            if (random.Next(300) != 0) continue;
            dropped = Math.Max(dropped, random.Next(4) == 0 ? revision : revision - (ulong)random.NextInt64((long)revision));
            index.Drop(new Revision(dropped));
            Compare(index, written, dropped);
        }
        index.Drop(new Revision(Revisions));
        Compare(index, written, Revisions);
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 20)];

    private static void Compare(KeyIndex index, List<(string Key, ulong Revision, bool IsTombstone, int Length)> written, ulong dropped)
    {
        var (versions, keys, bytes) = (0, 0, 0L);
        foreach (var key in written.GroupBy(write => write.Key))
        {
            var history = key.ToArray();
            var kept = Array.FindLastIndex(history, write => write.Revision <= dropped);
            var first = kept < 0 ? 0 : history[kept].IsTombstone ? kept + 1 : kept;
            var name = Encoding.UTF8.GetBytes(key.Key);
            for (var i = 0; i < history.Length; i++)
            {
                Assert.Equal(i >= first, index.Contains(name, new Revision(history[i].Revision), 0, 0, new Revision(dropped)));
                if (i < first) continue;
                versions++;
                bytes += StoredRecord.BytesOf(name.Length, history[i].Length);
                Assert.True(index.TryFind(name, new Revision(Math.Max(history[i].Revision, dropped)), out var found));
                Assert.Equal(history[i].Revision, found.Modified);
            }
            if (first < history.Length) keys++;
        }
        Assert.Equal((versions, keys, bytes), (index.Versions, index.Count, index.RecordBytes));
    }
}
