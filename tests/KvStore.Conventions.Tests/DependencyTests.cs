namespace KvStore.Conventions.Tests;

/// <summary>The dependency table: an edge that is not in it is refused.</summary>
public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["KvStore.Raft"] = [],
        ["KvStore.Storage"] = ["KvStore.Raft"],
        ["KvStore.Node"] = ["KvStore.Raft", "KvStore.Storage"],
        ["KvStore.Grpc"] = [],
        ["KvStore.Protocol"] = ["KvStore.Grpc"],
        ["KvStore.Server"] = ["KvStore.Node", "KvStore.Protocol"],
        ["KvStore.Client"] = ["KvStore.Protocol"],
        ["KvStore.Cli"] = ["KvStore.Client"],
        ["sample"] = ["KvStore.Client"],
        ["kvbench"] = ["KvStore.Client"],
        ["kvinspect"] = ["KvStore.Storage"],
        ["kvprofile"] = [],
        ["KvStore.Linearizability"] = [],
        ["KvStore.Simulation"] = ["KvStore.Raft", "KvStore.Storage", "KvStore.Node", "KvStore.Linearizability"],
        ["KvStore.Jepsen"] = ["KvStore.Client", "KvStore.Linearizability"],
    };

    private static readonly Dictionary<string, string[]> AllowedPackages = new(StringComparer.Ordinal)
    {
        ["KvStore.Raft"] = [],
        ["KvStore.Storage"] = ["Microsoft.Extensions.Logging.Abstractions"],
        ["KvStore.Node"] = ["Google.Protobuf", "Grpc.Tools"],
        ["KvStore.Grpc"] = [],
        ["KvStore.Protocol"] = ["Google.Protobuf", "Grpc.Tools"],
        ["KvStore.Server"] = [],
        ["KvStore.Linearizability"] = [],
    };

    public static TheoryData<string> ProjectNames => [.. Repository.Projects().Select(project => Path.GetFileNameWithoutExtension(project))];

    [Theory]
    [MemberData(nameof(ProjectNames))]
    public void A_project_references_only_what_the_table_allows(string name)
    {
        var project = Repository.Projects().Single(p => Path.GetFileNameWithoutExtension(p) == name);
        var references = Repository.Items(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)).ToList();
        if (name.EndsWith(".Tests", StringComparison.Ordinal)) return; // a test project references what it tests
        Assert.True(Allowed.TryGetValue(name, out var allowed), $"{name} is not in the dependency table");
        Assert.Empty(references.Except(allowed!));
    }

    [Theory]
    [MemberData(nameof(ProjectNames))]
    public void A_pure_project_takes_only_the_packages_of_the_table(string name)
    {
        if (!AllowedPackages.TryGetValue(name, out var allowed)) return;
        var project = Repository.Projects().Single(p => Path.GetFileNameWithoutExtension(p) == name);
        var packages = Repository.Items(project, "PackageReference").Except(["Microsoft.CodeAnalysis.BannedApiAnalyzers"]);
        Assert.Empty(packages.Except(allowed));
    }

    [Fact]
    public void Raft_storage_and_node_ban_clocks_randomness_and_tasks()
    {
        foreach (var name in (string[])["KvStore.Raft", "KvStore.Storage", "KvStore.Node"])
        {
            var project = Repository.Projects().Single(p => Path.GetFileNameWithoutExtension(p) == name);
            Assert.Contains("Microsoft.CodeAnalysis.BannedApiAnalyzers", Repository.Items(project, "PackageReference"));
            Assert.Contains(Repository.Items(project, "AdditionalFiles"), file => file.EndsWith("BannedSymbols.txt", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "KvStore.sln")).Replace('\\', '/');
        foreach (var project in Repository.Projects()) Assert.Contains(Path.GetRelativePath(Repository.Root, project), solution);
    }
}
