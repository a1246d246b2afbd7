namespace KvStore.Client.Recipes;

/// <summary>What an instance of a service says of itself. That it says anything means that its lease is alive.</summary>
public enum KvServiceHealth
{
    /// <summary>The stored value has a form that this version does not know; the address is the whole value.</summary>
    Unknown,
    /// <summary>It serves.</summary>
    Serving,
    /// <summary>It runs and wants no new requests, for example while it starts, or drains before it stops.</summary>
    NotServing,
}
