using System.Runtime.CompilerServices;
using KvStore.Client.Internal.Recipes;
using KvStore.Client.Leases;

namespace KvStore.Client.Recipes;

/// <summary>
/// A registry of services. An instance is a key <c>services/SERVICE/INSTANCE</c> under a lease: it goes when the instance is disposed, and by itself when its process no longer renews the lease.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Promise: an instance is listed from the return of <see cref="RegisterAsync"/> on, and gone at the latest one time to live (and one change of leaders) after its process has died. A listed
/// instance may therefore be dead for that long: callers still need time limits. Each set that <see cref="WatchAsync"/> gives existed at one revision.
/// </remarks>
/// <example>
/// <code>
/// var registry = new KvServiceRegistry(client);
/// await using var registration = await registry.RegisterAsync("billing", "billing-1", "http://10.0.0.7:8080");
/// await foreach (var instances in registry.WatchAsync("billing"))
///     balancer.Use(instances.Where(instance => instance.Health == KvServiceHealth.Serving).Select(instance => instance.Address));
/// </code>
/// </example>
public sealed class KvServiceRegistry
{
    /// <summary>How long an instance stays registered that no longer renews its lease, unless said otherwise: 10 s.</summary>
    public static readonly TimeSpan DefaultTimeToLive = TimeSpan.FromSeconds(10);

    private readonly KvClient _client;
    private readonly KvKeyspace _keyspace;
    private readonly string _prefix;

    /// <param name="client">Its default keyspace holds the registry.</param>
    /// <param name="prefix">Of all keys; ends with '/'.</param>
    /// <exception cref="KvInvalidArgumentException">The prefix does not end with '/', begins with it, or is longer than 2,000 bytes.</exception>
    public KvServiceRegistry(KvClient client, string prefix = "services/")
    {
        ArgumentNullException.ThrowIfNull(client);
        (_client, _prefix) = (client, RecipeNames.Prefix(prefix));
        _keyspace = client.Keyspace(client.Options.DefaultKeyspace);
    }

    /// <summary>
    /// Registers an instance until it is disposed. When its lease is lost, because the cluster could not be reached for long or because somebody revoked it, it registers itself again. If two
    /// register the same instance, the later one's entry stands.
    /// </summary>
    /// <param name="service">The service's name: 1 to 500 bytes without '/'.</param>
    /// <param name="instance">The instance's name: 1 to 500 bytes without '/', unique in the service.</param>
    /// <param name="address">What callers are told.</param>
    /// <param name="health">What it says of itself at first.</param>
    /// <param name="timeToLive">From <see cref="KvLeases.TimeToLiveMin"/> on; null: <see cref="DefaultTimeToLive"/>.</param>
    /// <param name="cancellationToken">Ends the attempt; the instance may be registered until its lease ends.</param>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    /// <exception cref="KvInvalidArgumentException">A limit is broken.</exception>
    public async Task<KvServiceRegistration> RegisterAsync(string service, string instance, string address, KvServiceHealth health = KvServiceHealth.Serving, TimeSpan? timeToLive = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        var key = PrefixOf(service) + RecipeNames.Part(instance, "instance's name");
        var registration = new KvServiceRegistration(_client, _keyspace, key, instance, address, timeToLive ?? DefaultTimeToLive);
        await registration.StartAsync(health, cancellationToken).ConfigureAwait(false);
        return registration;
    }

    /// <summary>The instances of a service now, by name. Linearizable, and all from one revision.</summary>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    /// <exception cref="KvInvalidArgumentException">The name breaks a limit.</exception>
    public async Task<IReadOnlyList<KvServiceInstance>> ListAsync(string service, CancellationToken cancellationToken = default)
    {
        var prefix = PrefixOf(service);
        return Sorted(service, prefix, await PrefixStates.ReadAsync(_keyspace, prefix, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// The instances of a service now and after each change, for ever, also over lost connections and restarts of nodes. The newest set is always given; one that was replaced quickly may be left
    /// out, and a set may be given twice.
    /// </summary>
    /// <exception cref="KvUnavailableException">A set could not be read within <see cref="KvClientOptions.Timeout"/>. The caller may keep the last one and begin again.</exception>
    /// <exception cref="KvInvalidArgumentException">The name breaks a limit.</exception>
    public async IAsyncEnumerable<IReadOnlyList<KvServiceInstance>> WatchAsync(string service, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var prefix = PrefixOf(service);
        await foreach (var state in PrefixStates.FollowAsync(_keyspace, prefix, cancellationToken).ConfigureAwait(false)) yield return Sorted(service, prefix, state);
    }

    private string PrefixOf(string service) => $"{_prefix}{RecipeNames.Part(service, "service's name")}/";

    private static KvServiceInstance[] Sorted(string service, string prefix, Dictionary<string, KvEntry> state) =>
        [.. state.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KvServiceInstance.Read(service, pair.Key[prefix.Length..], pair.Value))];
}
