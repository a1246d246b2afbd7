#if PLANTED
namespace KvStore.Raft;

/// <summary>What a planted bug does, and its row in the catalogue of bugs that other systems had.</summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class PlantAttribute(int row, string what) : Attribute
{
    public int Row { get; } = row;
    public string What { get; } = what;

    /// <summary>The workload whose simulation shows it, when not the ones that always run; a search looks there alone.</summary>
    public string? Workload { get; init; }
}
#endif
