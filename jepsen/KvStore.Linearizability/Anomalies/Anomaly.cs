using System.Globalization;
using System.Text;

namespace KvStore.Linearizability.Anomalies;

/// <summary>One anomaly with the operations that show it.</summary>
/// <param name="Kind">Its name.</param>
/// <param name="Operations">Those that take part; of a circle, in order.</param>
/// <param name="Reasons">Why each operation comes before the next one, or what is wrong with it.</param>
public sealed record Anomaly(AnomalyKind Kind, IReadOnlyList<Operation> Operations, IReadOnlyList<string> Reasons)
{
    /// <summary>Several lines.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(Name(Kind));
        for (var i = 0; i < Operations.Count; i++) text.AppendLine().Append(CultureInfo.InvariantCulture, $"  {Operations[i]}{(i < Reasons.Count ? ": " + Reasons[i] : "")}");
        return text.ToString();
    }

    private static string Name(AnomalyKind kind) => kind switch
    {
        AnomalyKind.DirtyWrite => "dirty write",
        AnomalyKind.DirtyRead => "dirty read",
        AnomalyKind.CircularFlow => "circular information flow",
        AnomalyKind.LostUpdate => "lost update",
        AnomalyKind.ReadSkew => "read skew",
        AnomalyKind.WriteSkew => "write skew",
        _ => "phantom",
    };
}
