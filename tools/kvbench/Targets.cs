using KvStore.Client;

namespace KvStore.Bench;

internal static class Targets
{
    public static async Task<ITarget> OpenAsync(BenchOptions options)
    {
        if (options.Target == TargetKind.Etcd) return new EtcdTarget(options);
        var transport = options.Target == TargetKind.Session ? KvTransport.Session : KvTransport.Unary;
        return new SdkTarget(options, await KvClient.ConnectAsync(options.Endpoints, new KvClientOptions { Transport = transport }).ConfigureAwait(false));
    }
}
