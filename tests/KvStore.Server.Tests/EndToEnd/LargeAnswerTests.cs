using Google.Protobuf;
using Grpc.Net.Client;
using KvStore.Protocol.V1;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>A batch of reads may ask for any number of bytes: they come in messages that every client takes (4 MiB by default), and no faster than it takes them.</summary>
public sealed class LargeAnswerTests(SingleNode node) : IClassFixture<SingleNode>, IDisposable
{
    private const int ValueBytes = 256 << 10;
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(node.Endpoint);

    private Kv.KvClient Client => new(_channel);

    public void Dispose() => _channel.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_batch_whose_answers_are_larger_than_any_message_is_answered_in_parts(int consistency)
    {
        var route = await PutAsync("big/1", ValueBytes);
        var batch = new Batch { Route = route };
        for (ulong id = 1; id <= 100; id++) batch.Operations.Add(new Operation { Id = id, Get = new GetRequest { Key = Text(id % 10 == 0 ? "big/none" : "big/1"), Consistency = (Consistency)consistency } });
        using var session = Client.Session();
        // Two of them: the second one waits until the client has taken answers of the first.
        var second = batch.Clone();
        foreach (var operation in second.Operations) operation.Id += 100;
        await session.RequestStream.WriteAsync(new SessionRequest { Batches = { batch, second } });
        await session.RequestStream.CompleteAsync();
        var answers = new List<OperationResult>();
        while (await session.ResponseStream.MoveNext(default)) answers.AddRange(session.ResponseStream.Current.Results);
        Assert.Equal(Enumerable.Range(1, 200).Select(id => (ulong)id), answers.Select(answer => answer.Id).Order());
        Assert.All(answers, answer => Assert.Equal(answer.Id % 10 == 0 ? null : ValueBytes, answer.Get.Kv?.Value.Length));
    }

    [Fact]
    public async Task What_fails_within_a_batch_is_answered_once_and_the_rest_as_asked()
    {
        var route = await PutAsync("big/1", ValueBytes);
        using var session = Client.Session();
        await session.RequestStream.WriteAsync(new SessionRequest
        {
            Batches =
            {
                new Batch
                {
                    Route = route,
                    Operations =
                    {
                        new Operation { Id = 1, Get = new GetRequest { Key = Text("big/1") } },
                        new Operation { Id = 2, Get = new GetRequest { Key = Text("big/1"), Revision = 1_000_000 } },
                        new Operation { Id = 3, Get = new GetRequest() },
                        new Operation { Id = 4, Get = new GetRequest { Key = Text("big/1") } },
                    },
                },
                new Batch { Route = new Route { RangeId = route.RangeId, Epoch = route.Epoch + 1 }, Operations = { new Operation { Id = 5, Get = new GetRequest { Key = Text("big/1") } } } },
            },
        });
        await session.RequestStream.CompleteAsync();
        var answers = new SortedDictionary<ulong, OperationResult>();
        while (await session.ResponseStream.MoveNext(default))
            foreach (var answer in session.ResponseStream.Current.Results) answers.Add(answer.Id, answer);
        Assert.Equal((ulong[])[1, 2, 3, 4, 5], answers.Keys.ToArray());
        Assert.Equal((ValueBytes, ValueBytes), (answers[1].Get.Kv.Value.Length, answers[4].Get.Kv.Value.Length));
        Assert.Equal((ErrorCode.FutureRevision, ErrorCode.InvalidArgument, ErrorCode.EpochNotMatch), (answers[2].Error.Code, answers[3].Error.Code, answers[5].Error.Code));
    }

