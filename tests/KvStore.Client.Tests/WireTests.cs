using System.Buffers;
using System.Collections.Frozen;
using Google.Protobuf;
using Grpc.Core;
using KvStore.Client.Internal.Operations;
using KvStore.Client.Internal.Routing;
using KvStore.Client.Internal.Sessions;
using KvStore.Client.Internal.Transport;
using KvStore.Client.Internal.Wire;
using KvStore.Protocol.V1;
using Operation = KvStore.Client.Internal.Operations.Operation;

namespace KvStore.Client.Tests;

/// <summary>The hand-written wire format against what protoc generates.</summary>
public sealed class WireTests
{
    private static readonly RangeRoute Route = new(7, 300, "default", default, default, new GroupRoute(1));

    [Fact]
    public void A_request_is_what_generated_code_writes()
    {
        var session = new ClientSession(1, 9, 1UL << 40);
        var request = new OutgoingRequest();
        var expected = new Batch { Route = new Protocol.V1.Route { RangeId = 7, Epoch = 300 }, SessionGroup = 9, SessionIndex = 1UL << 40, LowestAwaited = 1, TimeoutMs = 10_000 };
        ulong id = 5;
        foreach (var (ours, theirs) in Writes())
        {
            ours.Route = Route;
            ours.Session = session;
            ours.Sequence = session.Take();
            theirs.Id = ++id << 13;
            theirs.Sequence = ours.Sequence;
            request.BatchFor(ours).Add(ours, theirs.Id, 10_000);
            expected.Operations.Add(theirs);
        }
        request.Seal();
        Assert.Equal(new SessionRequest { Batches = { expected } }.ToByteArray(), Serialize(request));
    }

    [Fact]
    public void Reads_go_in_a_batch_of_their_own()
    {
        var read = New(OperationKind.Get);
        read.Consistency = KvConsistency.Bounded;
        read.MaxStalenessMilliseconds = 5000;
        read.AtRevision = 77;
        var write = New(OperationKind.Delete);
        write.Session = new ClientSession(1, 2, 3);
        write.Sequence = write.Session.Take();
        var request = new OutgoingRequest();
        foreach (var operation in (Operation[])[read, write])
        {
            operation.Route = Route;
            request.BatchFor(operation).Add(operation, 1, 1);
        }
        request.Seal();
        var parsed = SessionRequest.Parser.ParseFrom(Serialize(request));
        Assert.Equal(2, parsed.Batches.Count);
        Assert.Equal(new GetRequest { Key = read.Key.Span.ToArray().ToBytes(), Consistency = Consistency.Bounded, MaxStalenessMs = 5000, Revision = 77 }, parsed.Batches[0].Operations.Single().Get);
        Assert.Equal(0UL, parsed.Batches[0].SessionGroup);
    }

    [Fact]
    public void Answers_of_generated_code_are_understood()
    {
        var kv = new KeyValue { Key = "k"u8.ToArray().ToBytes(), Value = "v"u8.ToArray().ToBytes(), CreateRevision = 1, ModRevision = 2, Version = 3, Lease = ulong.MaxValue };
        var header = new ResponseHeader { RangeId = 1, Epoch = 2, Revision = 3 };
        var get = Read(OperationKind.Get, new GetResponse { Header = header, Kv = kv });
        Assert.Equal(("v", 1UL, 2UL, 3UL, ulong.MaxValue), (get.Entry!.Value.ValueText, get.Entry.Value.CreateRevision, get.Entry.Value.ModRevision, get.Entry.Value.Version, get.Entry.Value.Lease.Value));
        Assert.Null(Read(OperationKind.Get, new GetResponse { Header = header }).Entry);
        Assert.Equal(9UL, Read(OperationKind.Put, new PutResponse { Header = header, Revision = 9 }).ResultRevision);
        var swap = Read(OperationKind.CompareAndSwap, new CompareAndSwapResponse { Header = header, Swapped = true, Revision = 4, Current = kv });
        Assert.Equal((true, 4UL, "v"), (swap.Flag, swap.ResultRevision, swap.Entry!.Value.ValueText));
        var increment = Read(OperationKind.Increment, new IncrementResponse { Value = long.MinValue, Revision = 8 });
        Assert.Equal((long.MinValue, 8UL), (increment.ResultNumber, increment.ResultRevision));
        var delete = Read(OperationKind.Delete, new DeleteResponse { Existed = true, Revision = 6 });
        Assert.Equal((true, 6UL), (delete.Flag, delete.ResultRevision));
    }

