namespace KvStore.Cli.Output;

/// <summary>What a command found, without regard to how it is printed. A cell may be another result.</summary>
internal sealed class CommandResult
{
    /// <summary>One thing; JSON prints an object.</summary>
    public static CommandResult One(params (string Name, object? Value)[] fields) => new()
    {
        Columns = [.. fields.Select(f => f.Name)],
        Rows = [[.. fields.Select(f => f.Value)]],
        IsList = false,
    };

    /// <summary>Any number of things; JSON prints an array.</summary>
    public static CommandResult List(string[] columns, IEnumerable<object?[]> rows) => new() { Columns = columns, Rows = [.. rows], IsList = true };

    public required string[] Columns { get; init; }

    public required IReadOnlyList<object?[]> Rows { get; init; }

    public required bool IsList { get; init; }

    /// <summary>What the text format prints instead of columns.</summary>
    public ReadOnlyMemory<byte>? Text { get; init; }
}
