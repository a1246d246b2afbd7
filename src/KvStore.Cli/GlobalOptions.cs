using System.CommandLine;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli;

/// <summary>Options that every command takes.</summary>
internal sealed class GlobalOptions
{
    private const string DefaultEndpoints = "http://127.0.0.1:7101,7102,7103";
    private const string EndpointsVariable = "KVCTL_ENDPOINTS";

    public Option<string?> Endpoints { get; } = new("--endpoints")
    {
        Description = $"Nodes, separated by commas; a port alone takes the host before it. Default: ${EndpointsVariable}, else {DefaultEndpoints}",
        HelpName = "URLS",
        Recursive = true,
    };

    public Option<string> Timeout { get; } = new("--timeout") { Description = "Time for each call, e.g. 500ms, 2s, 1m", HelpName = "TIME", Recursive = true, DefaultValueFactory = _ => "10s" };

    public Option<string> Keyspace { get; } = new("--keyspace") { Description = "The keyspace", HelpName = "NAME", Recursive = true, DefaultValueFactory = _ => "default" };

    public Option<OutputFormat> Output { get; } = new("--output", "-o") { Description = "How to print the result", HelpName = "text|json|table", Recursive = true };

    public void AddTo(RootCommand root)
    {
        root.Add(Endpoints);
        root.Add(Timeout);
        root.Add(Keyspace);
        root.Add(Output);
    }

    public CommandContext Read(ParseResult parsed, CliConsole console) => new(
        console,
        parsed.GetValue(Endpoints) ?? console.Environment(EndpointsVariable) ?? DefaultEndpoints,
        Durations.Parse(parsed.GetValue(Timeout)!, "--timeout"),
        parsed.GetValue(Keyspace)!,
        parsed.GetValue(Output));
}

/// <summary>What every command is told.</summary>
internal sealed record CommandContext(CliConsole Console, string Endpoints, TimeSpan Timeout, string Keyspace, OutputFormat Format)
{
    public Task<KvClient> ConnectAsync(CancellationToken cancellationToken, KvTransport transport = KvTransport.Unary) =>
        KvClient.ConnectAsync(Endpoints, new KvClientOptions { Transport = transport, Timeout = Timeout, ConnectTimeout = Timeout, DefaultKeyspace = Keyspace }, cancellationToken);

    public void Print(CommandResult result) => Printers.Print(result, Format, Console);
}
