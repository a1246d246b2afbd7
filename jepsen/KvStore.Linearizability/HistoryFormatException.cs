namespace KvStore.Linearizability;

/// <summary>A history that cannot be checked because it is broken. Its message names the file and line, or the position in memory, and what is wrong.</summary>
public sealed class HistoryFormatException : Exception
{
    internal HistoryFormatException(string where, string reason, Exception? inner = null)
        : base($"{where}: {reason}", inner)
    {
        Where = where;
        Reason = reason;
    }

    /// <summary><c>file:line</c>, or <c>operation N</c> (from 0) of a history made in memory.</summary>
    public string Where { get; }

    /// <summary>What is wrong there.</summary>
    public string Reason { get; }
}
