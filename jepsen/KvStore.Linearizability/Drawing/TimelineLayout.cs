namespace KvStore.Linearizability.Drawing;

/// <summary>A bar's place on the page, in pixels; rows count from 0.</summary>
internal readonly record struct PlacedBar(TimelineBar Bar, int Row, int Left, int Width);

/// <summary>A client's rows: more than one where its operations of unknown outcome go on.</summary>
internal readonly record struct ClientRows(int Client, int FirstRow, int Rows);

/// <summary>
/// Places for bars. The horizontal axis keeps the order of all calls and returns (at equal times calls come first, since intervals are closed) but not their distances, so that
/// bars overlap exactly where the operations do, and every label has room.
/// </summary>
internal sealed class TimelineLayout
{
    private const int Step = 12;
    private const int CharacterWidth = 7;
    private const int BarWidthMin = 40;
    private const int BarWidthWanted = 240;
    private const int TickDistanceMin = 120;

    private readonly Dictionary<(long Time, Side Side), int> _columns = [];
    private readonly List<PlacedBar> _bars = [];
    private readonly List<ClientRows> _clients = [];
    private readonly List<(long Time, int Left)> _ticks = [];

    private TimelineLayout(IReadOnlyList<TimelineBar> bars)
    {
        Width = Columns(bars);
        foreach (var client in bars.GroupBy(b => b.Operation.Client).OrderBy(c => c.Key)) AddRows(client.Key, client);
    }

    private enum Side
    {
        Call,
        Return,
    }

    public IReadOnlyList<PlacedBar> Bars => _bars;

    public IReadOnlyList<ClientRows> Clients => _clients;

    /// <summary>Times to write on the axis.</summary>
    public IReadOnlyList<(long Time, int Left)> Ticks => _ticks;

    public int Width { get; }

    public int Rows { get; private set; }

    public static TimelineLayout Of(IReadOnlyList<TimelineBar> bars) => new(bars);

    private static int Wanted(TimelineBar bar) => Math.Clamp((bar.Label.Length + 2) * CharacterWidth, BarWidthMin, BarWidthWanted);

    private int Columns(IReadOnlyList<TimelineBar> bars)
    {
        var returning = bars.Where(b => b.End is not null).ToLookup(b => (b.End!.Value, Side.Return));
        var events = bars.Select(b => (b.Operation.Call, Side.Call)).Concat(returning.Select(r => r.Key)).Distinct().Order();
        var left = 0;
        foreach (var column in events)
        {
            left += Step;
            foreach (var bar in returning[column]) left = Math.Max(left, _columns[(bar.Operation.Call, Side.Call)] + Wanted(bar));
            _columns[column] = left;
            if (_ticks.Count == 0 || left - _ticks[^1].Left >= TickDistanceMin) _ticks.Add((column.Item1, left));
        }
        foreach (var bar in bars.Where(b => b.End is null)) left = Math.Max(left, _columns[(bar.Operation.Call, Side.Call)] + Wanted(bar));
        return left + Step;
    }

    private void AddRows(int client, IEnumerable<TimelineBar> bars)
    {
        var ends = new List<int>();
        foreach (var bar in bars.OrderBy(b => b.Operation.Call))
        {
            var left = _columns[(bar.Operation.Call, Side.Call)];
            var right = bar.End is { } end ? _columns[(end, Side.Return)] : Width;
            var row = ends.FindIndex(e => e <= left);
            if (row < 0)
            {
                row = ends.Count;
                ends.Add(0);
            }
            ends[row] = right;
            _bars.Add(new PlacedBar(bar, Rows + row, left, right - left));
        }
        _clients.Add(new ClientRows(client, Rows, ends.Count));
        Rows += ends.Count;
    }
}
