namespace KvStore.Client.Recipes;

/// <summary>A registered instance of a service.</summary>
/// <param name="Service">The service's name.</param>
/// <param name="Instance">The instance's name, unique in the service.</param>
/// <param name="Address">As registered.</param>
/// <param name="Health">What it last said of itself.</param>
/// <param name="Lease">The lease that it lives by; none for one that was written by hand.</param>
public sealed record KvServiceInstance(string Service, string Instance, string Address, KvServiceHealth Health, KvLeaseId Lease)
{
    private const string ServingWord = "serving", NotServingWord = "not-serving";

    /// <summary>The stored form: a word for the health, a space, the address.</summary>
    internal static string ValueOf(KvServiceHealth health, string address) => health switch
    {
        KvServiceHealth.Serving => $"{ServingWord} {address}",
        KvServiceHealth.NotServing => $"{NotServingWord} {address}",
        _ => throw new KvInvalidArgumentException($"An instance cannot say of itself that its health is {health}."),
    };

    internal static KvServiceInstance Read(string service, string instance, KvEntry entry)
    {
        var value = entry.ValueText;
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        var health = space < 0 ? KvServiceHealth.Unknown : value[..space] switch
        {
            ServingWord => KvServiceHealth.Serving,
            NotServingWord => KvServiceHealth.NotServing,
            _ => KvServiceHealth.Unknown,
        };
        return new KvServiceInstance(service, instance, health == KvServiceHealth.Unknown ? value : value[(space + 1)..], health, entry.Lease);
    }
}
