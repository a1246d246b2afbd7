using System.Globalization;
using KvStore.Client;
using KvStore.Client.Transactions;
using Token = KvStore.Cli.Transactions.ScriptTokens.Token;

namespace KvStore.Cli.Transactions;

/// <summary>
/// Transactions as text, close to etcdctl's: compares, an empty line, the operations if all of them hold, an empty line, the operations otherwise. Lines that begin with # say nothing.
/// </summary>
internal sealed class TransactionScript
{
    public List<KvCompare> Compares { get; } = [];
    public List<KvOperation> Then { get; } = [];
    public List<KvOperation> Else { get; } = [];

    /// <exception cref="CommandException">A line cannot be read; it is shown.</exception>
    public static TransactionScript Parse(string text)
    {
        var script = new TransactionScript();
        var section = 0;
        foreach (var line in text.Split('\n').Select(l => l.Trim()).Where(l => !l.StartsWith('#')))
        {
            if (line.Length == 0)
            {
                section++;
                continue;
            }
            switch (section)
            {
                case 0: script.Compares.Add(Compare(line)); break;
                case 1: script.Then.Add(Operation(line)); break;
                case 2: script.Else.Add(Operation(line)); break;
                default: throw Bad(line, "the script has three parts, divided by single empty lines");
            }
        }
        return script;
    }

    /// <summary><c>TARGET(KEY) SIGN VALUE</c>, <c>exists(KEY)</c> or <c>missing(KEY)</c>; with <c>(START, END)</c> for every key of an interval.</summary>
    public static KvCompare Compare(string line)
    {
        var tokens = ScriptTokens.Read(line, ScriptTokens.SignMode.Apart);
        var close = tokens.FindIndex(t => t.Is(")"));
        if (tokens.Count < 4 || !tokens[1].Is("(") || close is not (3 or 5) || (close == 5 && !tokens[3].Is(","))) throw Bad(line, "a compare is like: value(KEY) = VALUE");
        var key = (KvBytes)tokens[2].Bytes;
        KvRange? range = close == 5 ? new KvRange(key, tokens[4].Bytes) : null;
        var rest = tokens[(close + 1)..];
        var target = tokens[0].Text;
        if (target is "exists" or "missing")
        {
            if (rest.Count > 0) throw Bad(line, $"nothing follows {target}(...)");
            if (target == "exists") return range is { } all ? KvCompare.Exists(all) : KvCompare.Exists(key);
            return range is { } none ? KvCompare.Missing(none) : KvCompare.Missing(key);
        }
        if (rest.Count != 2) throw Bad(line, "after the key a sign (=, !=, <, <=, >, >=) and a value are expected");
        return target switch
        {
            "value" => Build(range is { } r ? KvCompare.Value(r) : KvCompare.Value(key), rest[0], rest[1].Bytes, line),
            "version" or "ver" => Build(range is { } r ? KvCompare.Version(r) : KvCompare.Version(key), rest[0], Number(rest[1], line), line),
            "create" or "c" => Build(range is { } r ? KvCompare.CreateRevision(r) : KvCompare.CreateRevision(key), rest[0], Number(rest[1], line), line),
            "mod" or "m" => Build(range is { } r ? KvCompare.ModRevision(r) : KvCompare.ModRevision(key), rest[0], Number(rest[1], line), line),
            "lease" => Build(range is { } r ? KvCompare.Lease(r) : KvCompare.Lease(key), rest[0], Lease(rest[1].Text, line), line),
            _ => throw Bad(line, "a compare begins with value, version, create, mod, lease, exists or missing"),
        };
    }

    /// <summary><c>get KEY [END]</c>, <c>put KEY VALUE</c> or <c>del KEY [END]</c>, each with its options.</summary>
    public static KvOperation Operation(string line)
    {
        var arguments = new OperationArguments(line);
        return arguments.Verb switch
        {
            "get" => Get(arguments),
            "put" => Put(arguments),
            "del" => Delete(arguments),
            _ => throw Bad(line, "an operation begins with get, put or del"),
        };
    }

    private static KvOperation Get(OperationArguments arguments)
    {
        var count = arguments.Flag("--count");
        var keysOnly = arguments.Flag("--keys-only");
        var reverse = arguments.Flag("--reverse");
        var limit = arguments.Value("--limit") is { } text ? (int)Number(text, arguments.Line) : 0;
        var range = arguments.TakeRange();
        if (range is null && !count) return KvOperation.Get(arguments.Key);
        var interval = range ?? new KvRange(arguments.Key, (byte[])[.. arguments.Key.Memory.Span, 0]);
        return count
            ? KvOperation.Count(interval)
            : KvOperation.Get(interval, limit, reverse ? KvScanOrder.Descending : KvScanOrder.Ascending, keysOnly ? KvScanContent.KeysOnly : KvScanContent.KeysAndValues);
    }

    private static KvOperation Put(OperationArguments arguments)
    {
        var lease = arguments.Value("--lease") is { } id ? Lease(id.Text, arguments.Line) : KvLeaseId.None;
        var previous = arguments.Flag("--prev") ? KvPrevious.Returned : KvPrevious.Left;
        return KvOperation.Put(arguments.Key, arguments.TakeValue(), lease, previous);
    }

    private static KvOperation Delete(OperationArguments arguments)
    {
        var previous = arguments.Flag("--prev") ? KvPrevious.Returned : KvPrevious.Left;
        return arguments.TakeRange() is { } range ? KvOperation.Delete(range, previous) : KvOperation.Delete(arguments.Key, previous);
    }

    private static KvCompare Build<T>(KvComparand<T> comparand, Token sign, T value, string line) => sign.Quoted ? throw Bad(line, "the sign is missing") : sign.Text switch
    {
        "=" => comparand.EqualTo(value),
        "!=" => comparand.NotEqualTo(value),
        "<" => comparand.LessThan(value),
        "<=" => comparand.AtMost(value),
        ">" => comparand.GreaterThan(value),
        ">=" => comparand.AtLeast(value),
        _ => throw Bad(line, "the sign is one of =, !=, <, <=, >, >="),
    };

    private static ulong Number(Token token, string line) =>
        ulong.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Bad(line, $"'{token.Text}' is no number");

    private static KvLeaseId Lease(string text, string line) =>
        ulong.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var id) ? new KvLeaseId(id) : throw Bad(line, $"'{text}' is no lease id (hexadecimal digits)");

    internal static CommandException Bad(string line, string why) => new(ExitCode.Usage, $"txn: {why}: {line}");
}
