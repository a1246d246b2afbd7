using System.Text;
using KvStore.Node.Placement;

namespace KvStore.Node.Tests.Placement;

public sealed class StableHashTests
{
    [Theory]
    [InlineData("", 0xEF46DB3751D8E999)]
    [InlineData("a", 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1)]
    public void It_is_xxh64(string text, ulong expected) => Assert.Equal(expected, StableHash.Compute(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Two_numbers_hash_as_their_sixteen_bytes() =>
        Assert.Equal(StableHash.Compute([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]), StableHash.Compute(1, 2));
}
