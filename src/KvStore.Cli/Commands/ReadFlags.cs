using System.CommandLine;
using KvStore.Client;

namespace KvStore.Cli.Commands;

/// <summary>How fresh a read must be; shared by get and scan.</summary>
internal sealed class ReadFlags
{
    public Option<bool> Quorum { get; } = new("--quorum") { Description = "Ask a quorum, always: the same as --consistency quorum" };

    public Option<KvConsistency?> Consistency { get; } = new("--consistency") { Description = "How fresh the answer must be (default linearizable)", HelpName = "linearizable|quorum|follower|bounded|stale" };

    public Option<string> MaxStaleness { get; } = new("--max-staleness") { Description = "Greatest age of the answer with --consistency bounded", HelpName = "TIME", DefaultValueFactory = _ => "5s" };

    public void AddTo(Command command)
    {
        command.Add(Quorum);
        command.Add(Consistency);
        command.Add(MaxStaleness);
        command.Validators.Add(result =>
        {
            if (result.GetValue(Quorum) && result.GetValue(Consistency) is not (null or KvConsistency.Quorum)) result.AddError("--quorum and another --consistency exclude each other");
        });
    }

    public (KvConsistency Consistency, TimeSpan MaxStaleness) Read(ParseResult parsed) =>
        (parsed.GetValue(Quorum) ? KvConsistency.Quorum : parsed.GetValue(Consistency) ?? KvConsistency.Linearizable, Durations.Parse(parsed.GetValue(MaxStaleness)!, "--max-staleness"));
}
