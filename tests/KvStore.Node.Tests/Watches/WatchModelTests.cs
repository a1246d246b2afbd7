using FsCheck;
using FsCheck.Fluent;
using KvStore.Node.Watches;

namespace KvStore.Node.Tests.Watches;

/// <summary>Random writes, publishing, compaction, switched stores, slow consumers and watches of all kinds beside a naive model: the list of all writes.</summary>
public class WatchModelTests
{
    private const int Steps = 400;

    [Fact]
    public void Every_watch_tells_what_was_written_in_order_once_and_whole() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed => new Run(seed).Holds()).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private sealed class Run(int seed)
    {
        private readonly Random _random = new(seed);
        private int _values;

        public void Holds()
        {
            using var harness = new HubHarness(queueBytes: 200 + _random.Next(4000), queueBytesMax: _random.Next(4) == 0 ? 3000 : 1 << 20);
            for (var step = 0; step < Steps; step++) Step(harness);
            harness.Attach();
            harness.Publish();
            harness.Drain();
            foreach (var watch in harness.Watches.Where(watch => !watch.IsCancelled)) Check(harness, watch);
        }

        private static void Check(HubHarness harness, TestWatch watch)
        {
            if (watch.End is null)
            {
                Assert.Equal(watch.Expected(harness.History), watch.Told);
                return;
            }
            Assert.Equal(NodeErrorCode.Compacted, watch.End.Code);
            Assert.True(watch.End.CompactRevision!.Value.Value > watch.Position, "what it misses is gone");
            Assert.Equal(watch.Expected(harness.History, watch.Position), watch.Told);
        }

        private void Step(HubHarness harness)
        {
            switch (_random.Next(100))
            {
                case < 40:
                    for (var writes = _random.Next(20) == 0 ? _random.Next(300) : 1; writes > 0; writes--) harness.Write([.. Keys().Distinct().Select(key => (key, Value()))]);
                    break;
                case < 55: harness.Publish(); break;
                case < 65: Open(harness); break;
                case < 80: harness.Turn(); break;
                case < 92 when harness.Watches.Count > 0: Pick(harness).Take(1 + _random.Next(4)); break;
                case < 93 when harness.Watches.Count > 0: Pick(harness).Cancel(); break;
                case < 95: harness.Store.Compact(new(harness.Store.CompactRevision.Value + (ulong)_random.NextInt64((long)(harness.Store.Revision.Value - harness.Store.CompactRevision.Value) + 1))); break;
                case < 96: harness.SwitchStore(); break;
                case < 98: harness.Attach(); break;
                default: harness.Now += TimeSpan.FromSeconds(_random.Next(70)); break;
            }
        }

        private IEnumerable<string> Keys() => Enumerable.Range(0, 1 + (_random.Next(5) == 0 ? _random.Next(100) : _random.Next(3))).Select(_ => Key());

        private string Key() => $"{"abcdefg"[_random.Next(7)]}{_random.Next(12)}";

        private string? Value() => _random.Next(4) == 0 ? null : $"{++_values}{new string('x', _random.Next(40))}";

        private TestWatch Pick(HubHarness harness) => harness.Watches[_random.Next(harness.Watches.Count)];

        private void Open(HubHarness harness)
        {
            if (harness.Replica.Machine is null) return;
            var newest = harness.Store.Revision.Value;
            var compacted = harness.Store.CompactRevision.Value;
            ulong? from = _random.Next(3) == 0 ? null : (ulong)_random.NextInt64((long)newest + 3);
            var kinds = _random.Next(4) switch { 0 => WatchKinds.Puts, 1 => WatchKinds.Deletes, _ => WatchKinds.All };
            var previous = _random.Next(2) == 0 ? WatchPrevious.Included : WatchPrevious.Omitted;
            var (start, end) = Interval();
            if (from == 0) from = 1;
            if (from is { } first && (first <= compacted || first > newest + 1))
            {
                var refused = Assert.Throws<NodeException>(() => harness.Open(start, end, from, kinds, previous)).Error;
                Assert.Equal(first <= compacted ? NodeErrorCode.Compacted : NodeErrorCode.FutureRevision, refused.Code);
                if (first <= compacted) Assert.Equal(compacted, refused.CompactRevision!.Value.Value);
                return;
            }
            var watch = harness.Open(start, end, from, kinds, previous);
            Assert.Equal(from ?? newest + 1, watch.Watch.First.Value);
        }

        private (string Start, string End) Interval()
        {
            var key = Key();
            var other = Key();
            return _random.Next(4) switch
            {
                0 => ("a", ""),
                1 => (key[..1], (char)(key[0] + 1) + ""),
                2 when string.CompareOrdinal(key, other) < 0 => (key, other),
                _ => (key, key + "\0"),
            };
        }
    }
}
