using System.Text.Json.Nodes;
using KvStore.Client;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Recording;

/// <summary>
/// One sequential client with a connection of its own. Every call is recorded with what is certain about its outcome: an answer, certainly no effect, or unknown.
/// The SDK's retries carry one write id, so an answer after a retry is the answer of the one write; a call's interval spans all its attempts.
/// </summary>
internal sealed class Actor(ActorRole role, KvClient client, Recorder recorder, Random random)
{
    private int _name = recorder.NewClient();

    public ActorRole Role => role;

    public KvClient Client => client;

    /// <summary>Its own, made from the run's seed.</summary>
    public Random Random => random;

    /// <summary>Does a read: when it fails, it certainly had no effect.</summary>
    /// <returns>Whether there was an answer.</returns>
    public Task<bool> ReadAsync(string key, string op, Func<KvClient, Task<JsonNode?>> call) => DoAsync(key, op, null, call, Effect.None);

    /// <summary>Does a write.</summary>
    /// <param name="key">Recorded.</param>
    /// <param name="op">Recorded.</param>
    /// <param name="request">Recorded.</param>
    /// <param name="call">Does it, and gives the answer to record.</param>
    /// <returns>Whether there was an answer.</returns>
    public Task<bool> WriteAsync(string key, string op, JsonNode? request, Func<KvClient, Task<JsonNode?>> call) => DoAsync(key, op, request, call, Effect.Possible);

    private async Task<bool> DoAsync(string key, string op, JsonNode? request, Func<KvClient, Task<JsonNode?>> call, Effect effect)
    {
        var entry = new Entry { Client = _name, Key = key, Op = op, In = request, Call = recorder.Now };
        try
        {
            var answer = await call(client).ConfigureAwait(false);
            recorder.Add(entry with { Out = answer, Outcome = Outcome.Completed, Return = recorder.Now });
            return true;
        }
        catch (KvException e) when (effect == Effect.None || !e.OutcomeUnknown)
        {
            recorder.Add(entry with { Error = e.Message, Outcome = Outcome.Failed, Return = recorder.Now });
        }
        catch (KvException e)
        {
            recorder.Add(entry with { Error = e.Message, Outcome = Outcome.Unknown, Return = recorder.Now });
            _name = recorder.NewClient();
        }

        return false;
    }

    private enum Effect
    {
        None,
        Possible,
    }
}

/// <summary>What a client does in a run.</summary>
internal enum ActorRole
{
    /// <summary>It reads and writes, and looks for another leader when the one it knows is silent.</summary>
    Writer,

    /// <summary>It only reads, now and then after a long rest, and stays with the node that it believes to lead until that one sends it away: it is the one who sees what a deposed leader says.</summary>
    Reader,
}
