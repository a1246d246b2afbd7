using System.Xml.Linq;

namespace KvStore.Conventions.Tests;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IEnumerable<string> Projects() =>
        ((string[])["src", "tests", "jepsen", "tools", "docs"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories))
            .Order(StringComparer.Ordinal);

    /// <summary>Hand-written C# under a folder, as (path relative to the root, lines).</summary>
    public static IEnumerable<(string Path, string[] Lines)> Sources(params string[] folders) =>
        from folder in folders
        from file in Directory.EnumerateFiles(System.IO.Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
        where !file.Contains("/bin/", StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal)
        orderby file
        select (System.IO.Path.GetRelativePath(Root, file), File.ReadAllLines(file));

    public static IEnumerable<string> Items(string project, string kind) =>
        XDocument.Load(project).Descendants(kind).Select(item => item.Attribute("Include")?.Value ?? "").Where(include => include.Length > 0);

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(System.IO.Path.Combine(directory.FullName, "KvStore.sln"))) directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("KvStore.sln was not found above the test's folder.");
    }
}
