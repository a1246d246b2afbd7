using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Protocol.V1;
using KvStore.Server.Session;
using KvStore.Storage.Engine;
using KeyValue = KvStore.Storage.Engine.KeyValue;

namespace KvStore.Server.Tests.Session;

/// <summary>What is written by hand must be what the generated code reads.</summary>
public sealed class ResultBufferTests
{
    private static readonly ulong[] Numbers = [0, 1, 127, 128, 16_383, 16_384, uint.MaxValue, ulong.MaxValue];

    [Fact]
    public void Puts_read_back()
    {
        var buffer = new ResultBuffer(1);
        foreach (var id in Numbers)
            foreach (var revision in Numbers)
                buffer.Put(id, new Revision(revision));
        var expected = from id in Numbers from revision in Numbers select (id, revision);
        Assert.Equal(expected, Parse(buffer).Results.Select(r => (r.Id, r.Put.Revision)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(100_000)]
    public void Gets_read_back(int valueBytes)
    {
        var value = new byte[valueBytes];
        Array.Fill(value, (byte)7);
        var buffer = new ResultBuffer(1);
        foreach (var n in Numbers) buffer.Get(n, true, new KeyValue(default, value, new Revision(n), new Revision(n / 2), n / 3, n / 5, false));
        buffer.Get(9, false, default);
        var results = Parse(buffer).Results;
        for (var i = 0; i < Numbers.Length; i++)
        {
            var kv = results[i].Get.Kv;
            Assert.Equal((Numbers[i], Numbers[i], Numbers[i] / 2, Numbers[i] / 3, Numbers[i] / 5), (results[i].Id, kv.CreateRevision, kv.ModRevision, kv.Version, kv.Lease));
            Assert.Equal(value, kv.Value.ToByteArray());
        }

        Assert.Equal(OperationResult.ResultOneofCase.Get, results[^1].ResultCase);
        Assert.Null(results[^1].Get.Kv);
    }

    [Fact]
    public void Every_status_of_every_write_reads_back()
    {
        foreach (var kind in (OperationKind[])[OperationKind.Put, OperationKind.Delete, OperationKind.CompareAndSwap, OperationKind.Increment])
            foreach (var status in Enum.GetValues<CommandStatus>())
            {
                var buffer = new ResultBuffer(8);
                buffer.Command(5, kind, new CommandResult(status, new Revision(6), true, -7));
                var result = Assert.Single(Parse(buffer).Results);
                Assert.Equal(5ul, result.Id);
                var done = status is CommandStatus.Ok or CommandStatus.Mismatch;
                Assert.Equal(done ? kind.ToString() : nameof(OperationResult.ResultOneofCase.Error), result.ResultCase.ToString());
                if (result.ResultCase == OperationResult.ResultOneofCase.Increment) Assert.Equal((-7L, 6ul), (result.Increment.Value, result.Increment.Revision));
                if (status == CommandStatus.SessionExpired) Assert.True(result.Error.OutcomeUnknown);
            }
    }

    [Fact]
    public void An_error_carries_the_descriptor_and_the_leader()
    {
        var buffer = new ResultBuffer(8);
        var range = new Node.Placement.RangeDescriptor(new RangeId(3), 4, new Raft.GroupId(5), KeyspaceId.Default, new byte[] { 1 }, new byte[] { 2 });
        buffer.Error(1, new NodeError(NodeErrorCode.EpochNotMatch, "moved") { Range = range, LeaderNode = new Raft.NodeId(6), RetryAfter = TimeSpan.FromMilliseconds(7) });
        var error = Parse(buffer).Results[0].Error;
        Assert.Equal((ErrorCode.EpochNotMatch, "moved", 3ul, 4ul, 5ul, 6ul, 7u), (error.Code, error.Message, error.Range.RangeId, error.Range.Epoch, error.Range.Group, error.LeaderNode, error.RetryAfterMs));
    }

    [Fact]
    public void Error_codes_are_the_same_on_both_sides() =>
        Assert.Equal(
            Enum.GetValues<ErrorCode>().Where(c => c != ErrorCode.Unspecified).Select(c => ((int)c, c.ToString())),
            Enum.GetValues<NodeErrorCode>().Select(c => ((int)c, c.ToString())));

    private static SessionResponse Parse(ResultBuffer buffer)
    {
        var response = SessionResponse.Parser.ParseFrom(buffer.Written);
        buffer.Release();
        return response;
    }
}
