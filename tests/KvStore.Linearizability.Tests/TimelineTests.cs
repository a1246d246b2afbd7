using System.Xml;
using System.Xml.Linq;

namespace KvStore.Linearizability.Tests;

public sealed class TimelineTests
{
    private static readonly Operation WriteOld = Operation.Put(1, "x", "old", call: 0).Returned(at: 10);
    private static readonly Operation WriteNew = Operation.Put(2, "x", "new", call: 20).Returned(at: 30);
    private static readonly Operation StaleRead = Operation.Get(3, "x", call: 40).ReturnedValue("old", at: 60);
    private static readonly Operation FreshRead = Operation.Get(1, "x", call: 50).ReturnedValue("new", at: 70);
    private static readonly Operation ElsewhereWrite = Operation.Put(4, "y", "new", call: 45).Returned(at: 55);

    [Fact]
    public void The_operation_that_cannot_be_placed_is_marked_and_so_are_the_write_it_saw_and_its_neighbours()
    {
        var page = Draw([WriteOld, WriteNew, StaleRead, FreshRead, ElsewhereWrite]);

        Assert.Equal("NotLinearizable", page.Descendants("h1").Single().Value);
        Assert.Equal("offending", page.Descendants("div").Single(d => (string?)d.Attribute("id") == "offending").Attribute("class")!.Value.Split(' ')[1]);
        Assert.Equal("""get "x" = "old" """.Trim(), BarOfRole(page, "offending").Value);
        Assert.Contains("""put "x" "old" """.Trim(), BarOfRole(page, "source").Value);
        Assert.Equal("""get "x" = "new" """.Trim(), BarOfRole(page, "neighbour").Value.Split(" · ")[^1]);
        Assert.Equal("""2 · put "x" "new" """.Trim(), BarOfRole(page, "placed").Value);
        Assert.DoesNotContain(Bars(page), b => b.Value.Contains("\"y\""));
    }

