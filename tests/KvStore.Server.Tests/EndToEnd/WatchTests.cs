using Google.Protobuf;
using Grpc.Core;
using KvStore.Protocol.V1;
using static KvStore.Server.Tests.EndToEnd.WatchConversation;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>kvstore.v1.Watch on a real node over real sockets.</summary>
public sealed class WatchTests(SingleNode node) : IClassFixture<SingleNode>
{
    [Fact]
    public async Task Events_come_in_order_with_what_was_there_before()
    {
        using var talk = new WatchConversation(node.Endpoint);
        await talk.PutAsync("o/a", "0");
        await talk.BeginAsync(new WatchCreate { WatchId = 1, Start = Bytes("o/"), End = Bytes("o0"), Previous = true });
        var first = await talk.PutAsync("o/a", "1");
        await talk.PutAsync("p", "not watched");
        await talk.Kv.DeleteAsync(new DeleteRequest { Key = Bytes("o/a") });
        await talk.PutAsync("o/b", "2");
        var events = await talk.EventsAsync(3);
        Assert.Equal(["o/a", "o/a", "o/b"], events.Select(e => e.Kv.Key.ToStringUtf8()));
        Assert.Equal([false, true, false], events.Select(e => e.Deleted));
        Assert.Equal(["0", "1", null], events.Select(e => e.Previous?.Value.ToStringUtf8()));
        Assert.Equal([first, first + 2, first + 3], events.Select(e => e.Kv.ModRevision));
    }

