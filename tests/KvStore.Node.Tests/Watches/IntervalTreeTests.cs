using System.Text;
using FsCheck;
using FsCheck.Fluent;
using KvStore.Node.Watches;

namespace KvStore.Node.Tests.Watches;

public class IntervalTreeTests
{
    [Fact]
    public void It_finds_what_a_list_finds() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), FindsTheSame).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    private static void FindsTheSame(int seed)
    {
        var random = new Random(seed);
        var tree = new IntervalTree<string>();
        var list = new List<(string Start, string End, ulong Number)>();
        for (ulong number = 1; number <= 200; number++)
        {
            if (list.Count > 0 && random.Next(3) == 0)
            {
                var gone = list[random.Next(list.Count)];
                list.Remove(gone);
                tree.Remove(Bytes(gone.Start), gone.Number);
            }
            else
            {
                var start = Key(random);
                var end = random.Next(4) == 0 ? "" : Key(random);
                if (end.Length > 0 && string.CompareOrdinal(start, end) >= 0) continue;
                list.Add((start, end, number));
                tree.Add(Bytes(start), Bytes(end), number, $"{number}");
            }
            var key = Key(random);
            var found = new List<string>();
            tree.Find(Bytes(key), found);
            var expected = list.Where(i => string.CompareOrdinal(i.Start, key) <= 0 && (i.End.Length == 0 || string.CompareOrdinal(key, i.End) < 0))
                .OrderBy(i => i.Start, StringComparer.Ordinal).ThenBy(i => i.Number).Select(i => $"{i.Number}");
            Assert.Equal(expected, found);
        }
    }

    private static string Key(Random random) => new([.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => "abc"[random.Next(3)])]);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
