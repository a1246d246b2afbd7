using System.CommandLine;
using System.Globalization;
using KvStore.Client;

namespace KvStore.Cli;

/// <summary>The option of every write that names the lock which the caller must still hold.</summary>
internal sealed class FenceOption
{
    private readonly Option<string?> _option = new("--fence") { Description = "Write only while this fencing token holds the lock, as kvctl lock prints it; else exit code 7", HelpName = "LOCK:TOKEN" };

    public static FenceOption On(Command command)
    {
        var fence = new FenceOption();
        command.Add(fence._option);
        return fence;
    }

    /// <exception cref="CommandException">It is none.</exception>
    public KvFence? Read(ParseResult parsed) => parsed.GetValue(_option) is { } text ? Parse(text) : null;

    /// <summary>The name may hold colons: the last one counts.</summary>
    internal static KvFence Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && ulong.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var token) && token > 0
            ? new KvFence(text[..colon], token)
            : throw new CommandException(ExitCode.Usage, $"--fence: '{text}' is no fence; write it like backup:4711, the lock's name and its fencing token");
    }
}
