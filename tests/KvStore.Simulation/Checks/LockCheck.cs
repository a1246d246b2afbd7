using KvStore.Storage.Engine;

namespace KvStore.Simulation.Checks;

/// <summary>
/// One lock and the keys that are written under it. Tokens grow with real time. Once an acquisition has returned, no write with an older token that is called afterwards is accepted; and in
/// the order in which a range applied them, tokens never go back, whenever the writes were called. What a section adds to a key is lost to no other section.
/// </summary>
internal sealed class LockCheck(string name, Findings findings)
{
    public const string TokensGrow = "fencing tokens grow";
    public const string OldAccepted = "no older token is accepted";
    public const string Had = "every lock can be had";
    public const string LostUpdate = "no update under a lock is lost";

    private readonly SortedDictionary<string, List<Written>> _writes = new(StringComparer.Ordinal);
    private ulong _newest;

    private readonly record struct Written(Revision Revision, ulong Token, string Value);

    public string Lock => name;

    /// <summary>The greatest token with which an acquisition has returned.</summary>
    public ulong Newest => _newest;

    /// <param name="before"><see cref="Newest"/> when the acquisition was called.</param>
    /// <param name="token">With which it returned.</param>
    public void Acquired(ulong before, ulong token)
    {
        if (token <= before) findings.Report(TokensGrow, $"lock {name} was acquired with token {token} by a call that was made after another had returned with {before}");
        _newest = Math.Max(_newest, token);
    }

    /// <param name="newestBefore"><see cref="Newest"/> when the write was called.</param>
    public void Accepted(string key, ulong token, ulong newestBefore, Revision revision, string value)
    {
        if (token < newestBefore)
            findings.Report(OldAccepted, $"a write of \"{key}\" with token {token} was called after lock {name} had been acquired with token {newestBefore}, and accepted at revision {revision}");
        if (!_writes.TryGetValue(key, out var list)) _writes.Add(key, list = []);
        list.Add(new Written(revision, token, value));
    }

    public void Finish()
    {
        foreach (var (key, writes) in _writes)
        {
            var applied = writes.OrderBy(write => write.Revision).ToList();
            for (var i = 1; i < applied.Count; i++)
            {
                if (applied[i].Token >= applied[i - 1].Token) continue;
                findings.Report(OldAccepted, $"\"{key}\" was written with token {applied[i].Token} at revision {applied[i].Revision}, after token {applied[i - 1].Token} at revision {applied[i - 1].Revision}");
                return;
            }
            if (writes.GroupBy(write => write.Value, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is not { } lost) continue;
            findings.Report(LostUpdate, $"\"{key}\" was set to {lost.Key} with tokens {string.Join(" and ", lost.Select(write => write.Token))}: one of them has overwritten what it had not read");
            return;
        }
    }
}
