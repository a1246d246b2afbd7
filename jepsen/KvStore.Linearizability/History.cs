namespace KvStore.Linearizability;

/// <summary>Operations of many clients on many keys, validated: each is complete in itself, and no client overlaps itself.</summary>
public sealed class History
{
    /// <summary>More operations do not fit the memory that a check may use (about 250 bytes each).</summary>
    public const int OperationsMax = 5_000_000;

    private History(IReadOnlyList<Operation> operations) => Operations = operations;

    /// <summary>In the order in which they were given, which means nothing.</summary>
    public IReadOnlyList<Operation> Operations { get; }

    /// <summary>How many completed. A run in which nothing completed shows nothing, although it is linearizable.</summary>
    public int CompletedCount => Operations.Count(o => o.Outcome is Outcome.Completed);

    /// <summary>Takes operations made in memory, in any order. The list is kept, not copied.</summary>
    /// <exception cref="HistoryFormatException">An operation is broken, or overlaps another one of its client.</exception>
    public static History Of(IReadOnlyList<Operation> operations) => Validated(operations, source: null);

    /// <summary>Reads a file of JSON lines; <c>jepsen/histories/README.md</c> describes the format.</summary>
    /// <exception cref="HistoryFormatException">A line is broken.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static History Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        return Read(file, path);
    }

    /// <summary>Reads JSON lines from a stream; <paramref name="name"/> stands for it in error messages.</summary>
    /// <exception cref="HistoryFormatException">A line is broken.</exception>
    public static History Read(Stream stream, string name) => Validated(new HistoryReader(stream, name).ReadAll(), name);

    private static History Validated(IReadOnlyList<Operation> operations, string? source)
    {
        HistoryRules.Check(operations, source);
        return new History(operations);
    }
}
