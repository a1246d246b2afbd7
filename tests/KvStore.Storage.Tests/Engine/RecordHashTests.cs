using KvStore.Storage.Engine;

namespace KvStore.Storage.Tests.Engine;

/// <summary>Where records lie in the hash table of the record store.</summary>
public sealed class RecordHashTests
{
    private const int TagShift = 50;
    private static readonly FasterFunctions.Comparer Comparer = new();

    /// <summary>On disk (docs/formats/engine.md): the numbers that the formula there gives.</summary>
    [Theory]
    [InlineData(1, 1, 0, 0xA974FEB86659FD93)]
    [InlineData(1, 4, 0, 0x22E0FEB86659FD94)]
    [InlineData(7, 1000, 3, 0x3CCF01C243F4B1EC)]
    public void The_hash_is_the_one_of_the_format(ulong stay, ulong revision, uint sub, ulong hash) => Assert.Equal(hash, HashOf(stay, revision, sub));

    [Fact]
    public void Four_revisions_share_a_bucket_and_the_next_four_the_next_one()
    {
        for (ulong revision = 0; revision < 10_000; revision++) Assert.Equal(BucketOf(7, 0) + revision / 4, BucketOf(7, revision));
    }

    [Fact]
    public void The_records_of_a_bucket_differ_in_their_tags()
    {
        var same = 0;
        for (ulong revision = 0; revision < 40_000; revision++)
            if (HashOf(7, revision) >> TagShift == HashOf(7, revision ^ 1) >> TagShift) same++;
        // Two of 16,384 tags are the same by chance 2.4 times in 40,000.
        Assert.InRange(same, 0, 12);
    }

    [Fact]
    public void The_records_of_one_revision_lie_all_over_the_table()
    {
        var buckets = new HashSet<ulong>();
        for (uint sub = 0; sub < 1000; sub++) buckets.Add(BucketOf(7, 1, sub) % 65_536);
        Assert.InRange(buckets.Count, 950, 1000);
    }

    private static ulong BucketOf(ulong stay, ulong revision, uint sub = 0) => HashOf(stay, revision, sub) & ((1UL << TagShift) - 1);

    private static ulong HashOf(ulong stay, ulong revision, uint sub = 0)
    {
        var id = new RecordId(new Stay(stay), new Revision(revision), sub);
        return (ulong)Comparer.GetHashCode64(ref id);
    }
}