    [Fact]
    public async Task Gets_that_are_refused_stand_between_those_that_are_read_together()
    {
        var batch = new Batch { Route = await PutAsync("big/1", 10) };
        ByteString[] keys = [Text(""), Text("big/1"), Text(new string('k', 5000)), Text(""), Text("big/none"), ByteString.CopyFrom(0xff), Text("big/1"), Text("")];
        for (var id = 0; id < keys.Length; id++) batch.Operations.Add(new Operation { Id = (ulong)id, Get = new GetRequest { Key = keys[id] } });
        using var session = Client.Session();
        await session.RequestStream.WriteAsync(new SessionRequest { Batches = { batch } });
        await session.RequestStream.CompleteAsync();
        var answers = new SortedDictionary<ulong, OperationResult>();
        while (await session.ResponseStream.MoveNext(default))
            foreach (var answer in session.ResponseStream.Current.Results) answers.Add(answer.Id, answer);
        Assert.Equal(["InvalidArgument", "10", "InvalidArgument", "InvalidArgument", "none", "EpochNotMatch", "10", "InvalidArgument"],
            answers.Values.Select(answer => answer.Error?.Code.ToString() ?? answer.Get.Kv?.Value.Length.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"));
    }

    [Fact]
    public async Task A_field_of_another_wire_type_is_an_unknown_one()
    {
        var batch = new Batch { Route = await PutAsync("big/1", 1), Operations = { new Operation { Id = 1, Get = new GetRequest { Key = Text("big/1") } } } };
        // Field 5 holds operations; as a number it is none.
        var strange = Batch.Parser.ParseFrom([.. batch.ToByteArray(), 5 << 3, 0, .. new Batch { Operations = { new Operation { Id = 2, Get = new GetRequest { Key = Text("big/2") } } } }.ToByteArray()]);
        using var session = Client.Session();
        await session.RequestStream.WriteAsync(new SessionRequest { Batches = { strange } });
        await session.RequestStream.CompleteAsync();
        var answers = new List<OperationResult>();
        while (await session.ResponseStream.MoveNext(default)) answers.AddRange(session.ResponseStream.Current.Results);
        Assert.Equal([1ul, 2], answers.Select(answer => answer.Id));
        Assert.Equal(1, answers[0].Get.Kv.Value.Length);
    }

    [Fact]
    public async Task A_transaction_that_reads_as_much_as_it_may_fits_into_a_message_beside_other_writes()
    {
        for (var i = 0; i < 15; i++) await PutAsync($"txn/{i:00}", ValueBytes);
        var route = await PutAsync("txn/last", 250 << 10);
        var batch = new Batch { Route = route };
        for (ulong id = 1; id <= 2000; id++) batch.Operations.Add(new Operation { Id = id, Put = new PutRequest { Key = Text("txn-beside") } });
        var read = new TransactionRequest();
        read.Success.Add(new TransactionOperation { Get = new TransactionGet { Key = Text("txn/"), End = Text("txn0") } });
        batch.Operations.Add(new Operation { Id = 2001, Transaction = read });
        using var session = Client.Session();
        await session.RequestStream.WriteAsync(new SessionRequest { Batches = { batch } });
        await session.RequestStream.CompleteAsync();
        var answers = new List<OperationResult>();
        while (await session.ResponseStream.MoveNext(default)) answers.AddRange(session.ResponseStream.Current.Results);
        Assert.Equal(2001, answers.Count);
        Assert.Equal(16, answers[^1].Transaction.Results.Single().Get.Kvs.Count);
    }

    [Fact]
    public async Task The_SDK_reads_many_large_values_at_once()
    {
        await PutAsync("big/1", ValueBytes);
        await using var client = await node.ConnectAsync();
        var reads = Enumerable.Range(0, 100).Select(_ => client.GetAsync("big/1").AsTask());
        Assert.All(await Task.WhenAll(reads), entry => Assert.Equal(ValueBytes, entry!.Value.Value.Length));
    }

    private async Task<Route> PutAsync(string key, int bytes)
    {
        var header = (await Client.PutAsync(new PutRequest { Key = Text(key), Value = ByteString.CopyFrom(new byte[bytes]) })).Header;
        return new Route { RangeId = header.RangeId, Epoch = header.Epoch };
    }

    private static ByteString Text(string text) => ByteString.CopyFromUtf8(text);
}
