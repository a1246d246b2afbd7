namespace KvStore.Server.Tests.EndToEnd.Recipes;

/// <summary>The snippets of docs/recipes.md stand in the sample, and the sample does what it says.</summary>
[Collection(RecipeNode.Name)]
public sealed class SampleTests(SingleNode node)
{
    [Fact]
    public async Task The_snippets_of_the_documentation_do_what_they_say()
    {
        await using var client = await node.ConnectAsync();
        var said = new List<string>();
        await Sample.Recipes.LockAsync(client, said.Add);
        await Sample.Recipes.ElectionAsync(client, said.Add);
        await Sample.Recipes.RegistryAsync(client, said.Add);
        await Sample.Recipes.SemaphoreAsync(client, said.Add);
        await Sample.Recipes.QueueAsync(client, said.Add);
        await Sample.Recipes.UniqueIdsAsync(client, said.Add);
        await Sample.Recipes.RateLimiterAsync(client, said.Add);
        await Sample.Recipes.ConfigurationAsync(client, said.Add);
        Assert.Equal(
            [
                "held: True",
                "leader: node-1",
                "serving: http://10.0.0.7:8080",
                "held: 1 of 3",
                "done: to: ann, attempt 1, left 0",
                "greater: True",
                "granted, 1 left", "granted, 0 left", "refused until the window is over",
                "currency: EUR", "currency: CHF",
            ],
            said);
    }

    [Fact]
    public void Every_line_of_a_snippet_stands_in_the_sample()
    {
        var sample = File.ReadAllLines(Path.Combine(TestPaths.Root, "docs", "sample", "Recipes.cs")).Select(line => line.Trim()).ToHashSet();
        var blocks = File.ReadAllText(Path.Combine(TestPaths.Root, "docs", "recipes.md")).Split("```csharp\n").Skip(1).Select(rest => rest[..rest.IndexOf("```", StringComparison.Ordinal)]).ToList();
        Assert.Equal(8, blocks.Count);
        Assert.All(blocks.SelectMany(block => block.Split('\n', StringSplitOptions.RemoveEmptyEntries)), line => Assert.Contains(line.Trim(), sample));
    }
}
