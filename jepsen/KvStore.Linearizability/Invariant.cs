using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace KvStore.Linearizability;

/// <summary>Assertions that stay on in Release: a checker that went wrong must not give a verdict. This library references nothing, so it has its own.</summary>
internal static class Invariant
{
    public static void That([DoesNotReturnIf(false)] bool condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        if (!condition) throw new InvalidOperationException($"Invariant broken in the checker: {what}");
    }
}
