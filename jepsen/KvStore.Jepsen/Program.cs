using System.Runtime.InteropServices;
using KvStore.Jepsen;
using KvStore.Jepsen.Runs;
using KvStore.Jepsen.Soak;

// Exit codes: 0 nothing wrong was found, 1 something was or a run could not finish, 2 usage.
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
try
{
    return args switch
    {
        ["run", .. var rest] => await RunCommand.RunAsync(rest, Console.Out, stop.Token),
        ["check", .. var rest] => CheckCommand.Run(rest, Console.Out, stop.Token),
        ["soak", .. var rest] => await SoakCommand.RunAsync(rest, Console.Out, stop.Token),
        _ => throw new UsageException($"usage: {RunCommand.Usage}\n       {CheckCommand.Usage}\n       {SoakCommand.Usage}"),
    };
}
catch (UsageException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.WriteLine("Unknown (stopped before the end)");
    return 1;
}
catch (Exception e) when (e is TimeoutException or InvalidOperationException or IOException or KvStore.Client.KvException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

void OnSignal(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
