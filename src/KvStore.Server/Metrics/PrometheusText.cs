using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace KvStore.Server.Metrics;

/// <summary>Collects the instruments of the node's meter and prints them in Prometheus' text format (version 0.0.4).</summary>
internal sealed class PrometheusText : IDisposable
{
    // Seconds; from what a read in memory takes up to the default deadline.
    private static readonly double[] Bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private readonly MeterListener _listener = new();
    private readonly object _lock = new();
    // Guarded by _lock.
    private readonly SortedDictionary<string, Family> _families = new(StringComparer.Ordinal);

    public PrometheusText(Meter meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    public string Write()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        lock (_lock)
            foreach (var family in _families.Values) family.Write(text);
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name.Replace('.', '_').Replace('-', '_');
        var labels = Labels(tags);
        lock (_lock)
        {
            if (!_families.TryGetValue(name, out var family)) _families.Add(name, family = new Family(name, instrument));
            family.Record(labels, value);
        }
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty) return "";
        var text = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            var escaped = Convert.ToString(value, CultureInfo.InvariantCulture)!.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(text.Length == 0 ? "" : ",").Append(key).Append("=\"").Append(escaped).Append('"');
        }

        return text.ToString();
    }

    private sealed class Family(string name, Instrument instrument)
    {
        private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);
        private readonly string _type = instrument switch
        {
            Histogram<double> => "histogram",
            Counter<long> or ObservableCounter<long> or ObservableCounter<double> => "counter",
            _ => "gauge",
        };

        private readonly bool _adds = instrument is Counter<long>;

        public void Record(string labels, double value)
        {
            if (!_series.TryGetValue(labels, out var series)) _series.Add(labels, series = new Series(_type == "histogram"));
            if (series.Buckets is not null) series.Observe(value);
            else series.Value = _adds ? series.Value + value : value;
        }

        public void Write(StringBuilder text)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(instrument.Description).Append('\n');
            text.Append("# TYPE ").Append(name).Append(' ').Append(_type).Append('\n');
            foreach (var (labels, series) in _series)
            {
                if (series.Buckets is null) Line(text, name, labels, series.Value);
                else series.Write(text, name, labels);
            }
        }
    }

    private sealed class Series(bool isHistogram)
    {
        public double Value;
        public long[]? Buckets { get; } = isHistogram ? new long[Bounds.Length + 1] : null;
        private double _sum;
        private long _count;

        public void Observe(double value)
        {
            var bucket = Array.BinarySearch(Bounds, value);
            Buckets![bucket >= 0 ? bucket : ~bucket]++;
            _sum += value;
            _count++;
        }

        public void Write(StringBuilder text, string name, string labels)
        {
            long cumulative = 0;
            var prefix = labels.Length == 0 ? "" : labels + ",";
            for (var i = 0; i <= Bounds.Length; i++)
            {
                cumulative += Buckets![i];
                var bound = i == Bounds.Length ? "+Inf" : Bounds[i].ToString(CultureInfo.InvariantCulture);
                Line(text, name + "_bucket", $"{prefix}le=\"{bound}\"", cumulative);
            }

            Line(text, name + "_sum", labels, _sum);
            Line(text, name + "_count", labels, _count);
        }
    }

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }
}
