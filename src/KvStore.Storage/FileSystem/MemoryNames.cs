namespace KvStore.Storage.FileSystem;

/// <summary>The names of an in-memory file system: what processes see, and what a crash would leave of it while directories are unsynced.</summary>
internal sealed class MemoryNames
{
    /// <summary>A null content is a directory.</summary>
    private readonly SortedDictionary<string, MemoryFileContent?> seen = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, MemoryFileContent?> durable = new(StringComparer.Ordinal);
    /// <summary>Changes that no directory sync has made durable, in the order in which they were made.</summary>
    private readonly List<Change> pending = [];

    private readonly record struct Change(string? From, string? To, MemoryFileContent? Content);

    public IEnumerable<MemoryFileContent> Files => seen.Values.OfType<MemoryFileContent>();

    public MemoryFileContent? FindFile(string path) => seen.GetValueOrDefault(path);

    public bool IsDirectory(string path) => path is "/" or "." or "" || (seen.TryGetValue(path, out MemoryFileContent? content) && content is null);

    /// <summary>A directory is made durable with its parent; what was changed in the parent before is so, too. (A pending deletion of the same name must not undo it later.)</summary>
    public void AddDirectory(string path)
    {
        Sync(ParentOf(path));
        seen[path] = null;
        durable[path] = null;
    }

    public void AddFile(string path, MemoryFileContent content) => Make(new Change(null, path, content));

    public void Delete(string path) => Make(new Change(path, null, null));

    public void Rename(string from, string to)
    {
        foreach (string path in Under(seen, from).ToArray()) Make(new Change(path, to + path[from.Length..], seen[path]));
    }

    public IEnumerable<string> Children(string directory)
    {
        string prefix = directory == "/" ? "/" : directory + "/";
        return seen.Keys.Where(path => path.Length > prefix.Length && path.StartsWith(prefix, StringComparison.Ordinal) && path.IndexOf('/', prefix.Length) < 0);
    }

    public IReadOnlyList<string> TreeBottomUp(string directory) => [.. Under(seen, directory).Reverse()];

    public void Sync(string directory)
    {
        int kept = 0;
        for (int i = 0; i < pending.Count; i++)
        {
            if (Touches(pending[i], directory)) Apply(durable, pending[i]);
            else pending[kept++] = pending[i];
        }
        pending.RemoveRange(kept, pending.Count - kept);
    }

    /// <summary>Each unsynced change survives or not by the dice, those that then make no sense are dropped.</summary>
    public MemoryNames Survivor(ref CrashDice dice)
    {
        SortedDictionary<string, MemoryFileContent?> left = new(durable, StringComparer.Ordinal);
        CrashPattern pattern = dice.NextPattern();
        foreach (Change change in pending)
            if (dice.KeptBytes(pattern, 1) == 1) Apply(left, change);
        MemoryNames survivor = new();
        foreach ((string path, MemoryFileContent? content) in left)
        {
            // A directory comes before what is in it; without it, its files are gone, too.
            if (!survivor.IsDirectory(ParentOf(path))) continue;
            MemoryFileContent? copy = content?.Survivor(ref dice);
            survivor.seen[path] = copy;
            survivor.durable[path] = copy;
        }
        return survivor;
    }

    private void Make(Change change)
    {
        Apply(seen, change);
        pending.Add(change);
    }

    private static void Apply(SortedDictionary<string, MemoryFileContent?> names, Change change)
    {
        if (change.From is null) names[change.To!] = change.Content;
        else if (names.Remove(change.From, out MemoryFileContent? content) && change.To is not null) names[change.To] = content;
    }

    private static bool Touches(Change change, string directory) =>
        (change.From is not null && ParentOf(change.From) == directory) || (change.To is not null && ParentOf(change.To) == directory);

    private static IEnumerable<string> Under(SortedDictionary<string, MemoryFileContent?> names, string path) =>
        names.Keys.Where(name => name == path || name.StartsWith(path + "/", StringComparison.Ordinal));

    public static string ParentOf(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash switch { < 0 => ".", 0 => "/", _ => path[..slash] };
    }
}
