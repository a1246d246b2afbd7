using System.Runtime.InteropServices;
using KvStore.Jepsen;
using KvStore.Jepsen.Soak;

// Exit codes: 0 nothing wrong was found, 1 something was or a run could not finish, 2 usage.
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
try
{
    if (args is not ["soak", "kill", .. var rest]) throw new UsageException("usage: soak kill [--rounds N] [--nodes 3|5] [--writers N] [--all-every N] [--seed N] [--directory DIR]");
    var arguments = new Arguments(rest, "rounds", "nodes", "writers", "all-every", "seed", "directory", "server");
    return await KillSoak.RunAsync(new KillOptions
    {
        Rounds = arguments.Integer("rounds", 20, 1, 1_000_000),
        Nodes = arguments.Integer("nodes", 3, 1, 9),
        Writers = arguments.Integer("writers", 16, 1, 10_000),
        AllEvery = arguments.Integer("all-every", 10, 0, 1_000_000),
        Seed = arguments.Integer("seed", 1, 0, int.MaxValue),
        Directory = arguments.Text("directory"),
        ServerDll = arguments.Text("server") ?? Environment.GetEnvironmentVariable("KVSTORE_SERVER_DLL") ?? throw new UsageException("--server: the path of KvStore.Server.dll is missing (or set KVSTORE_SERVER_DLL)"),
    }, Console.Out, stop.Token);
}
catch (UsageException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine("stopped");
    return 1;
}
catch (Exception e) when (e is TimeoutException or InvalidOperationException or KvStore.Client.KvException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

void OnSignal(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