    [Fact]
    public void A_truncated_answer_is_malformed_or_shorter_but_never_read_past_its_end()
    {
        var whole = new GetResponse { Header = new ResponseHeader { RangeId = 1, Epoch = 1 }, Kv = new KeyValue { Key = "k"u8.ToArray().ToBytes(), Value = new byte[200].ToBytes(), ModRevision = 5 } }.ToByteArray();
        var malformed = 0;
        for (var length = 0; length < whole.Length; length++)
        {
            try
            {
                OperationWire.ReadAnswer(New(OperationKind.Get), whole.AsSpan(0, length));
            }
            catch (FormatException)
            {
                malformed++;
            }
        }
        Assert.True(malformed > 190);
    }

    [Fact]
    public void A_slot_is_not_used_again_before_its_answer_and_then_under_another_id()
    {
        var slots = new SlotTable();
        var operation = New(OperationKind.Get);
        var first = slots.Add(operation);
        var taken = new List<Operation>();
        slots.Take(_ => true, taken);
        Assert.Same(operation, Assert.Single(taken));
        var second = slots.Add(operation);
        Assert.NotEqual(first, second);
        Assert.Null(slots.Answered(first));
        Assert.Throws<FormatException>(() => slots.Answered(first));
        var third = slots.Add(operation);
        Assert.NotEqual(first, third);
        Assert.Same(operation, slots.Answered(third));
        Assert.Same(operation, slots.Answered(second));
    }

    [Fact]
    public void The_lowest_awaited_sequence_passes_none_that_is_awaited()
    {
        var session = new ClientSession(1, 1, 1);
        var random = new Random(5);
        var open = new List<ulong>();
        for (var i = 0; i < 5000; i++)
        {
            if (open.Count == 0 || random.Next(100) < 52) open.Add(session.Take());
            else
            {
                var at = random.Next(open.Count);
                session.Release(open[at]);
                open.RemoveAt(at);
            }
            if (open.Count > 0) Assert.Equal(open.Min(), session.LowestAwaited);
        }
    }

    [Fact]
    public void A_newer_description_of_a_range_displaces_what_it_overlaps()
    {
        var group = new GroupRoute(1);
        var a = new RangeRoute(1, 1, "default", default, "m"u8.ToArray(), group);
        var b = new RangeRoute(2, 1, "default", "m"u8.ToArray(), default, group);
        var map = new Topology("c", 1, FrozenDictionary<ulong, string>.Empty, [b, a]);
        Assert.Same(a, map.Find("default", "a"u8));
        Assert.Same(b, map.Find("default", "m"u8));
        var left = a with { Epoch = 2, End = "g"u8.ToArray() };
        var after = map.With(left);
        Assert.Same(left, after.Find("default", "f"u8));
        Assert.Null(after.Find("default", "h"u8));
        Assert.Same(after, after.With(a));
    }

    [Fact]
    public void A_leader_of_an_older_term_is_not_believed_and_a_denial_is()
    {
        var group = new GroupRoute(1);
        Assert.True(group.Learn(1, 5));
        Assert.False(group.Learn(2, 4));
        Assert.Equal(1UL, group.Leader);
        group.Deny(3, 2);
        Assert.Equal(1UL, group.Leader);
        group.Deny(1, 2);
        Assert.Equal(2UL, group.Leader);
        Assert.False(group.Learn(1, 5));
        group.Deny(2, 2);
        Assert.Equal(0UL, group.Leader);
        Assert.True(group.Learn(3, 6));
        Assert.True(group.Learn(2, 0));
        Assert.False(group.Learn(1, 5));
        Assert.Equal(2UL, group.Leader);
    }