    [Fact]
    public async Task A_watch_from_a_revision_tells_what_was_written_since()
    {
        using var talk = new WatchConversation(node.Endpoint);
        var first = await talk.PutAsync("f", "0");
        for (var i = 1; i < 20; i++) await talk.PutAsync("f", $"{i}");
        await talk.BeginAsync(new WatchCreate { WatchId = 1, Key = Bytes("f"), FromRevision = first });
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), (await talk.EventsAsync(20)).Select(e => e.Kv.Value.ToStringUtf8()));
    }

    [Fact]
    public async Task Filters_leave_puts_or_deletions_out()
    {
        using var talk = new WatchConversation(node.Endpoint);
        using var other = new WatchConversation(node.Endpoint);
        await talk.BeginAsync(new WatchCreate { WatchId = 1, Key = Bytes("k"), NoDeletes = true });
        await other.BeginAsync(new WatchCreate { WatchId = 1, Key = Bytes("k"), NoPuts = true });
        for (var i = 0; i < 3; i++)
        {
            await talk.PutAsync("k", $"{i}");
            await talk.Kv.DeleteAsync(new DeleteRequest { Key = Bytes("k") });
        }
        Assert.All(await talk.EventsAsync(3), e => Assert.False(e.Deleted));
        Assert.All(await other.EventsAsync(3), e => Assert.True(e.Deleted));
    }

    [Fact]
    public async Task A_cancelled_watch_says_so_and_the_others_of_the_stream_go_on()
    {
        using var talk = new WatchConversation(node.Endpoint);
        await talk.BeginAsync(new WatchCreate { WatchId = 1, Key = Bytes("c1") });
        await talk.BeginAsync(new WatchCreate { WatchId = 2, Key = Bytes("c2") });
        await talk.Call.RequestStream.WriteAsync(new WatchRequest { Cancel = new WatchCancel { WatchId = 1 } });
        var ended = await talk.NextAsync();
        Assert.Equal((1ul, WatchUpdate.UpdateOneofCase.Ended), (ended.WatchId, ended.UpdateCase));
        Assert.Null(ended.Ended.Error);
        await talk.PutAsync("c1", "x");
        await talk.PutAsync("c2", "y");
        Assert.Equal("y", Assert.Single(await talk.EventsAsync(1)).Kv.Value.ToStringUtf8());
    }

    [Fact]
    public async Task Progress_that_is_asked_for_covers_what_was_acknowledged()
    {
        using var talk = new WatchConversation(node.Endpoint);
        await talk.BeginAsync(new WatchCreate { WatchId = 1, Key = Bytes("b1") });
        var revision = await talk.PutAsync("b2", "x");
        await talk.Call.RequestStream.WriteAsync(new WatchRequest { Progress = new WatchProgress() });
        var update = await talk.NextAsync();
        Assert.Equal(WatchUpdate.UpdateOneofCase.Bookmark, update.UpdateCase);
        Assert.True(update.Header.Revision >= revision);
    }

    [Fact]
    public async Task Bad_input_is_refused_and_the_stream_goes_on()
    {
        using var talk = new WatchConversation(node.Endpoint);
        var newest = await talk.PutAsync("a", "1");
        await Refused(new WatchCreate { Keyspace = "nowhere", Key = Bytes("a") }, ErrorCode.NotFound, "nowhere");
        await Refused(new WatchCreate { Start = Bytes("b"), End = Bytes("a") }, ErrorCode.InvalidArgument, "end");
        await Refused(new WatchCreate { Start = Bytes("a"), End = Bytes("z") }, ErrorCode.InvalidArgument, "border");
        await Refused(new WatchCreate { Start = Bytes("a") }, ErrorCode.InvalidArgument, "border");
        await Refused(new WatchCreate { Key = Bytes("a"), NoPuts = true, NoDeletes = true }, ErrorCode.InvalidArgument, "filter");
        await Refused(new WatchCreate { Key = Bytes("a"), Start = Bytes("a") }, ErrorCode.InvalidArgument, "key");
        await Refused(new WatchCreate { Key = ByteString.CopyFrom(new byte[5000]) }, ErrorCode.InvalidArgument, "4096");
        await Refused(new WatchCreate { Key = Bytes("a"), Route = new Route { RangeId = 999, Epoch = 1 } }, ErrorCode.EpochNotMatch, "999");
        await Refused(new WatchCreate { Key = Bytes("a"), FromRevision = newest + 1_000_000 }, ErrorCode.FutureRevision, "newest");
        await talk.BeginAsync(new WatchCreate { WatchId = 1, Key = Bytes("a") });

        async Task Refused(WatchCreate create, ErrorCode code, string mention)
        {
            create.WatchId = 7;
            var error = await talk.RefusedAsync(create);
            Assert.Equal(code, error.Code);
            Assert.Contains(mention, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task A_watch_id_that_is_0_or_in_use_ends_the_stream(ulong id)
    {
        using var talk = new WatchConversation(node.Endpoint);
        await talk.BeginAsync(new WatchCreate { WatchId = 5, Key = Bytes("a") });
        await talk.CreateAsync(new WatchCreate { WatchId = id, Key = Bytes("a") });
        var e = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true) await talk.NextAsync();
        });
        Assert.Equal(StatusCode.InvalidArgument, e.StatusCode);
    }

    [Fact]
    public async Task A_client_that_does_not_read_slows_nobody_and_misses_nothing()
    {
        const int Writes = 600;
        using var slow = new WatchConversation(node.Endpoint);
        using var quick = new WatchConversation(node.Endpoint);
        await slow.BeginAsync(new WatchCreate { WatchId = 1, Key = Bytes("s") });
        await quick.BeginAsync(new WatchCreate { WatchId = 1, Key = Bytes("s") });
        var filler = new string('x', 16 << 10);
        for (var i = 0; i < Writes; i += 20)
        {
            for (var j = i; j < i + 20; j++) await quick.PutAsync("s", $"{j} {filler}");
            Assert.Equal(Numbers(i, 20), (await quick.EventsAsync(20)).Select(Number));
        }
        Assert.Equal(Numbers(0, Writes), (await slow.EventsAsync(Writes)).Select(Number));

        static IEnumerable<string> Numbers(int from, int count) => Enumerable.Range(from, count).Select(i => $"{i}");

        static string Number(WatchEvent e) => e.Kv.Value.ToStringUtf8().Split(' ')[0];
    }

    [Fact]
    public async Task A_stopped_node_ends_its_streams_and_the_watch_goes_on_after_a_restart()
    {
        var own = new SingleNode();
        await own.InitializeAsync();
        try
        {
            ulong resume;
            using (var talk = new WatchConversation(own.Endpoint))
            {
                await talk.BeginAsync(new WatchCreate { WatchId = 1, Key = Bytes("r") });
                await talk.PutAsync("r", "1");
                resume = Assert.Single(await talk.EventsAsync(1)).Kv.ModRevision + 1;
                await talk.PutAsync("r", "2");
                await own.StopAsync();
                var e = await Assert.ThrowsAsync<RpcException>(async () =>
                {
                    while (true) await talk.NextAsync();
                });
                Assert.Equal(StatusCode.Unavailable, e.StatusCode);
            }
            await own.InitializeAsync();
            using (var talk = new WatchConversation(own.Endpoint))
            {
                await talk.BeginAsync(new WatchCreate { WatchId = 1, Key = Bytes("r"), FromRevision = resume });
                Assert.Equal("2", Assert.Single(await talk.EventsAsync(1)).Kv.Value.ToStringUtf8());
            }
        }
        finally
        {
            await own.DisposeAsync();
        }
    }

    [Fact]
    public async Task Every_watch_of_a_stream_is_told_of_its_creation_before_anything_else()
    {
        const int Watches = 8000;
        using var talk = new WatchConversation(node.Endpoint);
        var first = await talk.PutAsync("creation-first", "1");
        var creating = Task.Run(async () =>
        {
            for (var id = 1UL; id <= Watches; id++) await talk.CreateAsync(new WatchCreate { WatchId = id, Key = Bytes("creation-first"), FromRevision = first });
        });
        var created = new HashSet<ulong>();
        for (var events = 0; events < Watches;)
        {
            var update = await talk.NextAsync();
            if (update.UpdateCase == WatchUpdate.UpdateOneofCase.Created) Assert.True(created.Add(update.WatchId));
            else Assert.Contains(update.WatchId, created);
            if (update.UpdateCase == WatchUpdate.UpdateOneofCase.Events) events++;
        }
        await creating;
    }

    [Fact]
    public async Task A_compacted_revision_is_refused_with_the_first_one_that_is_there()
    {
        var own = new SingleNode();
        own.Options = own.Options with { HistoryRevisionsKept = 100 };
        await own.InitializeAsync();
        try
        {
            using var talk = new WatchConversation(own.Endpoint);
            for (var i = 0; i < 200; i++) await talk.PutAsync("a", $"{i}");
            ulong id = 0;
            async Task<WatchUpdate> WatchFromAsync(ulong revision)
            {
                await talk.CreateAsync(new WatchCreate { WatchId = ++id, Key = Bytes("a"), FromRevision = revision });
                WatchUpdate update;
                do update = await talk.NextAsync();
                while (update.WatchId != id);
                return update;
            }

            var update = await WatchFromAsync(1);
            while (update.UpdateCase == WatchUpdate.UpdateOneofCase.Created && id < 5000) update = await WatchFromAsync(1);
            Assert.Equal(ErrorCode.Compacted, update.Ended.Error.Code);
            // History that was written just now may be compacted once more meanwhile: then a later revision is named.
            for (var compacted = 0UL; update.UpdateCase == WatchUpdate.UpdateOneofCase.Ended; update = await WatchFromAsync(compacted + 1))
            {
                Assert.Equal(ErrorCode.Compacted, update.Ended.Error.Code);
                Assert.InRange(update.Ended.CompactRevision, compacted + 1, 200UL);
                compacted = update.Ended.CompactRevision;
            }
            Assert.Equal(WatchUpdate.UpdateOneofCase.Created, update.UpdateCase);
        }
        finally
        {
            await own.DisposeAsync();
        }
    }
}
