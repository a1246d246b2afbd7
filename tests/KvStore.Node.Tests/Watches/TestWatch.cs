using System.Text;
using KvStore.Node.Watches;

namespace KvStore.Node.Tests.Watches;

/// <summary>A consumer that keeps what it was told and checks, piece by piece, what holds of every watch.</summary>
internal sealed class TestWatch(WatchQuery query) : IWatchSink
{
    private bool _hasNews;

    public Watch Watch { get; set; } = null!;
    public List<Write> Told { get; } = [];
    public int Bookmarks { get; private set; }
    public NodeError? End { get; private set; }
    /// <summary>Everything at or before it was told.</summary>
    public ulong Position { get; private set; }
    public bool IsCancelled { get; private set; }

    public void HasNews(Watch watch)
    {
        Assert.False(_hasNews, "one word of news is enough until nothing is left");
        _hasNews = true;
    }

    /// <summary>Takes some pieces, if the worker said that there are any.</summary>
    public int Take(int piecesMax)
    {
        var taken = 0;
        while (_hasNews && taken < piecesMax)
        {
            if (!Watch.TryTake(out var batch))
            {
                _hasNews = false;
                break;
            }
            taken++;
            Check(batch);
        }
        return taken;
    }

    public void Cancel()
    {
        IsCancelled = true;
        Watch.Cancel();
    }

    /// <summary>What the watch has to tell of a history, up to where it is, or all of it.</summary>
    public IEnumerable<Write> Expected(IEnumerable<Write> history, ulong through = ulong.MaxValue) =>
        history.Where(write => write.Revision >= Watch.First.Value && write.Revision <= through && Covers(write) && query.Kinds.HasFlag(write.Value is null ? WatchKinds.Deletes : WatchKinds.Puts))
            .Select(write => query.Previous == WatchPrevious.Included ? write : write with { Previous = null });

    private bool Covers(Write write)
    {
        var key = Encoding.UTF8.GetBytes(write.Key);
        return key.AsSpan().SequenceCompareTo(query.Start.Span) >= 0 && (query.End.IsEmpty || key.AsSpan().SequenceCompareTo(query.End.Span) < 0);
    }

    private void Check(WatchBatch batch)
    {
        Assert.Null(End);
        Assert.False(IsCancelled);
        Assert.True(batch.Revision.Value >= Position, "a watch never goes back");
        Assert.Equal(batch.Kind == WatchBatchKind.Events, batch.Events.Count > 0);
        var last = Position;
        foreach (var happened in batch.Events)
        {
            var revision = happened.Revision.Value;
            Assert.True(revision > Position, $"revision {revision} after the watch was at {Position}: told twice, behind a bookmark, or split");
            Assert.InRange(revision, last, batch.Revision.Value);
            last = revision;
            Told.Add(new Write(revision, Text(happened.Current.Key)!, happened.Current.Deleted ? null : Text(happened.Current.Value), happened.Previous is { } previous ? Text(previous.Value) : null));
        }
        Position = batch.Revision.Value;
        if (batch.Kind == WatchBatchKind.Bookmark) Bookmarks++;
        if (batch.Kind == WatchBatchKind.Ended) End = batch.Error;
    }

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