    [Theory]
    [InlineData("http://127.0.0.1:7101,7102,7103", "127.0.0.1:7101 127.0.0.1:7102 127.0.0.1:7103")]
    [InlineData("db:80, https://[::1]:7 ,8", "db:80 [::1]:7 [::1]:8")]
    public void Endpoints_are_written_in_short(string text, string addresses) => Assert.Equal(addresses.Split(' '), Internal.Endpoint.Parse(text).Select(e => e.Address));

    [Theory]
    [InlineData("7101")]
    [InlineData("host")]
    [InlineData("ftp://host:1")]
    [InlineData("http://host:1/path")]
    [InlineData("http://host:99999")]
    [InlineData("http://:1")]
    public void Other_endpoints_are_refused_by_name(string text) => Assert.Contains($"'{text}'", Assert.Throws<KvInvalidArgumentException>(() => Internal.Endpoint.Parse(text)).Message, StringComparison.Ordinal);

    private static IEnumerable<(Operation Ours, Protocol.V1.Operation Theirs)> Writes()
    {
        var key = "key"u8.ToArray().ToBytes();
        yield return (With(OperationKind.Put, o => o.Value = new byte[200]), new() { Put = new PutRequest { Key = key, Value = new byte[200].ToBytes() } });
        yield return (New(OperationKind.Put), new() { Put = new PutRequest { Key = key } });
        yield return (New(OperationKind.Delete), new() { Delete = new DeleteRequest { Key = key } });
        yield return (With(OperationKind.Increment, o => o.Delta = -5), new() { Increment = new IncrementRequest { Key = key, Delta = -5 } });
        yield return (With(OperationKind.Increment, o => o.Delta = long.MinValue), new() { Increment = new IncrementRequest { Key = key, Delta = long.MinValue } });
        yield return (With(OperationKind.CompareAndSwap, o => o.Expectation = ""), new() { CompareAndSwap = new CompareAndSwapRequest { Key = key, Expected = ByteString.Empty, NewValue = ByteString.Empty } });
        yield return (With(OperationKind.CompareAndSwap, o => o.Expectation = KvExpectation.ModRevision(0)), new() { CompareAndSwap = new CompareAndSwapRequest { Key = key, ExpectedModRevision = 0, NewValue = ByteString.Empty } });
        yield return (With(OperationKind.CompareAndSwap, o => (o.Expectation, o.Deletes) = (KvExpectation.ModRevision(900), true)), new() { CompareAndSwap = new CompareAndSwapRequest { Key = key, ExpectedModRevision = 900 } });
        yield return (With(OperationKind.CompareAndSwap, o => o.Value = "v"u8.ToArray()), new() { CompareAndSwap = new CompareAndSwapRequest { Key = key, NewValue = "v"u8.ToArray().ToBytes() } });
    }

    private static Operation With(OperationKind kind, Action<Operation> change)
    {
        var operation = New(kind);
        change(operation);
        return operation;
    }

    private static Operation New(OperationKind kind) => new(new OperationPool(new CompletionQueue())) { Kind = kind, Key = "key"u8.ToArray() };

    private static Operation Read(OperationKind kind, IMessage answer)
    {
        var operation = New(kind);
        OperationWire.ReadAnswer(operation, answer.ToByteArray());
        return operation;
    }

    private static byte[] Serialize(OutgoingRequest request)
    {
        var context = new BufferContext();
        OutgoingRequest.Serialize(request, context);
        return context.Buffer.WrittenSpan.ToArray();
    }

    private sealed class BufferContext : SerializationContext
    {
        public ArrayBufferWriter<byte> Buffer { get; } = new();

        public override void SetPayloadLength(int payloadLength)
        {
        }

        public override IBufferWriter<byte> GetBufferWriter() => Buffer;

        public override void Complete()
        {
        }

        public override void Complete(byte[] payload) => throw new NotSupportedException();
    }
}

internal static class TestBytes
{
    public static ByteString ToBytes(this byte[] bytes) => ByteString.CopyFrom(bytes);
}
