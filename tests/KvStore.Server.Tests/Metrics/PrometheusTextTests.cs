using System.Diagnostics.Metrics;
using KvStore.Server.Metrics;

namespace KvStore.Server.Tests.Metrics;

public sealed class PrometheusTextTests
{
    [Fact]
    public void Counters_gauges_and_histograms_are_printed_with_type_help_and_labels()
    {
        using var meter = new Meter("test");
        using var text = new PrometheusText(meter);
        var counter = meter.CreateCounter<long>("requests_total", description: "Requests.");
        counter.Add(2, new KeyValuePair<string, object?>("kind", "put"));
        counter.Add(3, new KeyValuePair<string, object?>("kind", "put"));
        counter.Add(1, new KeyValuePair<string, object?>("kind", "a\"b\\c\nd"));
        meter.CreateObservableGauge("ready", () => 1L, description: "Ready.");
        var histogram = meter.CreateHistogram<double>("latency_seconds", description: "Latency.");
        histogram.Record(0.0001);
        histogram.Record(20);
        var lines = text.Write().Split('\n');
        Assert.Contains("# TYPE requests_total counter", lines);
        Assert.Contains("# HELP requests_total Requests.", lines);
        Assert.Contains("requests_total{kind=\"put\"} 5", lines);
        Assert.Contains("requests_total{kind=\"a\\\"b\\\\c\\nd\"} 1", lines);
        Assert.Contains("# TYPE ready gauge", lines);
        Assert.Contains("ready 1", lines);
        Assert.Contains("# TYPE latency_seconds histogram", lines);
        Assert.Contains("latency_seconds_bucket{le=\"0.0001\"} 1", lines);
        Assert.Contains("latency_seconds_bucket{le=\"10\"} 1", lines);
        Assert.Contains("latency_seconds_bucket{le=\"+Inf\"} 2", lines);
        Assert.Contains("latency_seconds_count 2", lines);
    }

    [Fact]
    public void Instruments_of_other_meters_are_left_out()
    {
        using var meter = new Meter("test");
        using var other = new Meter("test");
        using var text = new PrometheusText(meter);
        other.CreateCounter<long>("foreign_total", description: "x").Add(1);
        Assert.DoesNotContain("foreign_total", text.Write(), StringComparison.Ordinal);
    }
}
