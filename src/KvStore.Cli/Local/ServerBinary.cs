namespace KvStore.Cli.Local;

/// <summary>Finds the server that `local up` starts.</summary>
internal static class ServerBinary
{
    private const string Variable = "KVSTORE_SERVER_DLL";
    private const string FileName = "KvStore.Server.dll";

    /// <exception cref="CommandException">There is none.</exception>
    public static string Find(CliConsole console)
    {
        if (console.Environment(Variable) is { Length: > 0 } given)
            return File.Exists(given) ? Path.GetFullPath(given) : throw new CommandException(ExitCode.Error, $"{Variable} is {given}, but there is no such file");
        return Candidates(AppContext.BaseDirectory).FirstOrDefault(File.Exists)
            ?? throw new CommandException(ExitCode.Error, $"{FileName} is not built; run: dotnet build src/KvStore.Server  (or set {Variable})");
    }

    /// <summary>Beside kvctl, as installed; else in the repository that kvctl was built in, preferably of the same configuration.</summary>
    private static IEnumerable<string> Candidates(string directory)
    {
        yield return Path.Combine(directory, FileName);
        yield return Path.Combine(directory, "..", "server", FileName);
        var parts = directory.TrimEnd('/').Split('/');
        var configuration = Array.IndexOf(parts, "Release") >= 0 ? "Release" : "Debug";
        for (var at = new DirectoryInfo(directory); at is not null; at = at.Parent)
        {
            if (!File.Exists(Path.Combine(at.FullName, "KvStore.sln"))) continue;
            foreach (var c in (string[])[configuration, "Release", "Debug"])
                yield return Path.Combine(at.FullName, "src", "KvStore.Server", "bin", c, "net10.0", FileName);
        }
    }
}
