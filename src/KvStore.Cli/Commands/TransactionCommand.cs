using System.CommandLine;
using System.Text;
using KvStore.Cli.Output;
using KvStore.Cli.Transactions;
using KvStore.Client;
using KvStore.Client.Transactions;

namespace KvStore.Cli.Commands;

internal static class TransactionCommand
{
    private const string Does = """
        Compares, and then one of two lists of operations, atomically. All keys share the prefix up to the first '/'. Exit code 0 when the compares held, 4 when they did not and the operations of the else branch were carried out.

        Without options the transaction is read from standard input: compares, an empty line, the operations if they hold, an empty line, the operations otherwise.
          compares:    value(KEY) = VALUE   version(KEY) > N   mod(KEY) <= N   create(KEY) != N   lease(KEY) = ID   exists(KEY)   missing(KEY)
                       (START, END) instead of (KEY): for every key of the interval
          operations:  get KEY [END] [--prefix] [--limit N] [--reverse] [--keys-only] [--count]
                       put KEY VALUE [--lease ID] [--prev]
                       del KEY [END] [--prefix] [--prev]
        Texts with blanks or signs stand in double quotes, with \\ \" \n \t \xHH inside. Lines that begin with # say nothing.
        """;

    internal sealed record Options(string[] When, string[] Then, string[] Else, KvWriteOptions Write);

    public static Command Build(CommandBuilder builder)
    {
        var when = Lines("--when", "COMPARE", "A compare; may be given several times");
        var then = Lines("--then", "OPERATION", "An operation if all compares hold; may be given several times");
        var otherwise = Lines("--else", "OPERATION", "An operation otherwise; may be given several times");
        var command = CommandBuilder.New("txn", Does, """kvctl txn --when "missing(job/1)" --then "put job/1 mine" --else "get job/1" """.TrimEnd());
        command.Add(when);
        command.Add(then);
        command.Add(otherwise);
        var fence = FenceOption.On(command);
        return builder.Runs(command, (parsed, context, token) =>
            RunAsync(new Options(parsed.GetValue(when) ?? [], parsed.GetValue(then) ?? [], parsed.GetValue(otherwise) ?? [], new KvWriteOptions { Fence = fence.Read(parsed) }), context, token));
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        var script = await ReadAsync(options, context, cancellationToken).ConfigureAwait(false);
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var result = await client.Transaction().When(script.Compares).Then(script.Then).Else(script.Else).CommitAsync(options.Write, cancellationToken).ConfigureAwait(false);
        context.Print(Describe(result));
        return result.Succeeded ? ExitCode.Ok : ExitCode.CompareFailed;
    }

    private static async Task<TransactionScript> ReadAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        if (options.When.Length + options.Then.Length + options.Else.Length == 0)
        {
            using var reader = new StreamReader(context.Console.Input, Encoding.UTF8, leaveOpen: true);
            return TransactionScript.Parse(await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false));
        }
        var script = new TransactionScript();
        script.Compares.AddRange(options.When.Select(TransactionScript.Compare));
        script.Then.AddRange(options.Then.Select(TransactionScript.Operation));
        script.Else.AddRange(options.Else.Select(TransactionScript.Operation));
        return script;
    }

    private static CommandResult Describe(KvTransactionResult result)
    {
        var text = new StringBuilder($"{(result.Succeeded ? "then" : "else")}, revision {result.Revision}\n");
        foreach (var one in result.Results) text.Append(Text(one));
        var fields = CommandResult.One(("succeeded", result.Succeeded), ("revision", result.Revision), ("results", CommandResult.List(["operation", "count", "entries"], result.Results.Select(Row))));
        return new CommandResult { Columns = fields.Columns, Rows = fields.Rows, IsList = false, Text = Encoding.UTF8.GetBytes(text.ToString()) };
    }

    private static object?[] Row(KvOperationResult result) => result switch
    {
        KvGetResult get => ["get", get.Count, Entries(get.Entries)],
        KvPutResult put => ["put", 1L, Entries(put.Previous is { } previous ? [previous] : [])],
        KvDeleteResult delete => ["del", delete.Deleted, Entries(delete.Previous)],
        _ => throw new InvalidOperationException($"kvctl sends no operation that answers {result.GetType().Name}"),
    };

    private static string Text(KvOperationResult result) => result switch
    {
        KvGetResult { Entries.Count: 0, Count: > 0 } count => $"count {count.Count}\n",
        KvGetResult get => "get\n" + Lines(get.Entries),
        KvPutResult put => "put\n" + Lines(put.Previous is { } previous ? [previous] : []),
        KvDeleteResult delete => $"del {delete.Deleted}\n" + Lines(delete.Previous),
        _ => throw new InvalidOperationException($"kvctl sends no operation that answers {result.GetType().Name}"),
    };

    private static string Lines(IEnumerable<KvEntry> entries) => string.Concat(entries.Select(e => $"  {Printers.Show(e.Key.Memory)}\t{Printers.Show(e.Value.Memory)}\n"));

    private static CommandResult Entries(IEnumerable<KvEntry> entries) =>
        CommandResult.List(["key", "value", "mod_revision", "version"], entries.Select(e => (object?[])[e.Key.Memory, e.Value.Memory, e.ModRevision, e.Version]));

    private static Option<string[]> Lines(string name, string what, string does) => new(name) { Description = does, HelpName = what, AllowMultipleArgumentsPerToken = false };
}
