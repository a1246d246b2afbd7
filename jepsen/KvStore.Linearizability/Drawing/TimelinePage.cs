using System.Globalization;
using System.Net;

namespace KvStore.Linearizability.Drawing;

/// <summary>The page itself. It is also well-formed XML, loads nothing and runs nothing. Everything that comes from the history goes through <see cref="Text"/>.</summary>
internal sealed class TimelinePage(CheckResult result, TimelineSelection selection, TimelineLayout layout)
{
    private const int RowHeight = 28;
    private const int BarHeight = 22;
    private const int AxisHeight = 24;
    private const int NameWidth = 110;

    private const string Style = """
        body { font: 14px/1.4 system-ui, sans-serif; margin: 16px; color: #222; background: #fff; }
        pre { background: #f5f5f5; padding: 8px; overflow-x: auto; white-space: pre-wrap; }
        .legend span { padding: 1px 8px; margin-right: 8px; border: 1px solid #999; border-radius: 3px; }
        .scroll { overflow-x: auto; border: 1px solid #ccc; }
        .chart { position: relative; }
        .name { position: sticky; left: 0; z-index: 3; box-sizing: border-box; padding: 4px 8px; background: #fff; border-right: 1px solid #ccc; border-top: 1px solid #eee; }
        .tick { position: absolute; top: 2px; font-size: 11px; color: #777; border-left: 1px solid #ccc; padding-left: 3px; white-space: nowrap; }
        .bar { position: absolute; box-sizing: border-box; padding: 1px 5px; font: 12px/18px ui-monospace, monospace; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
        .bar { border: 1px solid #999; border-radius: 3px; scroll-margin: 200px; }
        .other { background: #eee; }
        .placed { background: #dcecff; border-color: #6a9bd1; }
        .neighbour { background: #fff3c4; border-color: #c99a00; }
        .source { background: #e3d4f7; border-color: #7a4fb5; }
        .offending { background: #d62728; border-color: #7f0f10; color: #fff; font-weight: bold; z-index: 2; }
        .unknown { border-style: dashed; border-right-style: none; border-radius: 3px 0 0 3px; }
        .failed { text-decoration: line-through; color: #777; }
        """;

    public void Write(TextWriter writer)
    {
        WriteHead(writer);
        WriteSummary(writer);
        WriteChart(writer);
        writer.WriteLine("</body>\n</html>");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private void WriteHead(TextWriter writer)
    {
        writer.WriteLine("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>");
        writer.WriteLine("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>");
        writer.WriteLine($"<title>{result.Verdict}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>");
    }

    private void WriteSummary(TextWriter writer)
    {
        writer.WriteLine($"<h1>{result.Verdict}</h1>\n<pre id=\"summary\">{Text(result.ToString())}</pre>");
        writer.WriteLine($"<p id=\"subject\">Drawn: {Text(selection.Subject)}, {selection.Bars.Count} operations{(selection.LeftOut > 0 ? $"; {selection.LeftOut} farther ones are left out" : "")}.");
        writer.WriteLine("Each bar spans call to return. The axis keeps the order of calls and returns, not their distances. Point at a bar for its exact times.</p>");
        if (result.Violation is null) return;
        writer.WriteLine("<p class=\"legend\"><a href=\"#offending\">Go to the operation that cannot be placed</a></p>");
        writer.WriteLine("<p class=\"legend\"><span class=\"offending\">cannot be placed</span><span class=\"source\">wrote a value that it saw</span>"
            + "<span class=\"neighbour\">ran at the same time, or of unknown outcome</span><span class=\"placed\">placed; its number says where</span><span class=\"other\">other</span></p>");
    }

    private void WriteChart(TextWriter writer)
    {
        var height = AxisHeight + (layout.Rows * RowHeight);
        writer.WriteLine($"<div class=\"scroll\"><div class=\"chart\" style=\"width:{NameWidth + layout.Width}px;height:{height}px;padding-top:{AxisHeight}px;box-sizing:border-box\">");
        foreach (var (time, left) in layout.Ticks) writer.WriteLine($"<div class=\"tick\" style=\"left:{NameWidth + left}px;height:{height}px\">{Since(time)}</div>");
        foreach (var client in layout.Clients) writer.WriteLine($"<div class=\"name\" style=\"width:{NameWidth}px;height:{client.Rows * RowHeight}px\">client {client.Client}</div>");
        foreach (var placed in layout.Bars) WriteBar(writer, placed);
        writer.WriteLine("</div></div>");
    }

    private void WriteBar(TextWriter writer, PlacedBar placed)
    {
        var (bar, top) = (placed.Bar, AxisHeight + (placed.Row * RowHeight) + ((RowHeight - BarHeight) / 2));
        var id = bar.Role is BarRole.Offending ? " id=\"offending\"" : "";
        writer.Write($"<div{id} class=\"bar {Class(bar)}\" style=\"left:{NameWidth + placed.Left}px;top:{top}px;width:{placed.Width}px;height:{BarHeight}px\" ");
        writer.WriteLine($"title=\"{Text(Title(bar))}\">{Text(bar.Label)}</div>");
    }

    private static string Class(TimelineBar bar)
    {
        var role = bar.Role switch
        {
            BarRole.Offending => "offending",
            BarRole.Source => "source",
            BarRole.Neighbour => "neighbour",
            BarRole.Placed => "placed",
            _ => "other",
        };
        return bar.Operation.Outcome switch
        {
            Outcome.Unknown => $"{role} unknown",
            Outcome.Failed => $"{role} failed",
            _ => role,
        };
    }

    private string Title(TimelineBar bar)
    {
        var title = $"{bar.Operation}\ncalled {Since(bar.Operation.Call)}";
        if (bar.Operation.Return is { } at) title += $", returned {Since(at)}";
        return bar.Place > 0 ? $"{title}\nplace {bar.Place} in the order found; after it: {bar.StateAfter}" : title;
    }

    /// <summary>Milliseconds since the first call that is drawn.</summary>
    private string Since(long nanoseconds) =>
        string.Create(CultureInfo.InvariantCulture, $"+{((double)nanoseconds - layout.Ticks[0].Time) / 1e6:F3} ms");
}
