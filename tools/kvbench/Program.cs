using KvStore.Bench;

if (args.Length == 0 || args.Contains("--help"))
{
    Console.WriteLine(args switch { ["watch", ..] => WatchBenchOptions.Usage, ["leases", ..] => LeaseBenchOptions.Usage, _ => BenchOptions.Usage });
    return 0;
}
try
{
    if (args is ["table", var lines])
    {
        BenchTable.Read(lines).Write(Console.Out);
        return 0;
    }
    if (args is ["watch", .. var rest]) return await new WatchBench(WatchBenchOptions.Parse(rest)).RunAsync(Console.Out);
    if (args is ["leases", .. var others]) return await new LeaseBench(LeaseBenchOptions.Parse(others)).RunAsync(Console.Out);
    var options = BenchOptions.Parse(args);
    await using var target = await Targets.OpenAsync(options);
    var report = await new LoadRun(options, target).RunAsync();
    Console.WriteLine(report.ToJson());
    return report.Errors > report.Operations / 100 ? 1 : 0;
}
catch (Exception e) when (e is UsageException or KvStore.Client.KvException or Grpc.Core.RpcException)
{
    Console.Error.WriteLine($"kvbench: {e.Message}");
    return e is UsageException ? 2 : 1;
}
