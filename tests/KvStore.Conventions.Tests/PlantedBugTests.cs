using System.Reflection;
using System.Text.RegularExpressions;

namespace KvStore.Conventions.Tests;

/// <summary>Planted bugs (docs/adr/0010) are compiled in the configuration Planted and nowhere else.</summary>
public sealed class PlantedBugTests
{
    private const string Catalogue = "src/KvStore.Raft/PlantedBug.cs";

    [Theory]
    [InlineData("KvStore.Raft")]
    [InlineData("KvStore.Storage")]
    [InlineData("KvStore.Node")]
    public void An_assembly_of_this_configuration_has_no_trace_of_them(string assembly)
    {
        var found = Assembly.Load(assembly).GetTypes()
            .SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(member => $"{type.FullName}.{member.Name}").Append(type.FullName!))
            .Where(name => name.Contains("Plant", StringComparison.Ordinal));
        Assert.Empty(found);
    }

    [Fact]
    public void Every_planted_bug_stands_somewhere_in_the_product()
    {
        var names = Repository.Sources("src").Single(source => source.Path == Catalogue).Lines.Select(line => Regex.Match(line, @"^\s+\[Plant\(.*\)\] (\w+),$")).Where(match => match.Success).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(names);
        var text = string.Join('\n', Repository.Sources("src").Where(source => source.Path != Catalogue).SelectMany(source => source.Lines));
        Assert.All(names, name => Assert.Matches($@"\bPlantedBug\.{name}\b", text));
    }
}
