using System.Text;
using KvStore.Node.Commands;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.StateMachine.Transactions;

/// <summary>Random transactions do and answer what a map with one obvious interpreter does and answers, across crashes.</summary>
public sealed class TransactionModelTests
{
    private const string First = "a/", Last = "a0";

    [Fact]
    public void Random_transactions_do_what_the_model_does()
    {
        var (applied, wrote) = (0, 0);
        for (var seed = 0; seed < 60; seed++)
        {
            using var group = WithRange(out _);
            var random = new Random(seed);
            var model = new Model();
            for (var i = 0; i < 40; i++)
            {
                var transaction = RandomTransaction(random, 3);
                var result = group.Apply(Txn.Command(transaction));
                if (result.Status != Node.StateMachine.CommandStatus.Ok)
                {
                    Assert.Contains("written twice", result.Refusal());
                    continue;
                }
                Assert.Equal(model.Apply(transaction), (result.Flag, result.Response().Texts(), result.Revision.Value));
                applied++;
                if (random.Next(10) == 0) group.Checkpoint();
                if (random.Next(10) == 0) group.CrashAndRecover();
            }
            Assert.Equal(model.Content(), group.Content());
            wrote += (int)model.Revision;
        }
        Assert.True(applied > 1000 && wrote > 500, $"{applied} applied, {wrote} wrote");
    }

    private static Transaction RandomTransaction(Random random, int depth)
    {
        var transaction = new Transaction();
        for (var i = random.Next(3); i > 0; i--) transaction.Compares.Add(RandomCompare(random));
        for (var i = random.Next(4); i > 0; i--) transaction.Success.Add(RandomOperation(random, depth));
        for (var i = random.Next(3); i > 0; i--) transaction.Failure.Add(RandomOperation(random, depth));
        transaction.Success.Add(Txn.Get(Key(random)));
        return transaction;
    }

    private static TransactionOperation RandomOperation(Random random, int depth)
    {
        switch (random.Next(9))
        {
            case 0 or 1 or 2: return Txn.Put(Key(random), $"{random.Next(4)}");
            case 3: return Txn.Delete(Key(random));
            case 4: return Txn.Get(Key(random));
            case 5: return Txn.GetAll(First, Last, (uint)random.Next(4), random.Next(2) == 0);
            case 6:
                var start = random.Next(30);
                return Txn.DeleteAll($"a/{start:d2}", $"a/{start + random.Next(1, 6):d2}");
            default: return depth > 1 ? Txn.Nested(RandomTransaction(random, depth - 1)) : Txn.Get(Key(random));
        }
    }

    private static Compare RandomCompare(Random random)
    {
        var compare = new Compare { Key = Bytes(Key(random)), Relation = (CompareRelation)random.Next(6) };
        switch (random.Next(4))
        {
            case 0: compare.Value = Bytes($"{random.Next(4)}"); break;
            case 1: compare.Version = (ulong)random.Next(3); break;
            case 2: compare.ModRevision = (ulong)random.Next(30); break;
            default:
                compare.Exists = random.Next(2) == 0;
                compare.Relation = CompareRelation.Equal;
                break;
        }
        if (random.Next(3) == 0) compare.End = Bytes(Last);
        return compare;
    }

    private static string Key(Random random) => $"a/{random.Next(30):d2}";

    private sealed class Model
    {
        private sealed record Entry(string Value, ulong Create, ulong Modified, ulong Version);

        private readonly SortedDictionary<string, Entry> entries = new(StringComparer.Ordinal);
        private bool wrote;

        public ulong Revision { get; private set; }

        public IEnumerable<string> Content() => entries.Select(e => $"{e.Key}={e.Value.Value} {e.Value.Create}/{e.Value.Modified}/{e.Value.Version}");

        public (bool Succeeded, string Results, ulong Revision) Apply(Transaction transaction)
        {
            wrote = false;
            var path = new Dictionary<Transaction, bool>(ReferenceEqualityComparer.Instance);
            Decide(transaction, path);
            var texts = Execute(transaction, path);
            if (wrote) Revision++;
            return (path[transaction], texts, Revision);
        }

