using System.Globalization;
using KvStore.Raft;

namespace KvStore.Inspect;

/// <summary>What the command line asks for.</summary>
internal sealed record InspectOptions(string Directory, InspectDetail Detail, GroupId? Group)
{
    public const int ExitSound = 0;
    public const int ExitDamaged = 1;
    public const int ExitUsage = 2;

    private const string Help = """
        kvinspect: reads the write-ahead log of a stopped node, verifies it and changes nothing.

        usage: kvinspect <wal-directory> [--batches | --records] [--group <id>]

          <wal-directory>  the directory with the *.wal files and the file 'votes'
          --batches        also list every batch: offset, sequence number, bytes
          --records        also list every record of every batch: group, kind, entry range
          --group <id>     only records of this group, and only this group at the end
          --help           this text

        exit status: 0 sound, 1 damaged or unreadable (the first finding goes to standard error), 2 wrong usage
        """;

    /// <summary>Null when there is nothing to do; then the exit status is set.</summary>
    public static InspectOptions? Parse(string[] arguments, TextWriter output, TextWriter error, out int exitCode)
    {
        exitCode = ExitUsage;
        string? directory = null;
        InspectDetail detail = InspectDetail.Segments;
        GroupId? group = null;
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--help" or "-h":
                    output.WriteLine(Help);
                    exitCode = ExitSound;
                    return null;
                case "--batches":
                    detail = InspectDetail.Batches;
                    break;
                case "--records":
                    detail = InspectDetail.Records;
                    break;
                case "--group":
                    if (++i >= arguments.Length || !ulong.TryParse(arguments[i], NumberStyles.None, CultureInfo.InvariantCulture, out ulong id)) return Refuse(error, "--group needs a group id, a whole number");
                    group = new GroupId(id);
                    break;
                case ['-', ..] unknown:
                    return Refuse(error, $"unknown option '{unknown}'");
                case var path when directory is null:
                    directory = path;
                    break;
                default:
                    return Refuse(error, $"one directory at a time: '{arguments[i]}' is too much");
            }
        }
        return directory is null ? Refuse(error, "which directory?") : new InspectOptions(directory.Length > 1 ? directory.TrimEnd('/') : directory, detail, group);
    }

    private static InspectOptions? Refuse(TextWriter error, string what)
    {
        error.WriteLine($"kvinspect: {what}; try --help");
        return null;
    }
}

internal enum InspectDetail { Segments, Batches, Records }
