namespace KvStore.Profile;

/// <summary>What the values of a probe are; the runtime's numbers.</summary>
internal enum ProbeValues
{
    None = 0,
    FourBytes = 1,
    EightBytes = 2,
    Types = 3,
    Methods = 4,
}
