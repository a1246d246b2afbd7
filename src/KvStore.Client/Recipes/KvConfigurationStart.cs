namespace KvStore.Client.Recipes;

/// <summary>What becomes of a configuration when the cluster cannot be reached at the start.</summary>
public enum KvConfigurationStart
{
    /// <summary>Building the configuration fails.</summary>
    Required,
    /// <summary>It is built without the values of the cluster, which come as soon as it can be reached.</summary>
    Optional,
}
