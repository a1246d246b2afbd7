using System.CommandLine;
using KvStore.Client.Leases;
using KvStore.Client.Locks;

namespace KvStore.Cli;

/// <summary>Options of commands that take a lock.</summary>
internal sealed class ClaimOptions
{
    private readonly Option<string> _timeToLive = new("--ttl") { Description = "How long it stays held when it can no longer be renewed; at least 1s", HelpName = "TIME", DefaultValueFactory = _ => "10s" };
    private readonly Option<string?> _wait = new("--wait") { Description = "Give up after this time, with exit code 6. Default: waits for ever", HelpName = "TIME" };
    private readonly Option<string?> _value = new("--value") { Description = "Shown by kvctl lock describe, such as who holds it", HelpName = "TEXT" };

    public static ClaimOptions On(Command command)
    {
        var options = new ClaimOptions();
        command.Add(options._timeToLive);
        command.Add(options._wait);
        command.Add(options._value);
        return options;
    }

    /// <exception cref="CommandException">A time is none.</exception>
    public KvLockOptions Read(ParseResult parsed)
    {
        var timeToLive = Durations.Parse(parsed.GetValue(_timeToLive)!, "--ttl");
        if (timeToLive < KvLeases.TimeToLiveMin) throw new CommandException(ExitCode.Usage, $"--ttl: {parsed.GetValue(_timeToLive)} is too short; at least 1s");
        return new KvLockOptions
        {
            TimeToLive = timeToLive, Wait = parsed.GetValue(_wait) is { } wait ? Durations.Parse(wait, "--wait") : null, Value = parsed.GetValue(_value) ?? "",
        };
    }
}
