using System.CommandLine;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class SwapCommand
{
    /// <summary>A null <see cref="Value"/> deletes the key.</summary>
    internal sealed record Options(string Key, KvExpectation Expected, string? Value)
    {
        public KvWriteOptions Write { get; init; } = new();
    }

    public static Command Build(CommandBuilder builder)
    {
        var key = new Argument<string>("KEY") { Description = "The key" };
        var values = new Argument<string[]>("VALUES") { Description = "EXPECTED NEW; only NEW with --absent or --revision; without NEW with --delete", Arity = new ArgumentArity(0, 2) };
        var absent = new Option<bool>("--absent") { Description = "The key must not exist" };
        var revision = new Option<ulong?>("--revision") { Description = "The key's mod revision must be N", HelpName = "N" };
        var delete = new Option<bool>("--delete") { Description = "Delete the key instead of writing it" };
        var command = CommandBuilder.New("cas", "Compare and swap: writes a key only if it is as expected. Prints the revision of the write; on a mismatch what is there instead, with exit code 4.",
            "kvctl put color red && kvctl cas color red blue");
        command.Add(key);
        command.Add(values);
        command.Add(absent);
        command.Add(revision);
        command.Add(delete);
        var fence = FenceOption.On(command);
        return builder.Runs(command, (parsed, context, token) =>
            RunAsync(Read(parsed.GetValue(key)!, parsed.GetValue(values) ?? [], parsed.GetValue(absent), parsed.GetValue(revision), parsed.GetValue(delete)) with { Write = new KvWriteOptions { Fence = fence.Read(parsed) } }, context, token));
    }

    /// <exception cref="CommandException">The arguments do not fit together.</exception>
    internal static Options Read(string key, string[] values, bool absent, ulong? revision, bool delete)
    {
        if (absent && revision is not null) throw new CommandException(ExitCode.Usage, "cas: --absent and --revision exclude each other");
        if (absent && delete) throw new CommandException(ExitCode.Usage, "cas: --absent and --delete exclude each other");
        var byValue = !absent && revision is null;
        var wanted = (byValue ? 1 : 0) + (delete ? 0 : 1);
        if (values.Length != wanted)
        {
            var expected = string.Join(' ', new[] { byValue ? "EXPECTED" : null, delete ? null : "NEW" }.Where(v => v is not null));
            throw new CommandException(ExitCode.Usage, $"cas: after the key {(expected.Length > 0 ? $"{expected} is" : "nothing is")} expected, but there {(values.Length == 1 ? "is 1 value" : $"are {values.Length} values")}");
        }
        var expectation = absent ? KvExpectation.Absent : revision is { } number ? KvExpectation.ModRevision(number) : KvExpectation.Value(values[0]);
        return new Options(key, expectation, delete ? null : values[^1]);
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var result = options.Value is { } value
            ? await client.CompareAndSwapAsync(options.Key, options.Expected, value, options.Write, cancellationToken).ConfigureAwait(false)
            : await client.CompareAndDeleteAsync(options.Key, options.Expected, options.Write, cancellationToken).ConfigureAwait(false);
        if (result.Swapped)
        {
            context.Print(WriteResults.Revision(result.Revision, ("swapped", true)));
            return ExitCode.Ok;
        }
        context.Console.Error.WriteLine(result.Current is { } current
            ? $"kvctl: compare failed: '{options.Key}' is '{Printers.Show(current.Value.Memory)}' at revision {current.ModRevision}"
            : $"kvctl: compare failed: there is no key '{options.Key}'");
        return ExitCode.CompareFailed;
    }
}
