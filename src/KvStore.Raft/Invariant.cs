using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace KvStore.Raft;

/// <summary>Assertions that stay on in Release. A broken invariant stops the process: nothing catches this exception but the host that exits.</summary>
public static class Invariant
{
    /// <exception cref="InvariantViolationException">The condition does not hold.</exception>
    public static void That([DoesNotReturnIf(false)] bool condition, [CallerArgumentExpression(nameof(condition))] string what = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        if (!condition) Fail(what, file, line);
    }

    [DoesNotReturn]
    private static void Fail(string what, string file, int line) =>
        throw new InvariantViolationException($"Invariant broken: {what} ({Path.GetFileName(file)}:{line})");
}

/// <summary>A broken invariant: the state can no longer be trusted and the process must stop.</summary>
public sealed class InvariantViolationException(string message) : Exception(message);