    [Fact]
    public void Nothing_from_the_history_becomes_markup()
    {
        const string key = "<script>alert(1)</script>";
        const string value = "\"><img src='x' onerror=\"alert(2)\"/>&amp;\u0001";

        var page = Draw([Operation.Put(1, key, "a", 0).Returned(10), Operation.Get(2, key, 20).ReturnedValue(value, 30)]);

        Assert.DoesNotContain(page.Descendants(), e => e.Name.LocalName is "script" or "img");
        Assert.DoesNotContain(page.Descendants().Attributes(), a => a.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase));
        var offending = BarOfRole(page, "offending");
        Assert.Contains(key, offending.Value);
        Assert.Contains("<img src='x'", offending.Value);
        Assert.Contains("&amp;", offending.Attribute("title")!.Value);
    }

    [Fact]
    public void The_page_loads_nothing_and_runs_nothing()
    {
        var page = Draw([WriteOld, WriteNew, StaleRead]);

        Assert.DoesNotContain(page.Descendants(), e => e.Name.LocalName is "script" or "link" or "iframe" or "img");
        Assert.Empty(page.Descendants().Attributes("src"));
        Assert.All(page.Descendants().Attributes("href"), link => Assert.StartsWith("#", link.Value));
        Assert.DoesNotContain("url(", page.Descendants("style").Single().Value);
    }

    [Fact]
    public void A_legal_history_has_all_its_bars_and_none_that_offends()
    {
        var page = Draw([WriteOld, WriteNew, FreshRead, ElsewhereWrite]);

        Assert.Equal("Linearizable", page.Descendants("h1").Single().Value);
        Assert.Equal(4, Bars(page).Count);
        Assert.All(Bars(page), b => Assert.Equal("bar other", b.Attribute("class")!.Value));
        Assert.Equal(["client 1", "client 2", "client 4"], page.Descendants("div").Where(d => (string?)d.Attribute("class") == "name").Select(d => d.Value));
    }

    [Fact]
    public void An_empty_history_is_a_page_without_bars() => Assert.Empty(Bars(Draw([])));

    [Fact]
    public void Of_an_undecided_history_the_undecided_key_is_drawn()
    {
        var history = History.Of([ElsewhereWrite, WriteOld, Operation.Get(5, "x", 12).ReturnedValue("old", 15)]);
        var full = LinearizabilityChecker.Check(history);
        var result = full with { Verdict = Verdict.Unknown, Unresolved = [new Unresolved(["x"], UnresolvedReason.Memory)] };

        var page = Draw(result);

        Assert.Equal(2, Bars(page).Count);
        Assert.Contains("the memory limit was reached", page.Descendants("pre").Single().Value);
        Assert.Contains("undecided: \"x\"", page.Descendants("p").First().Value);
    }

    [Fact]
    public void Bars_overlap_exactly_where_the_operations_do()
    {
        var operations = new HistoryGenerator(7).Legal(new HistoryShape { Operations = 120, Clients = 5, Keys = 2, Kinds = [OperationKind.Get, OperationKind.Put] });

        var bars = Bars(Draw(operations)).Select(Extent).ToList();

        var byCall = operations.OrderBy(o => o.Call).ToList();
        var extents = byCall.Select(o => bars.Single(b => b.Title.StartsWith(o.ToString(), StringComparison.Ordinal))).ToList();
        for (var i = 0; i < byCall.Count; i++)
        {
            for (var j = 0; j < byCall.Count; j++)
            {
                Assert.Equal(byCall[i].Return < byCall[j].Call, extents[i].Right < extents[j].Left);
            }
        }
    }

    [Fact]
    public void An_operation_of_unknown_outcome_reaches_to_the_end_and_its_client_goes_on_beneath()
    {
        var page = Draw([Operation.Put(1, "x", 1, call: 0), Operation.Get(1, "x", call: 10).ReturnedValue(Value.Absent, 20), Operation.Get(2, "x", call: 30).ReturnedValue(1, 40)]);

        var unknown = Extent(Bars(page).Single(b => b.Attribute("class")!.Value.Contains("unknown")));
        var following = Extent(Bars(page).Single(b => b.Value.Contains("absent")));
        Assert.All(Bars(page).Select(Extent), b => Assert.True(b.Right <= unknown.Right));
        Assert.True(following.Top > unknown.Top);
    }

    [Fact]
    public void A_failed_operation_is_drawn_as_such() =>
        Assert.Equal("bar other failed", Bars(Draw([Operation.Put(1, "x", 1, 0).Failed(10)])).Single().Attribute("class")!.Value);

    [Fact]
    public void Of_a_long_history_the_part_around_the_offending_operation_is_drawn_with_the_far_write_that_it_saw()
    {
        var operations = new List<Operation>();
        for (var i = 0; i < 5000; i++) operations.Add(Operation.Put(1, "x", i, call: i * 10).Returned(at: (i * 10) + 5));
        operations.Insert(4000, Operation.Get(2, "x", call: 40_006).ReturnedValue(17, at: 40_008));

        var page = Draw(operations);

        Assert.InRange(Bars(page).Count, 200, 320);
        Assert.Equal("18 · put \"x\" 17", BarOfRole(page, "source").Value);
        Assert.Contains($"{5001 - Bars(page).Count} farther ones are left out", page.Descendants("p").First().Value);
    }

    [Fact]
    public void Every_known_illegal_history_has_a_timeline_with_one_offending_operation()
    {
        foreach (var (file, _, verdict) in KnownHistories.All())
        {
            if (verdict is not Verdict.NotLinearizable) continue;
            var result = LinearizabilityChecker.Check(History.Read(KnownHistories.PathOf(file)));
            Assert.StartsWith(result.Operation!.ToString(), BarOfRole(Draw(result), "offending").Attribute("title")!.Value);
        }
    }

    private static XElement Draw(List<Operation> operations) => Draw(LinearizabilityChecker.Check(History.Of(operations)));

    /// <summary>The page as a tree: a page that is not well formed fails here.</summary>
    private static XElement Draw(CheckResult result)
    {
        using var text = new StringWriter();
        Timeline.Write(result, text);
        using var reader = XmlReader.Create(new StringReader(text.ToString()), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XElement.Load(reader);
    }

    private static List<XElement> Bars(XElement page) =>
        [.. page.Descendants("div").Where(d => ((string?)d.Attribute("class"))?.StartsWith("bar ", StringComparison.Ordinal) == true)];

    private static XElement BarOfRole(XElement page, string role) => Bars(page).Single(b => b.Attribute("class")!.Value.Split(' ')[1] == role);

    private static (string Title, int Left, int Right, int Top) Extent(XElement bar)
    {
        var style = bar.Attribute("style")!.Value.Split(';').Select(s => s.Split(':')).ToDictionary(s => s[0], s => s[1]);
        var left = Pixels("left");
        return (bar.Attribute("title")!.Value, left, left + Pixels("width"), Pixels("top"));

        int Pixels(string name) => int.Parse(style[name].Replace("px", ""));
    }
}
