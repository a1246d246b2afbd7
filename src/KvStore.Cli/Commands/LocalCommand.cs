using System.CommandLine;
using KvStore.Cli.Local;

namespace KvStore.Cli.Commands;

internal static class LocalCommand
{
    private const int NodesMax = 99;

    public static Command Build(CommandBuilder builder)
    {
        var directory = new Option<string>("--directory") { Description = "Where its data and logs are", HelpName = "PATH", Recursive = true, DefaultValueFactory = _ => ".kvstore" };
        var command = CommandBuilder.New("local", "Runs a cluster of nodes on this machine, for development.", "kvctl local up && kvctl local status && kvctl local down");
        command.Add(directory);
        command.Add(Up(builder, directory));
        command.Add(Down(builder, directory));
        command.Add(builder.Runs(CommandBuilder.New("status", "Shows the processes of the nodes.", "kvctl local status"), (p, c, t) => Cluster(p, c, directory).StatusAsync(t)));
        command.Add(OnNode("kill", "Kills a node with SIGKILL, as a crash would.", (cluster, node, _) => cluster.KillAsync(node)));
        command.Add(OnNode("pause", "Stops a node with SIGSTOP: it keeps its connections but does nothing.", (cluster, node, _) => cluster.PauseAsync(node)));
        command.Add(OnNode("resume", "Lets a paused node go on.", (cluster, node, _) => cluster.ResumeAsync(node)));
        command.Add(OnNode("restart", "Stops a node gracefully if it runs, and starts it.", (cluster, node, token) => cluster.RestartAsync(node, token)));
        return command;

        Command OnNode(string name, string does, Func<LocalCluster, int, CancellationToken, Task<ExitCode>> run)
        {
            var node = new Argument<int>("NODE") { Description = "The node's number, from 1" };
            var child = CommandBuilder.New(name, does, $"kvctl local {name} 1");
            child.Add(node);
            return builder.Runs(child, (p, c, t) => run(Cluster(p, c, directory), p.GetValue(node), t));
        }
    }

    private static Command Up(CommandBuilder builder, Option<string> directory)
    {
        var nodes = new Option<int>("--nodes") { Description = "How many nodes", HelpName = "N", DefaultValueFactory = _ => 3 };
        var basePort = new Option<int>("--base-port") { Description = "The first node's port for clients; peers use it + 100, metrics and health + 200", HelpName = "PORT", DefaultValueFactory = _ => 7101 };
        nodes.Validators.Add(r => Check(r.GetValueOrDefault<int>(), 1, NodesMax, "--nodes", r));
        basePort.Validators.Add(r => Check(r.GetValueOrDefault<int>(), 1024, 65_000, "--base-port", r));
        var command = CommandBuilder.New("up", "Starts the nodes in the background and waits until the cluster serves. Run again it starts what does not run.", "kvctl local up --nodes 3");
        command.Add(nodes);
        command.Add(basePort);
        return builder.Runs(command, (p, c, t) => Cluster(p, c, directory).UpAsync(p.GetValue(nodes), p.GetValue(basePort), t));
    }

    private static Command Down(CommandBuilder builder, Option<string> directory)
    {
        var wipe = new Option<bool>("--wipe") { Description = "Remove the data too" };
        var command = CommandBuilder.New("down", "Stops the nodes gracefully, after 10 s forcibly.", "kvctl local down --wipe");
        command.Add(wipe);
        return builder.Runs(command, (p, c, t) => Cluster(p, c, directory).DownAsync(p.GetValue(wipe) ? DataAfterwards.Wiped : DataAfterwards.Kept, t));
    }

    private static LocalCluster Cluster(ParseResult parsed, CommandContext context, Option<string> directory)
    {
        Waiting.Silenced = true;
        return new LocalCluster(Path.GetFullPath(parsed.GetValue(directory)!), parsed.GetValue(directory)!, context);
    }

    private static void Check(int value, int min, int max, string name, System.CommandLine.Parsing.OptionResult result)
    {
        if (value < min || value > max) result.AddError($"{name} is {value}; it must be between {min} and {max}");
    }
}
