using System.Xml.Linq;
using KvStore.Client;
using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Reports;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Tests.Reports;

public sealed class ReportTests
{
    private static readonly GroupMap Groups = GroupMap.From(new KvClusterMap("", 1, 1, [], [],
        [new KvRangePlace(1, 1, 11, "default", new KvRange("", "n")), new KvRangePlace(2, 1, 12, "default", new KvRange("n", ""))]));

    [Fact]
    public void The_chart_is_well_formed_and_shades_each_fault()
    {
        var faults = new[] { new Fault("kill", "kill <node> 1", 1_000_000_000) { End = 2_000_000_000 }, new Fault("pause", "pause node 2", 3_000_000_000) };
        var chart = XDocument.Parse(LatencyChart.Draw([Put("a", 0, 5_000_000), Put("a", 900_000_000, 4_000_000_000) with { Outcome = Outcome.Unknown }], faults));
        var shaded = chart.Descendants().Where(e => (string?)e.Attribute("class") == "fault").ToList();
        Assert.Equal(["kill <node> 1, 1.0 s", "pause node 2, 3.0 s"], shaded.Select(e => e.Value));
        Assert.Equal(2, chart.Descendants().Count(e => e.Name.LocalName == "circle"));
    }

    [Fact]
    public void A_chart_of_nothing_is_well_formed() => XDocument.Parse(LatencyChart.Draw([], []));

    [Fact]
    public void Failover_ends_with_the_first_acknowledged_write_of_the_group_that_was_called_after_the_kill()
    {
        var fault = new Fault("kill", "kill node 1", 1_000_000_000) { LeaderlessGroups = [12] };
        Entry[] entries =
        [
            Put("x", 900_000_000, 1_100_000_000),
            Put("a", 1_000_000_000, 1_200_000_000),
            Put("x", 1_100_000_000, 1_300_000_000) with { Outcome = Outcome.Failed },
            Put("x", 1_200_000_000, 1_700_000_000),
            Put("x", 1_900_000_000, 1_950_000_000),
        ];
        Assert.Equal([TimeSpan.FromMilliseconds(700)], FailoverTimes.Of([fault], entries, Groups).Times);
    }

    private static Entry Put(string key, long call, long end) => new() { Client = 1, Key = key, Op = "put", In = "v", Call = call, Return = end, Outcome = Outcome.Completed };
}
