using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Node.Snapshots;
using KvStore.Node.State;

namespace KvStore.Node.Tests.Snapshots;

public class ChunkChecksumTests
{
    private static SnapshotChunk Chunk() => new()
    {
        StreamId = 1, Number = 2, Term = 3, State = new GroupState { GroupId = 4, AppliedIndex = 5 }, Records = { new SnapshotRecord { Stay = 6, Revision = 7, Sub = 8, Record = ByteString.CopyFromUtf8("record bytes") } },
    };

    [Fact]
    public void It_is_the_number_that_the_format_names() => Assert.Equal(ChunkChecksum.Of(Chunk()), ChunkChecksum.Of(SnapshotChunk.Parser.ParseFrom(Chunk().ToByteArray())));

    [Fact]
    public void Every_field_counts()
    {
        Action<SnapshotChunk>[] changes =
        [
            chunk => chunk.StreamId++, chunk => chunk.Number++, chunk => chunk.Term++, chunk => chunk.Done = true, chunk => chunk.State.AppliedIndex++, chunk => chunk.State = null, chunk => chunk.Records[0].Stay++,
            chunk => chunk.Records[0].Revision++, chunk => chunk.Records[0].Sub++, chunk => chunk.Records[0].Record = ByteString.CopyFromUtf8("record byteS"), chunk => chunk.Records.Clear(),
        ];
        var sums = changes.Select(change =>
        {
            var chunk = Chunk();
            change(chunk);
            return ChunkChecksum.Of(chunk);
        }).Append(ChunkChecksum.Of(Chunk())).ToArray();
        Assert.Equal(sums.Length, sums.Distinct().Count());
    }
}
