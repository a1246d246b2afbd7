using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Tests.Engine;

public sealed class LogSegmentTests
{
    private const int BlockBytes = 128 << 10;

    private readonly RecordingFile _file = new();
    private readonly LogSegment _segment;

    public LogSegmentTests() => _segment = new LogSegment(_file);

    [Fact]
    public void The_first_read_of_a_block_brings_all_of_it_and_later_ones_nothing()
    {
        Write(0, 4 * BlockBytes);
        Assert.Equal([BlockBytes], AheadAfterReading(BlockBytes + 5000, 100));
        Assert.Empty(AheadAfterReading(BlockBytes + 100_000, 4096));
        Assert.Equal([2 * BlockBytes], AheadAfterReading(2 * BlockBytes - 10, 20));
        Assert.Equal([0, 3 * BlockBytes], AheadAfterReading(0, 4 * BlockBytes));
    }

    [Fact]
    public void A_block_that_is_written_again_is_brought_again()
    {
        Write(0, 8192);
        Assert.Equal([0], AheadAfterReading(0, 100));
        Write(8192, 4096);
        Assert.Equal([0], AheadAfterReading(9000, 100));
    }

    [Fact]
    public void What_was_written_before_the_start_is_read_as_it_is_wanted()
    {
        _file.WriteAt(new byte[3 * BlockBytes], 0);
        Assert.Empty(AheadAfterReading(BlockBytes, 4096));
        Write(2 * BlockBytes, BlockBytes);
        Assert.Empty(AheadAfterReading(0, 4096));
        Assert.Empty(AheadAfterReading(5 * BlockBytes, 4096));
    }

    [Fact]
    public void A_write_is_whole_and_durable_when_it_returns()
    {
        Write(4096, 3 * BlockBytes + 4096);
        Assert.Equal(1, _file.Syncs);
        Assert.Equal(4096 + 3 * BlockBytes + 4096, _file.Length);
        var read = new byte[3 * BlockBytes + 4096];
        Assert.Equal(read.Length, _segment.Read(read, 4096));
        Assert.Equal(Bytes(4096, read.Length), read);
    }

    private static byte[] Bytes(long at, int length) => [.. Enumerable.Range(0, length).Select(i => (byte)((at + i) * 7 / 5))];

    private void Write(long at, int length) => _segment.Write(Bytes(at, length), at);

    private IEnumerable<long> AheadAfterReading(long at, int length)
    {
        _file.Ahead.Clear();
        _segment.Read(new byte[length], at);
        return _file.Ahead;
    }

    private sealed class RecordingFile : IFile
    {
        private readonly IFile _inner = new MemoryFileSystem().Open("/a", FileOpen.CreateNew);

        public List<long> Ahead { get; } = [];

        public int Syncs { get; private set; }

        public string Path => _inner.Path;

        public long Length => _inner.Length;

        public int ReadAt(Span<byte> buffer, long offset) => _inner.ReadAt(buffer, offset);

        public void WriteAt(ReadOnlySpan<byte> data, long offset) => _inner.WriteAt(data, offset);

        public void ReadAhead(long offset, long length)
        {
            Assert.Equal(BlockBytes, length);
            Ahead.Add(offset);
        }

        public void Sync()
        {
            Syncs++;
            _inner.Sync();
        }

        public void Allocate(long length) => _inner.Allocate(length);

        public void Truncate(long length) => _inner.Truncate(length);

        public void Dispose() => _inner.Dispose();
    }
}
