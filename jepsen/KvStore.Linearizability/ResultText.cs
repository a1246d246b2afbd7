using System.Globalization;
using System.Text;

namespace KvStore.Linearizability;

/// <summary>A result in words.</summary>
internal static class ResultText
{
    private const int PrefixShown = 10;
    private const int NeighboursShown = 20;
    private const int KeysShown = 10;

    public static string Describe(CheckResult result)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{result.Verdict}: {result.History.Operations.Count} operations ({result.History.CompletedCount} completed), {result.ComponentCount} independent keys or sets of keys");
        if (result.Violation is { } violation) Describe(violation, text);
        foreach (var anomaly in result.FindAnomalies()) text.AppendLine().Append(anomaly);
        foreach (var unresolved in result.Unresolved.Take(KeysShown)) text.AppendLine().Append(Describe(unresolved));
        if (result.Unresolved.Count > KeysShown) text.AppendLine().Append(CultureInfo.InvariantCulture, $"and {result.Unresolved.Count - KeysShown} more undecided");
        return text.ToString();
    }

    public static string Describe(Unresolved unresolved) => $"undecided: {Names(unresolved.Keys)} ({Describe(unresolved.Reason)})";

    private static string Describe(UnresolvedReason reason) => reason switch
    {
        UnresolvedReason.Memory => "the memory limit was reached",
        UnresolvedReason.Steps => "the step limit was reached",
        UnresolvedReason.Time => "the time limit was reached",
        _ => "too many operations on one key or connected keys",
    };

    public static string Names(IReadOnlyList<string> keys) =>
        string.Join(", ", keys.Take(KeysShown).Select(k => Value.Of(k).ToString())) + (keys.Count > KeysShown ? $" and {keys.Count - KeysShown} more" : "");

    private static void Describe(Violation violation, StringBuilder text)
    {
        text.AppendLine().Append(CultureInfo.InvariantCulture, $"key {Names(violation.Keys)}: this operation cannot be placed");
        text.AppendLine().Append(CultureInfo.InvariantCulture, $"  {violation.Operation}");
        if (violation.PossibleStates.Count > 0) text.AppendLine().Append(CultureInfo.InvariantCulture, $"what the store can have held then: {string.Join(" or ", violation.PossibleStates)}");
        DescribePrefix(violation, text);
        text.AppendLine().Append("running at the same time, or of unknown outcome:");
        foreach (var neighbour in violation.Neighbours.OrderBy(n => n.Call).Take(NeighboursShown)) text.AppendLine().Append(CultureInfo.InvariantCulture, $"  {neighbour}");
        if (violation.Neighbours.Count == 0) text.Append(" nothing");
        if (violation.Neighbours.Count > NeighboursShown) text.AppendLine().Append(CultureInfo.InvariantCulture, $"  and {violation.Neighbours.Count - NeighboursShown} more");
    }

    private static void DescribePrefix(Violation violation, StringBuilder text)
    {
        if (violation.CutShort is { } reason)
        {
            text.AppendLine().Append(CultureInfo.InvariantCulture, $"an order of what returned before it was not looked for to the end: {Describe(reason)}");
            return;
        }
        var hidden = Math.Max(0, violation.LongestPrefix.Count - PrefixShown);
        text.AppendLine().Append(CultureInfo.InvariantCulture, $"one order of all that returned before it ({violation.LongestPrefix.Count} operations{(hidden > 0 ? $", the last {PrefixShown}" : "")}):");
        foreach (var placed in violation.LongestPrefix.Skip(hidden)) text.AppendLine().Append(CultureInfo.InvariantCulture, $"  {placed.Operation} → {placed.StateAfter}");
    }
}
