using System.Runtime.InteropServices;
using KvStore.Node;
using KvStore.Server;
using KvStore.Server.Configuration;
using KvStore.Server.Hosting;
#if PLANTED
using KvStore.Raft;
#endif

// Before the first socket: what arrives goes on in the thread that polled it, one hand-off less a message (docs/performance.md). The runtime has no other switch for it.
const string inlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
if (Environment.GetEnvironmentVariable(inlineCompletions) is null) Environment.SetEnvironmentVariable(inlineCompletions, "1");

// Exit codes: 0 stopped as asked, 1 could not start or stopped by itself, 2 wrong configuration.
KvStoreServerOptions options;
try
{
    options = KvStoreServerOptionsReader.Read(args, Environment.GetEnvironmentVariables());
}
catch (ConfigurationException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

using var loggers = ConsoleLogging.Create();
#if PLANTED
try
{
    var bugs = Plants.Parse(Environment.GetEnvironmentVariable(Plants.Variable) ?? "");
    Plants.Set(bugs);
    ServerLog.Planted(loggers.CreateLogger("KvStore.Server"), bugs.Count == 0 ? "none" : string.Join(", ", bugs.Select(Plants.NameOf)));
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"{Plants.Variable}: {e.Message}");
    return 2;
}
#endif
var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
await using var server = new KvStoreServer(options, loggers);
try
{
    await server.StartAsync(CancellationToken.None);
}
catch (NodeStartException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

await Task.WhenAny(stop.Task, server.Ended);
if (server.Ended.IsCompletedSuccessfully && await server.Ended is { } failure)
{
    Console.Error.WriteLine($"The node stopped by itself: {failure.Message}");
    return 1;
}

await server.StopAsync(CancellationToken.None);
return 0;

void OnSignal(PosixSignalContext context)
{
    context.Cancel = true;
    stop.TrySetResult();
}
