using System.Text.Json.Nodes;
using KvStore.Client;
using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>The operations on one key, recorded as the checker reads them.</summary>
internal static class RegisterOperations
{
    private static readonly KvReadOptions Quorum = new() { Consistency = KvConsistency.Quorum };
    private static readonly KvReadOptions Follower = new() { Consistency = KvConsistency.Follower };

    /// <summary>
    /// By one of the consistencies that promise linearizability, most often the default one. A reader uses that alone: the others would make it wait at a leader that lost its
    /// quorum, instead of hearing what such a leader says.
    /// </summary>
    public static Task<bool> GetAsync(Actor actor, string key)
    {
        var options = actor.Random.Next(10) switch
        {
            _ when actor.Role == ActorRole.Reader => null,
            0 => Quorum,
            <= 2 => Follower,
            _ => null,
        };
        return actor.ReadAsync(key, "get", async client => Text(await client.GetAsync(key, options).ConfigureAwait(false)));
    }

    public static Task<bool> PutAsync(Actor actor, string key, string value) => actor.WriteAsync(key, "put", value, async client =>
    {
        await client.PutAsync(key, value).ConfigureAwait(false);
        return null;
    });

    public static Task<bool> DeleteAsync(Actor actor, string key) => actor.WriteAsync(key, "delete", null, async client => (await client.DeleteAsync(key).ConfigureAwait(false)).Existed);

    /// <param name="actor">Who does it.</param>
    /// <param name="key">The key.</param>
    /// <param name="expected">Null: that there is no such key.</param>
    /// <param name="value">The new value.</param>
    /// <param name="learn">Takes the whole answer, which the history does not need.</param>
    public static Task<bool> SwapAsync(Actor actor, string key, string? expected, string value, Action<CompareAndSwapResult> learn) => actor.WriteAsync(key, "cas", new JsonArray(expected, value), async client =>
    {
        var answer = await client.CompareAndSwapAsync(key, expected is null ? KvExpectation.Absent : KvExpectation.Value(expected), value).ConfigureAwait(false);
        learn(answer);
        return answer.Swapped;
    });

    private static JsonNode? Text(KvEntry? entry) => entry is { } found ? JsonValue.Create(found.ValueText) : null;
}
