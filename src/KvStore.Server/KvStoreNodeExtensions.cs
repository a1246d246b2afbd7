using KvStore.Server.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KvStore.Server;

/// <summary>Runs a node inside any .NET host.</summary>
public static class KvStoreNodeExtensions
{
    /// <summary>
    /// Adds a node that starts and stops with the application, on ports of its own. With no settings: a single node, data in ./kvstore-data,
    /// clients on 127.0.0.1:7101. Settings come from the application's configuration section "KvStore" unless <paramref name="options"/> are given.
    /// </summary>
    /// <exception cref="ConfigurationException">A setting is wrong.</exception>
    public static IHostApplicationBuilder AddKvStoreNode(this IHostApplicationBuilder builder, KvStoreServerOptions? options = null)
    {
        options ??= FromSection(builder);
        builder.Services.AddSingleton(services => new KvStoreServer(options, services.GetRequiredService<ILoggerFactory>()));
        builder.Services.AddHostedService<NodeHostedService>();
        return builder;
    }

    private static KvStoreServerOptions FromSection(IHostApplicationBuilder builder)
    {
        var source = new SettingSource();
        Flatten(builder.Configuration.GetSection("KvStore"), "");
        return KvStoreServerOptionsReader.Read(source);

        void Flatten(IConfigurationSection section, string prefix)
        {
            foreach (var child in section.GetChildren())
            {
                if (child.Value is { } value) source.Set(prefix + child.Key, value, "configuration section KvStore");
                Flatten(child, $"{prefix}{child.Key}:");
            }
        }
    }

    private sealed class NodeHostedService(KvStoreServer server, IHostApplicationLifetime lifetime) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            await server.StartAsync(cancellationToken).ConfigureAwait(false);
            _ = StopWhenFailed();
        }

        public Task StopAsync(CancellationToken cancellationToken) => server.StopAsync(cancellationToken);

        // A node whose disk failed must not look alive: the application ends, with a non-zero exit code.
        private async Task StopWhenFailed()
        {
            if (await server.Ended.ConfigureAwait(false) is null) return;
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }
}
