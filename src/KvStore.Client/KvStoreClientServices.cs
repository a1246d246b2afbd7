using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KvStore.Client;

/// <summary>Registration of the client in a dependency injection container.</summary>
public static class KvStoreClientServices
{
    /// <summary>Adds a <see cref="KvClient"/> that all share. It connects when it is first used, and is disposed with the container.</summary>
    /// <param name="services">Where to add it.</param>
    /// <param name="endpoints">As for <see cref="KvClient.ConnectAsync(string, KvClientOptions?, CancellationToken)"/>.</param>
    /// <param name="configure">Changes the options.</param>
    public static IServiceCollection AddKvStoreClient(this IServiceCollection services, string endpoints, Action<KvClientOptions>? configure = null) =>
        services.AddKvStoreClient((_, options) =>
        {
            options.Endpoints.Add(endpoints);
            configure?.Invoke(options);
        });

    /// <summary>The same, with endpoints and options taken from other services.</summary>
    public static IServiceCollection AddKvStoreClient(this IServiceCollection services, Action<IServiceProvider, KvClientOptions> configure) =>
        services.AddSingleton(provider =>
        {
            var options = new KvClientOptions { LoggerFactory = (ILoggerFactory?)provider.GetService(typeof(ILoggerFactory)) };
            configure(provider, options);
            return KvClient.Create([], options);
        });
}
