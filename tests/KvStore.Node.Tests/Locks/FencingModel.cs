using KvStore.Node.Commands;
using KvStore.Node.Locks;
using KvStore.Node.State;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.Locks;

/// <summary>A lock's home and two other groups, each a table with a log index of its own, messages between them that stay deliverable for ever, and what is expected of all that.</summary>
internal sealed class FencingModel
{
    private static readonly string[] Names = ["a", "b"];
    private const int Leases = 5;

    private readonly Dictionary<string, List<ulong>> claims = Names.ToDictionary(name => name, _ => new List<ulong>());
    private readonly Dictionary<string, ulong> lastToken = Names.ToDictionary(name => name, _ => 0UL);
    private readonly List<(ulong Group, string Name, ulong Token, LogIndex Began)> admissions = [];
    private readonly List<PendingRemoval> removals = [];
    private readonly List<PendingRemoval> confirmations = [];
    private readonly Dictionary<ulong, ulong> indexes = new() { [0] = 1, [1] = 1, [2] = 1 };
    private LockTable home = NewHome();
    private readonly Dictionary<ulong, FenceTable> groups = new() { [1] = new FenceTable(new EffectHash(0)), [2] = new FenceTable(new EffectHash(0)) };

    private static LockTable NewHome() => new(new EffectHash(0), _ => true);

    private LogIndex Next(ulong group) => new(++indexes[group]);

    public void Do(int step)
    {
        var name = Names[step & 1];
        var lease = (ulong)(step / 2 % Leases);
        switch (step / 10 % 10)
        {
            case 0 or 1: Acquire(name, lease); break;
            case 2: Release(name, lease); break;
            case 3: EndLease(lease); break;
            case 4: Withdraw(name, lease); break;
            case 5 or 6: Register(name, 1 + lease % 2, (int)lease); break;
            case 7: Deliver(admissions, step, Admit); break;
            case 8: Deliver(removals, step, Remove); break;
            case 9: Deliver(confirmations, step, confirmed => home.ConfirmRemoval(confirmed.Lock, confirmed.Token, confirmed.Group, Next(0))); break;
        }
        if (step == 255) Restart();
        home.Publish();
        foreach (var removal in home.Removals)
            if (!removals.Contains(removal)) removals.Add(removal);
        Compare();
    }

    /// <summary>When everything is delivered, whoever is first in line holds its lock.</summary>
    public void Finish()
    {
        foreach (var removal in removals.ToList()) Remove(removal);
        foreach (var confirmed in confirmations) home.ConfirmRemoval(confirmed.Lock, confirmed.Token, confirmed.Group, Next(0));
        Compare();
        foreach (var name in Names.Where(name => claims[name].Count > 0)) Assert.Equal(claims[name][0], home.Find(name)!.Holder?.Lease);
    }

    private void Acquire(string name, ulong lease)
    {
        if (!claims[name].Contains(lease)) claims[name].Add(lease);
        Assert.Equal(CommandStatus.Ok, home.Acquire(name, lease, default, LockWaiting.Queue, Next(0)).Status);
    }

    private void Release(string name, ulong lease)
    {
        if (home.Find(name) is not { Holder: { } holder } record) return;
        if (holder.Lease != lease)
        {
            // A token of the past releases nothing.
            Assert.False(home.Release(name, record.Token - 1, Next(0)).Flag);
            return;
        }
        claims[name].Remove(lease);
        Assert.True(home.Release(name, record.Token, Next(0)).Flag);
    }

    private void EndLease(ulong lease)
    {
        foreach (var name in Names) claims[name].Remove(lease);
        home.LeaseEnded(lease, Next(0));
    }

    private void Withdraw(string name, ulong lease)
    {
        if (home.Withdraw(name, lease, Next(0)).Flag) claims[name].Remove(lease);
    }

    /// <summary>The group's index is taken first, as the protocol has it; the admission travels.</summary>
    private void Register(string name, ulong group, int back)
    {
        var began = new LogIndex(indexes[group]);
        var token = Math.Max(1, lastToken[name] - (ulong)Math.Min((long)lastToken[name], back / 3));
        var result = home.Register(name, token, new GroupId(group));
        Assert.Equal(home.Find(name) is { Holder: not null } record && record.Token == token, result.Status == CommandStatus.Ok);
        if (result.Status == CommandStatus.Ok) admissions.Add((group, name, token, began));
    }

    private static void Deliver<T>(List<T> messages, int step, Action<T> deliver)
    {
        if (messages.Count > 0) deliver(messages[step * 7 % messages.Count]);
    }

    private void Admit((ulong Group, string Name, ulong Token, LogIndex Began) admission)
    {
        Next(admission.Group);
        groups[admission.Group].Admit(admission.Name, admission.Token, admission.Began);
    }

    private void Remove(PendingRemoval removal)
    {
        groups[removal.Group.Value].Remove(removal.Lock, removal.Token, Next(removal.Group.Value));
        confirmations.Add(removal);
    }

    private void Restart()
    {
        var restored = NewHome();
        restored.Restore(home.All.Select(record => LockRecords.FromRecord(LockState.Parser.ParseFrom(Google.Protobuf.MessageExtensions.ToByteArray(LockRecords.ToRecord(record))))), home.LastToken);
        Assert.Equal(home.Bytes, restored.Bytes);
        home = restored;
    }

    private void Compare()
    {
        foreach (var name in Names)
        {
            var record = home.Find(name);
            var expected = claims[name];
            List<ulong> found = record is null ? [] : [.. record.Holder is { } holder ? [holder.Lease] : Array.Empty<ulong>(), .. record.Waiting.Select(claim => claim.Lease)];
            Assert.Equal(expected, found);
            // Nobody holds it although somebody wants it: only because a group still accepts the last token.
            if (expected.Count > 0 && record!.Holder is null) Assert.NotEmpty(record.Groups);
            if (record?.Holder is not null)
            {
                Assert.True(record.Token >= lastToken[name], "tokens of a lock only grow");
                lastToken[name] = record.Token;
                foreach (var group in groups.Values)
                    for (var token = record.Token > 40 ? record.Token - 40 : 1; token < record.Token; token++) Assert.NotEqual(CommandStatus.Ok, group.Check(name, token));
            }
            foreach (var group in groups.Values) Assert.NotEqual(CommandStatus.Ok, group.Check(name, lastToken[name] + 1));
        }
    }
}
