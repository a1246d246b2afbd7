namespace KvStore.Node.Placement;

/// <summary>
/// A consistent hash ring: each member stands at <see cref="PointsPerMember"/> places, XXH64(member, point); a key belongs to the members clockwise from XXH64(key, all ones).
/// Frozen by golden tests: every version must place the same.
/// </summary>
internal sealed class HashRing
{
    /// <summary>With this many the shares of members differ by about a tenth.</summary>
    public const int PointsPerMember = 128;
    private const ulong KeyMark = ulong.MaxValue;

    private readonly (ulong Place, ulong Member)[] points;
    private readonly int members;

    public HashRing(IEnumerable<ulong> members)
    {
        var distinct = members.Distinct().ToList();
        this.members = distinct.Count;
        points = distinct.SelectMany(m => Enumerable.Range(0, PointsPerMember).Select(i => (StableHash.Compute(m, (ulong)i), m))).ToArray();
        Array.Sort(points, static (a, b) => a.Place != b.Place ? a.Place.CompareTo(b.Place) : a.Member.CompareTo(b.Member));
    }

    /// <summary>All members, in the order in which the key prefers them.</summary>
    public IReadOnlyList<ulong> Preference(ulong key)
    {
        var place = StableHash.Compute(key, KeyMark);
        var start = Array.FindIndex(points, p => p.Place >= place);
        if (start < 0) start = 0;
        var seen = new HashSet<ulong>();
        var preference = new List<ulong>(members);
        for (var i = 0; preference.Count < members; i++)
        {
            var member = points[(start + i) % points.Length].Member;
            if (seen.Add(member)) preference.Add(member);
        }
        return preference;
    }
}
