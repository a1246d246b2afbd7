using System.Text;
using KvStore.Storage.Engine;

namespace KvStore.Storage.Tests.Engine;

/// <summary>A sequence of transactions that is a function of its seed, so that what a range holds at any revision can be said without having seen the writer.</summary>
internal sealed class KnownWrites(ulong seed, int keys)
{
    private readonly Dictionary<string, List<Version>> _versions = [];
    private ulong _known;

    public sealed record Version(ulong Revision, uint Sub, string? Value, ulong Create, ulong Number);

    public int Keys => keys;

    public static string KeyOf(int number) => $"key/{number:0000}";

    /// <summary>One to three writes of different keys; a null value deletes.</summary>
    public IEnumerable<(string Key, string? Value)> Of(ulong revision)
    {
        var dice = Mix(seed ^ revision * 0x9E3779B97F4A7C15);
        var (first, count) = ((int)(dice % (ulong)keys), (int)(dice >> 20) % 3 + 1);
        for (var i = 0; i < count; i++)
        {
            var own = Mix(dice + (ulong)i);
            yield return (KeyOf((first + i * keys / 3) % keys), own % 5 == 0 ? null : $"{revision}.{i}-{new string('x', (int)(own >> 40) % 300)}");
        }
    }

    /// <summary>Writes and publishes a revision.</summary>
    public void Apply(RangeStore range, ulong revision)
    {
        uint sub = 0;
        foreach (var (key, value) in Of(revision))
        {
            var isWritten = true;
            if (value is null) isWritten = range.Delete(Encoding.UTF8.GetBytes(key), new Revision(revision), sub);
            else range.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), new Revision(revision), sub, 0);
            if (isWritten) sub++;
        }

        range.Publish(new Revision(revision));
    }

    /// <summary>Works the model out up to a revision. Readers may run beside each other only afterwards.</summary>
    public KnownWrites Until(ulong revision)
    {
        while (_known < revision)
        {
            _known++;
            uint sub = 0;
            foreach (var (key, value) in Of(_known))
            {
                if (!_versions.TryGetValue(key, out var versions)) _versions.Add(key, versions = []);
                var before = versions.LastOrDefault();
                if (value is null && before?.Value is null) continue;
                versions.Add(new Version(_known, sub++, value, value is null ? 0 : before?.Value is null ? _known : before.Create, value is null ? 0 : before?.Value is null ? 1 : before.Number + 1));
            }
        }

        return this;
    }

    /// <summary>What is visible of a key at a revision; null: nothing.</summary>
    public Version? At(string key, ulong revision)
    {
        if (!_versions.TryGetValue(key, out var versions)) return null;
        var (low, high) = (0, versions.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (versions[middle].Revision <= revision) low = middle + 1;
            else high = middle;
        }

        return low > 0 && versions[low - 1].Value is not null ? versions[low - 1] : null;
    }

    /// <summary>All live keys at a revision in order.</summary>
    public IEnumerable<(string Key, Version Version)> AllAt(ulong revision)
    {
        for (var i = 0; i < keys; i++)
            if (At(KeyOf(i), revision) is { } version) yield return (KeyOf(i), version);
    }

    /// <summary>How many records the revisions in (after, through] left.</summary>
    public IEnumerable<(ulong Revision, uint Sub)> Written(ulong after, ulong through) =>
        _versions.Values.SelectMany(versions => versions).Where(v => v.Revision > after && v.Revision <= through).Select(v => (v.Revision, v.Sub)).Order();

    /// <summary>The range holds exactly what was written up to its revision, at every revision that is looked at.</summary>
    public void Check(RangeStore range)
    {
        var (newest, compacted) = (range.Revision.Value, range.CompactRevision.Value);
        Until(newest);
        foreach (var at in new[] { compacted, compacted + (newest - compacted) / 2, newest })
            AssertSame(AllAt(at).Select(Show), GroupStoreTests.All(range, at));
        using var snapshot = range.Snapshot(null, SnapshotHistory.All);
        AssertSame(Written(compacted, newest), snapshot.Records(new Revision(compacted + 1)).Select(r => (r.Id.Revision.Value, r.Id.Sub)));
    }

    public static (string, string, ulong, ulong, ulong) Show((string Key, Version Version) of) => (of.Key, of.Version.Value!, of.Version.Create, of.Version.Revision, of.Version.Number);

    /// <summary>Says the first difference; Assert.Equal compares tuples by reflection, too slow for thousands.</summary>
    public static void AssertSame<T>(IEnumerable<T> expected, IEnumerable<T> actual)
    {
        var (left, right) = (expected.ToList(), actual.ToList());
        var at = 0;
        while (at < left.Count && at < right.Count && EqualityComparer<T>.Default.Equals(left[at], right[at])) at++;
        Assert.True(at == left.Count && at == right.Count, $"{left.Count} were expected and {right.Count} found; number {at} is {right.ElementAtOrDefault(at)} instead of {left.ElementAtOrDefault(at)}");
    }

    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
