using KvStore.Node;
using KvStore.Node.Placement;
using KvStore.Node.Watches;
using KvStore.Raft;
using KvStore.Server.Watches;
using KvStore.Storage.Engine;

namespace KvStore.Server.Tests.Watches;

public sealed class WatchUpdatesTests
{
    [Fact]
    public void A_piece_over_the_size_of_an_update_goes_out_in_parts_of_which_all_but_the_last_say_that_more_comes()
    {
        var range = new RangeDescriptor(new RangeId(7), 3, new GroupId(1), KeyspaceId.Default, default, default);
        var watch = new StreamWatch(null!, 1) { Range = range };
        var events = Enumerable.Range(0, 10).Select(i => new WatchEvent(new KeyValue(new byte[] { (byte)i }, new byte[300 << 10], new Revision(9), new Revision(9), 1, 0, false), null)).ToArray();
        watch.Piece = new WatchBatch(WatchBatchKind.Events, events, new Revision(9));
        var parts = new List<Protocol.V1.WatchUpdate>();
        while (watch.Piece is not null)
        {
            parts.Add(WatchUpdates.Next(watch, out var bytes));
            Assert.InRange(bytes, 1, WatchUpdates.EventsBytesMax);
        }
        Assert.Equal([3, 3, 3, 1], parts.Select(part => part.Events.Events.Count));
        Assert.Equal([true, true, true, false], parts.Select(part => part.Events.More));
        Assert.Equal(Enumerable.Range(0, 10), parts.SelectMany(part => part.Events.Events).Select(e => (int)e.Kv.Key[0]));
        Assert.Equal(9ul, parts[^1].Header.Revision);
    }
}
