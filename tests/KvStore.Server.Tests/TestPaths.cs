namespace KvStore.Server.Tests;

internal static class TestPaths
{
    /// <summary>The checkout that the tests were built from.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "KvStore.sln"))) directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("KvStore.sln was not found above the test's folder.");
    }
}
