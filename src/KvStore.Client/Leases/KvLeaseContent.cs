namespace KvStore.Client.Leases;

/// <summary>What is asked of a lease.</summary>
public enum KvLeaseContent
{
    /// <summary>Its times.</summary>
    Times,
    /// <summary>Its times and the keys that are attached to it.</summary>
    TimesAndKeys,
}