        private void Decide(Transaction transaction, Dictionary<Transaction, bool> path)
        {
            path[transaction] = transaction.Compares.All(Holds);
            foreach (var operation in path[transaction] ? transaction.Success : transaction.Failure)
                if (operation.Transaction is { } nested) Decide(nested, path);
        }

        private bool Holds(Compare compare)
        {
            var key = compare.Key.ToStringUtf8();
            if (!compare.HasEnd) return Holds(compare, entries.GetValueOrDefault(key));
            var inside = entries.Where(e => string.CompareOrdinal(e.Key, key) >= 0 && string.CompareOrdinal(e.Key, compare.End.ToStringUtf8()) < 0).ToList();
            return compare.TargetCase == Compare.TargetOneofCase.Exists ? inside.Count > 0 == compare.Exists : inside.All(e => Holds(compare, e.Value));
        }

        private static bool Holds(Compare compare, Entry? entry)
        {
            int order;
            switch (compare.TargetCase)
            {
                case Compare.TargetOneofCase.Exists: return entry is not null == compare.Exists;
                case Compare.TargetOneofCase.Value:
                    if (entry is null) return false;
                    order = string.CompareOrdinal(entry.Value, compare.Value.ToStringUtf8());
                    break;
                case Compare.TargetOneofCase.Version: order = (entry?.Version ?? 0).CompareTo(compare.Version); break;
                default: order = (entry?.Modified ?? 0).CompareTo(compare.ModRevision); break;
            }
            return compare.Relation switch
            {
                CompareRelation.Equal => order == 0,
                CompareRelation.NotEqual => order != 0,
                CompareRelation.Less => order < 0,
                CompareRelation.Greater => order > 0,
                CompareRelation.LessOrEqual => order <= 0,
                _ => order >= 0,
            };
        }

        private string Execute(Transaction transaction, Dictionary<Transaction, bool> path) =>
            string.Join("; ", (path[transaction] ? transaction.Success : transaction.Failure).Select(o => Execute(o, path)).ToList());

        private string Execute(TransactionOperation operation, Dictionary<Transaction, bool> path)
        {
            switch (operation.OperationCase)
            {
                case TransactionOperation.OperationOneofCase.Put: return Put(operation.Put);
                case TransactionOperation.OperationOneofCase.Get: return Get(operation.Get);
                case TransactionOperation.OperationOneofCase.Delete: return Delete(operation.Delete);
                default: return $"{(path[operation.Transaction] ? "then" : "else")}({Execute(operation.Transaction, path)})";
            }
        }

        private string Put(TransactionPut put)
        {
            var key = put.Key.ToStringUtf8();
            var before = entries.GetValueOrDefault(key);
            entries[key] = new Entry(put.Value.ToStringUtf8(), before?.Create ?? Revision + 1, Revision + 1, (before?.Version ?? 0) + 1);
            wrote = true;
            return "put";
        }

        private string Get(TransactionGet get)
        {
            var inside = Inside(get.Key.ToStringUtf8(), get.HasEnd ? get.End.ToStringUtf8() : null);
            if (get.Descending) inside.Reverse();
            var shown = get.Limit == 0 ? inside : inside.Take((int)get.Limit).ToList();
            return Text(shown) + (shown.Count < inside.Count ? " more" : "");
        }

        private string Delete(TransactionDelete delete)
        {
            var inside = Inside(delete.Key.ToStringUtf8(), delete.HasEnd ? delete.End.ToStringUtf8() : null);
            foreach (var key in inside.Select(e => e.Key)) entries.Remove(key);
            wrote |= inside.Count > 0;
            return new StringBuilder().Append(inside.Count).Append(delete.ReturnPrevious && inside.Count > 0 ? " " + Text(inside) : "").ToString();
        }

        private List<KeyValuePair<string, Entry>> Inside(string start, string? end) =>
            entries.Where(e => end is null ? e.Key == start : string.CompareOrdinal(e.Key, start) >= 0 && string.CompareOrdinal(e.Key, end) < 0).ToList();

        private static string Text(IEnumerable<KeyValuePair<string, Entry>> inside) => string.Join(' ', inside.Select(e => $"{e.Key}={e.Value.Value}@{e.Value.Modified}"));
    }
}
