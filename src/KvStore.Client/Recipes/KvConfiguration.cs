using Microsoft.Extensions.Configuration;

namespace KvStore.Client.Recipes;

/// <summary>Configuration that lives in the cluster and reloads itself.</summary>
/// <remarks>
/// Promise: at every moment the values are those of one revision of the cluster, never a part of a change; while the cluster can be reached, a change arrives as fast as a watch tells of it, and the
/// reload token fires then. When it cannot be reached the last values stay, and the newest come as soon as it can be. Names of settings do not distinguish case; of keys that differ only in case
/// the last one in key order counts.
/// </remarks>
/// <example>
/// <code>
/// var configuration = new ConfigurationBuilder().AddJsonFile("appsettings.json").AddKvStore(client, "config/shop/").Build();
/// await client.PutAsync("config/shop/Prices/Currency", "EUR");
/// ChangeToken.OnChange(configuration.GetReloadToken, () => Console.WriteLine(configuration["Prices:Currency"]));
/// </code>
/// </example>
public static class KvConfiguration
{
    /// <summary>Adds the values below a prefix, over those of the sources before.</summary>
    /// <param name="builder">Where to add them.</param>
    /// <param name="client">Whoever gives it disposes it, after the configuration. Its default keyspace holds the values.</param>
    /// <param name="prefix">Ends with '/'. What follows it in a key, with ':' for each '/', is the name of the setting; the value is read as UTF-8.</param>
    /// <param name="start">What to do when the cluster cannot be reached at the start, where <see cref="IConfigurationBuilder.Build"/> throws <see cref="KvUnavailableException"/> unless it is said otherwise.</param>
    /// <exception cref="KvInvalidArgumentException">The prefix does not end with '/', begins with it, or is longer than 2,000 bytes.</exception>
    public static IConfigurationBuilder AddKvStore(this IConfigurationBuilder builder, KvClient client, string prefix, KvConfigurationStart start = KvConfigurationStart.Required)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new KvConfigurationSource(client, prefix, start));
    }
}
