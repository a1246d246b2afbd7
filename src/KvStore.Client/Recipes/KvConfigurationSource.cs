using KvStore.Client.Internal.Recipes;
using Microsoft.Extensions.Configuration;

namespace KvStore.Client.Recipes;

/// <summary>Configuration from the keys below a prefix, reloaded whenever they change. <see cref="KvConfiguration.AddKvStore"/> adds it.</summary>
public sealed class KvConfigurationSource : IConfigurationSource
{
    /// <param name="client">Whoever gives it disposes it, after the configuration. Its default keyspace holds the values.</param>
    /// <param name="prefix">Ends with '/'. What follows it in a key, with ':' for each '/', is the name of the setting.</param>
    /// <param name="start">What to do when the cluster cannot be reached at the start.</param>
    /// <exception cref="KvInvalidArgumentException">The prefix does not end with '/', begins with it, or is longer than 2,000 bytes.</exception>
    public KvConfigurationSource(KvClient client, string prefix, KvConfigurationStart start = KvConfigurationStart.Required)
    {
        ArgumentNullException.ThrowIfNull(client);
        (Client, Prefix, Start) = (client, RecipeNames.Prefix(prefix), start);
    }

    /// <summary>Reads and watches.</summary>
    public KvClient Client { get; }

    /// <summary>Of all keys.</summary>
    public string Prefix { get; }

    /// <summary>What to do when the cluster cannot be reached at the start.</summary>
    public KvConfigurationStart Start { get; }

    /// <inheritdoc/>
    public IConfigurationProvider Build(IConfigurationBuilder builder) => new KvConfigurationProvider(this);
}
