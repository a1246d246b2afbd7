namespace KvStore.Cli.Local;

/// <summary>Finds the server that `local up` starts: a native program, or a dll for the runtime.</summary>
internal static class ServerBinary
{
    /// <summary>Where the server is; not meant for the server itself, which would take it for a setting.</summary>
    public const string Variable = "KVSTORE_SERVER";
    private const string Name = "KvStore.Server";
    private const string Dll = Name + ".dll";

    /// <exception cref="CommandException">There is none.</exception>
    public static string Find(CliConsole console)
    {
        if (console.Environment(Variable) is { Length: > 0 } given)
            return File.Exists(given) ? Path.GetFullPath(given) : throw new CommandException(ExitCode.Error, $"{Variable} is {given}, but there is no such file");
        return Folders(AppContext.BaseDirectory).SelectMany(folder => (string[])[Path.Combine(folder, Dll), Path.Combine(folder, Name)]).FirstOrDefault(File.Exists)
            ?? throw new CommandException(ExitCode.Error, $"{Name} is not built; run: dotnet build src/KvStore.Server  (or set {Variable})");
    }

    /// <summary>The words that run it.</summary>
    public static string[] CommandOf(string server) => !server.EndsWith(".dll", StringComparison.Ordinal) ? [server]
        : [Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet", server];

    /// <summary>Beside kvctl, as installed; else in the repository that kvctl was built in, preferably of the same configuration.</summary>
    private static IEnumerable<string> Folders(string directory)
    {
        yield return directory;
        yield return Path.Combine(directory, "..", "server");
        yield return Path.Combine(directory, "..", Name);
        var parts = directory.TrimEnd('/').Split('/');
        var configuration = Array.IndexOf(parts, "Release") >= 0 ? "Release" : "Debug";
        for (var at = new DirectoryInfo(directory); at is not null; at = at.Parent)
        {
            if (!File.Exists(Path.Combine(at.FullName, "KvStore.sln"))) continue;
            foreach (var c in (string[])[configuration, "Release", "Debug"]) yield return Path.Combine(at.FullName, "src", Name, "bin", c, "net10.0");
        }
    }
}
