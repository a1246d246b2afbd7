namespace KvStore.Node.StateMachine;

/// <summary>What a node accepts from callers (DESIGN §12).</summary>
public sealed record CommandLimits
{
    /// <summary>Frozen: apply checks it, too, so all replicas must agree.</summary>
    public const int KeyBytesMax = 4096;
    public const int BatchBytesMax = 4 << 20;
    public const int ValueBytesMaxDefault = 1 << 20;

    public static readonly CommandLimits Default = new();

    /// <summary>Largest value, in bytes; apply does not check it, so nodes may differ.</summary>
    public int ValueBytesMax { get; init; } = ValueBytesMaxDefault;
}
