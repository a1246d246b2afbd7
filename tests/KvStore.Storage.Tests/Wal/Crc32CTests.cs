namespace KvStore.Storage.Tests.Wal;

public sealed class Crc32CTests
{
    [Fact]
    public void Long_data_has_the_checksum_that_its_bytes_have_one_by_one()
    {
        var data = new byte[10_000];
        new Random(1).NextBytes(data);
        foreach (var (start, length) in new[] { (0, 0), (0, 7), (1, 2015), (0, 2016), (3, 2017), (5, 4032), (2, 4096), (0, 10_000) })
        {
            var slice = data.AsSpan(start, length);
            var expected = 0x12345678u;
            foreach (var each in slice) expected = Crc32C.Append(expected, [each]);
            Assert.Equal(expected, Crc32C.Append(0x12345678u, slice));
        }
    }
}
