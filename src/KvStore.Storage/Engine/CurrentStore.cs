using System.Globalization;
using System.Text;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>Which directory of a group holds its store: the file CURRENT names it; without one it is the first.</summary>
internal static class CurrentStore
{
    private const string FileName = "CURRENT";
    private const string Prefix = "store-";
    private const string First = Prefix + "1";

    /// <exception cref="StoreDamagedException">CURRENT is damaged.</exception>
    public static string Read(IFileSystem fileSystem, string directory)
    {
        if (SealedFile.Read(fileSystem, directory, FileName) is not { } content)
        {
            // Without CURRENT only the first store can be the live one; if that is gone, CURRENT was lost, and what is left must not be deleted as a leftover.
            if (!fileSystem.DirectoryExists($"{directory}/{First}") && fileSystem.List(directory).Any(entry => NumberOf(entry) > 0))
                throw new StoreDamagedException($"{directory}/{FileName}", "is missing, though there is a store");
            return First;
        }

        var name = Encoding.ASCII.GetString(content);
        if (NumberOf(name) == 0) throw new StoreDamagedException($"{directory}/{FileName}", $"names '{name}'");
        // It is written only when the store is complete: an empty one must not be made in its place.
        if (!fileSystem.DirectoryExists($"{directory}/{name}")) throw new StoreDamagedException($"{directory}/{name}", "is missing, though CURRENT names it");
        return name;
    }

    public static void Write(IFileSystem fileSystem, string directory, string name)
    {
        fileSystem.SyncDirectory(directory);
        SealedFile.Write(fileSystem, directory, FileName, Encoding.ASCII.GetBytes(name));
    }

    /// <summary>A name that no store of the group has.</summary>
    public static string NameOfNext(IFileSystem fileSystem, string directory)
    {
        var highest = fileSystem.List(directory).Max(name => (long?)NumberOf(name)) ?? 0;
        return Prefix + (Math.Max(highest, NumberOf(Read(fileSystem, directory))) + 1).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Deletes what an interrupted or a finished switch left behind.</summary>
    public static void DeleteOthers(IFileSystem fileSystem, string directory, string current)
    {
        foreach (var name in fileSystem.List(directory))
            if (NumberOf(name) > 0 && name != current) fileSystem.DeleteDirectory($"{directory}/{name}");
    }

    private static long NumberOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
