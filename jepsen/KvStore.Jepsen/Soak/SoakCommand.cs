namespace KvStore.Jepsen.Soak;

/// <summary><c>soak</c>: long runs. Without a name: every workload under every nemesis.</summary>
internal static class SoakCommand
{
    public const string Usage = "soak [--time 60s] [--workload NAME,…] [--nemesis NAME,…] [--nodes 3|5] | soak kill|power [--rounds N] [--nodes 3|5] [--writers N] [--all-every N]";

    /// <returns>The exit code: 0 nothing wrong was found, 1 something was.</returns>
    /// <exception cref="UsageException">An option is wrong.</exception>
    public static Task<int> RunAsync(string[] rest, TextWriter output, CancellationToken cancellationToken) => rest switch
    {
        ["kill", .. var options] => LossSoak.RunAsync(LossOptions.Read(LossKind.Kill, options), output, cancellationToken),
        ["power", .. var options] => LossSoak.RunAsync(LossOptions.Read(LossKind.Power, options), output, cancellationToken),
        _ => MatrixSoak.RunAsync(rest, output, cancellationToken),
    };
}
