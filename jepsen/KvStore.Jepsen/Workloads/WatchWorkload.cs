using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using KvStore.Client;
using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Writers put and delete keys of a few feeds, each of which lies in one range; readers watch a feed, stop, and go on behind their resume token at whatever node serves them. At the end
/// each feed's whole history is watched from its first revision: what everybody was told is compared with it.
/// </summary>
internal sealed class WatchWorkload : IWorkload
{
    private const int KeysOfFeed = 6;
    private static readonly string[] Feeds = ["a-feed/", "h-feed/", "p-feed/", "u-feed/"];
    private static readonly TimeSpan RestOfWriter = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan FinalPatience = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<Actor, Place> _places = new();
    private int _values;
    private int _watches;

    public Task StepAsync(Actor actor, CancellationToken stop) => actor.Role == ActorRole.Reader ? WatchAsync(actor, stop) : WriteAsync(actor, stop);

    public async Task<bool> FinishAsync(Actor actor)
    {
        foreach (var feed in Feeds)
            if (!await FinalReads.RepeatAsync(() => WholeAsync(actor, feed)).ConfigureAwait(false)) return false;
        return true;
    }

    private async Task WriteAsync(Actor actor, CancellationToken stop)
    {
        var feed = Feeds[actor.Random.Next(Feeds.Length)];
        var key = string.Create(CultureInfo.InvariantCulture, $"{feed}{actor.Random.Next(KeysOfFeed)}");
        if (actor.Random.Next(5) == 0)
        {
            await actor.WriteAsync(feed, WatchHistory.Delete, key, async client =>
            {
                var deleted = await client.DeleteAsync(key).ConfigureAwait(false);
                return deleted.Existed ? (JsonNode)deleted.Revision : null;
            }).ConfigureAwait(false);
        }
        else
        {
            var value = Interlocked.Increment(ref _values).ToString(CultureInfo.InvariantCulture);
            await actor.WriteAsync(feed, WatchHistory.Put, new JsonArray(key, value), async client => (await client.PutAsync(key, value).ConfigureAwait(false)).Revision).ConfigureAwait(false);
        }
        await Pace.RestAsync(actor, RestOfWriter, stop).ConfigureAwait(false);
    }

    /// <summary>One stretch of a watch: some seconds, then it is left and resumed by the next step.</summary>
    private async Task WatchAsync(Actor actor, CancellationToken stop)
    {
        var place = _places.GetOrAdd(actor, _ => new Place(Feeds[actor.Random.Next(Feeds.Length)], Interlocked.Increment(ref _watches), null, null));
        // Now and then another watch begins.
        if (actor.Random.Next(12) == 0) place = new Place(Feeds[actor.Random.Next(Feeds.Length)], Interlocked.Increment(ref _watches), null, null);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
        leave.CancelAfter(TimeSpan.FromMilliseconds(200 + actor.Random.Next(4000)));
        await actor.ReadAsync(place.Feed, WatchHistory.Watch, async client =>
        {
            var stretch = new Stretch(place);
            try
            {
                await foreach (var batch in client.WatchAsync(KvRange.Prefix(place.Feed), new KvWatchOptions { ResumeFrom = place.Token, Bookmarks = KvWatchBookmarks.Deliver }, leave.Token).ConfigureAwait(false)) stretch.Add(batch);
            }
            catch (OperationCanceledException) when (leave.IsCancellationRequested)
            {
                // That is how a stretch ends.
                place = stretch.End;
            }
            catch (KvException) when (stretch.HasBegun)
            {
                // What came before the failure counts.
                place = stretch.End;
            }
            return stretch.ToJson();
        }).ConfigureAwait(false);
        _places[actor] = place;
    }

    /// <summary>Everything that was ever written to a feed.</summary>
    private static async Task<bool> WholeAsync(Actor actor, string feed)
    {
        ulong last = 0;
        if (!await actor.WriteAsync(feed, WatchHistory.Put, new JsonArray(feed + "end", "end"), async client => last = (await client.PutAsync(feed + "end", "end").ConfigureAwait(false)).Revision).ConfigureAwait(false)) return false;
        var isWhole = true;
        var isAnswered = await actor.ReadAsync(feed, WatchHistory.Whole, async client =>
        {
            using var patience = new CancellationTokenSource(FinalPatience);
            var stretch = new Stretch(new Place(feed, 0, null, 0));
            try
            {
                await foreach (var batch in client.WatchAsync(KvRange.Prefix(feed), new KvWatchOptions { FromRevision = 1 }, patience.Token).ConfigureAwait(false))
                {
                    stretch.Add(batch);
                    if (batch.Revision >= last) break;
                }
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested)
            {
                // Not all of it: the caller tries again.
                isWhole = false;
            }
            return stretch.ToJson();
        }).ConfigureAwait(false);
        return isAnswered && isWhole;
    }

    /// <summary>Where a watch stands; without a revision it has not begun.</summary>
    private sealed record Place(string Feed, int Watch, KvResumeToken? Token, ulong? Revision);

    private sealed class Stretch
    {
        private readonly JsonArray _events = [];
        private readonly int _watch;
        private ulong? _from;

        public Stretch(Place start)
        {
            (_watch, _from) = (start.Watch, start.Revision);
            End = start;
        }

        public Place End { get; private set; }

        public bool HasBegun => End.Revision is not null;

        public void Add(KvWatchBatch batch)
        {
            _from ??= batch.Revision;
            foreach (var happened in batch.Events)
                _events.Add(new JsonArray(happened.Revision, happened.KeyText, happened.Kind == KvWatchEventKind.Delete ? null : happened.ValueText));
            End = End with { Token = batch.ResumeToken, Revision = batch.Revision };
        }

        public JsonObject ToJson() => new() { ["watch"] = _watch, ["from"] = _from, ["through"] = End.Revision, ["events"] = _events };
    }
}
