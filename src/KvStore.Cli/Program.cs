using KvStore.Cli;

using var console = CliConsole.OfProcess();
return await Kvctl.RunAsync(args, console);
