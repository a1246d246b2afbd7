using System.Globalization;
using System.Net;
using System.Text;
using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Reports;

/// <summary>Draws how long operations took, and which share of them succeeded, over the time of a run, with the faults shaded.</summary>
internal static class LatencyChart
{
    private const int Left = 76, Top = 40, Width = 1100, PlotHeight = 320, StripTop = 400, StripHeight = 60, Height = 500;
    private const int PointsMax = 6_000;
    private const int Slices = 200;
    private const double LeastMilliseconds = 0.1;
    private const double Decades = 5;

    private static readonly string[] Shades = ["#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#e377c2"];

    public static string Draw(IReadOnlyList<Entry> entries, IReadOnlyList<Fault> faults)
    {
        var end = Math.Max(1_000_000_000L, Math.Max(entries.Select(e => e.Return).DefaultIfEmpty().Max(), faults.Select(f => f.End ?? f.Begin).DefaultIfEmpty().Max()));
        var svg = new StringBuilder();
        Add(svg, $"""<svg xmlns="http://www.w3.org/2000/svg" width="{Left + Width + 20}" height="{Height}" font-family="system-ui, sans-serif" font-size="12">""");
        Add(svg, $"""<rect width="100%" height="100%" fill="#fff"/>""");
        DrawFaults(svg, faults, end);
        DrawAxes(svg, end);
        DrawPoints(svg, entries, end);
        DrawAvailability(svg, entries, end);
        Add(svg, $"</svg>");
        return svg.ToString();
    }

    private static void DrawFaults(StringBuilder svg, IReadOnlyList<Fault> faults, long end)
    {
        var names = faults.Select(f => f.Nemesis).Distinct().ToList();
        foreach (var fault in faults)
        {
            var (from, to) = (X(fault.Begin, end), X(fault.End ?? end, end));
            Add(svg, $"""<rect class="fault" x="{from:F1}" y="{Top}" width="{Math.Max(1.5, to - from):F1}" height="{StripTop + StripHeight - Top}" fill="{Shade(fault.Nemesis)}" fill-opacity="0.16"><title>{WebUtility.HtmlEncode(fault.What)}, {fault.Begin / 1e9:F1} s</title></rect>""");
        }

        var x = Left;
        foreach (var name in names)
        {
            Add(svg, $"""<rect x="{x}" y="12" width="14" height="14" fill="{Shade(name)}" fill-opacity="0.4"/><text x="{x + 18}" y="23">{WebUtility.HtmlEncode(name)}</text>""");
            x += 40 + (8 * name.Length);
        }

        string Shade(string name) => Shades[names.IndexOf(name) % Shades.Length];
    }

    private static void DrawAxes(StringBuilder svg, long end)
    {
        for (var decade = 0; decade <= Decades; decade++)
        {
            var milliseconds = LeastMilliseconds * Math.Pow(10, decade);
            Add(svg, $"""<line x1="{Left}" x2="{Left + Width}" y1="{Y(milliseconds):F1}" y2="{Y(milliseconds):F1}" stroke="#ddd"/><text x="{Left - 6}" y="{Y(milliseconds) + 4:F1}" text-anchor="end">{milliseconds:0.#} ms</text>""");
        }

        var step = Math.Max(1, (long)Math.Ceiling(end / 1e9 / 12));
        for (var second = 0L; second * 1_000_000_000 <= end; second += step)
            Add(svg, $"""<text x="{X(second * 1_000_000_000, end):F1}" y="{Height - 12}" text-anchor="middle">{second} s</text>""");
        Add(svg, $"""<text x="{Left}" y="{StripTop - 8}">share of operations that succeeded (white: none ended)</text>""");
    }

    private static void DrawPoints(StringBuilder svg, IReadOnlyList<Entry> entries, long end)
    {
        var step = Math.Max(1, entries.Count(e => e.Outcome == Outcome.Completed) / PointsMax);
        var done = 0;
        foreach (var entry in entries)
        {
            if (entry.Outcome == Outcome.Completed && done++ % step != 0) continue;
            var color = entry.Outcome switch
            {
                Outcome.Completed => "#2a6fb0",
                Outcome.Failed => "#d62728",
                _ => "#ff9900",
            };
            Add(svg, $"""<circle cx="{X(entry.Call, end):F1}" cy="{Y((entry.Return - entry.Call) / 1e6):F1}" r="1.4" fill="{color}"/>""");
        }

        Add(svg, $"""<text x="{Left + Width}" y="23" text-anchor="end"><tspan fill="#2a6fb0">● done</tspan> <tspan fill="#d62728">● failed</tspan> <tspan fill="#ff9900">● unknown</tspan></text>""");
    }

    private static void DrawAvailability(StringBuilder svg, IReadOnlyList<Entry> entries, long end)
    {
        var (done, ended) = (new int[Slices], new int[Slices]);
        foreach (var entry in entries)
        {
            var slice = (int)Math.Min(Slices - 1, entry.Return * Slices / end);
            ended[slice]++;
            if (entry.Outcome == Outcome.Completed) done[slice]++;
        }

        for (var slice = 0; slice < Slices; slice++)
        {
            if (ended[slice] == 0) continue;
            var share = (double)done[slice] / ended[slice];
            Add(svg, $"""<rect x="{Left + ((double)Width * slice / Slices):F1}" y="{StripTop + (StripHeight * (1 - share)):F1}" width="{(double)Width / Slices:F2}" height="{StripHeight * share:F1}" fill="#2ca02c"/>""");
            if (share < 1) Add(svg, $"""<rect x="{Left + ((double)Width * slice / Slices):F1}" y="{StripTop}" width="{(double)Width / Slices:F2}" height="{StripHeight * (1 - share):F1}" fill="#d62728" fill-opacity="0.5"/>""");
        }
    }

    private static double X(long nanoseconds, long end) => Left + (Width * ((double)nanoseconds / end));

    private static double Y(double milliseconds) =>
        Top + (PlotHeight * (1 - (Math.Clamp(Math.Log10(Math.Max(milliseconds, LeastMilliseconds) / LeastMilliseconds), 0, Decades) / Decades)));

    private static void Add(StringBuilder svg, FormattableString line) => svg.AppendLine(line.ToString(CultureInfo.InvariantCulture));
}
