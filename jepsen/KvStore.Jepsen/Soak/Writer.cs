using System.Globalization;
using KvStore.Client;

namespace KvStore.Jepsen.Soak;

/// <summary>
/// Writes in a row: every key once, and one counter that it increments. What was acknowledged must be there at the end: each key with its value, and
/// the counter at exactly the number of increments that were acknowledged, give or take those whose outcome is unknown.
/// </summary>
internal sealed class Writer(int number, KvClient client, AckClock acks)
{
    private readonly List<string> _acknowledged = [];
    private int _next;
    private long _incremented, _incrementsUnknown;

    public int Acknowledged => _acknowledged.Count;
    public long Unknown { get; private set; }
    public long Refused { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var key = Key(_next++);
            if (await TryAsync(key, async () => await client.PutAsync(key, Value(key), cancellationToken: CancellationToken.None).ConfigureAwait(false)).ConfigureAwait(false) == Outcome.Acknowledged) _acknowledged.Add(key);
            switch (await TryAsync(Counter, async () => await client.IncrementAsync(Counter, cancellationToken: CancellationToken.None).ConfigureAwait(false)).ConfigureAwait(false))
            {
                case Outcome.Acknowledged: _incremented++; break;
                case Outcome.Unknown: _incrementsUnknown++; break;
            }
        }
    }

    /// <summary>What is wrong with what is stored now; empty when nothing was lost.</summary>
    public async Task<List<string>> VerifyAsync()
    {
        var wrong = new List<string>();
        foreach (var chunk in _acknowledged.Chunk(256))
        {
            var reads = chunk.Select(key => client.GetAsync(key).AsTask()).ToList();
            for (var i = 0; i < chunk.Length; i++)
            {
                var entry = await reads[i].ConfigureAwait(false);
                if (entry is null) wrong.Add($"{chunk[i]}: acknowledged and gone");
                else if (entry.Value.ValueText != Value(chunk[i])) wrong.Add($"{chunk[i]}: holds '{entry.Value.ValueText}'");
            }
        }

        var counter = await client.GetAsync(Counter).ConfigureAwait(false) is { } found ? long.Parse(found.ValueText, CultureInfo.InvariantCulture) : 0;
        if (counter < _incremented || counter > _incremented + _incrementsUnknown)
            wrong.Add($"{Counter}: is {counter}; acknowledged {_incremented} increments, {_incrementsUnknown} more are unknown");
        return wrong;
    }

    // Spread over all ranges of the default keyspace.
    private string Key(int i) => $"{(char)('a' + (number + i) % 26)}/soak/{number}/{i}";
    private string Counter => $"{(char)('a' + number % 26)}/counter/{number}";
    private static string Value(string key) => $"value of {key}";

    private enum Outcome { Acknowledged, Refused, Unknown }

    private async Task<Outcome> TryAsync(string key, Func<Task> write)
    {
        try
        {
            await write().ConfigureAwait(false);
            acks.Acknowledged(key);
            return Outcome.Acknowledged;
        }
        catch (KvException e)
        {
            if (e.OutcomeUnknown)
            {
                Unknown++;
                return Outcome.Unknown;
            }

            Refused++;
            return Outcome.Refused;
        }
    }
}
