namespace KvStore.Linearizability.Drawing;

/// <summary>An operation to be drawn.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Role">What it has to do with the verdict.</param>
/// <param name="Place">Its place in the order that was found, from 1, or 0.</param>
/// <param name="StateAfter">What the keys held after it in that order, or null.</param>
internal sealed record TimelineBar(Operation Operation, BarRole Role, int Place = 0, string? StateAfter = null)
{
    public string Label => Place > 0 ? $"{Place} · {Operation.Describe()}" : Operation.Describe();

    /// <summary>Where the bar ends; null: at the end of the page, since it may take effect at any time.</summary>
    public long? End => Operation.Outcome is Outcome.Unknown ? null : Operation.Return ?? Operation.Call;
}
