using System.Globalization;
using System.Text;

namespace KvStore.Raft.Tests.Scenarios;

/// <summary>
/// Executes the commands of one script on a small network in which nothing happens unless the script says so.
/// All replicas have the same clock; it moves only by <c>advance</c>, <c>tick</c> and <c>elect</c>.
/// </summary>
internal sealed class Scenario
{
    private readonly SortedDictionary<ReplicaId, SimulatedReplica> _replicas = [];
    private readonly Dictionary<ReplicaId, (RaftRole Role, Term Term)> _shown = [];
    private readonly HashSet<(ReplicaId, ReplicaId)> _cut = [];
    private readonly List<RaftMessage> _wire = [];
    private readonly StringBuilder _output = new();
    private MonotonicTime _now = new(TimeSpan.FromSeconds(1).Ticks * 100);

    public string Execute(string line)
    {
        _output.Clear();
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var arguments = words[1..];
        if (!Cluster(words[0], arguments) && !Inputs(words[0], arguments) && !NetworkAndDisk(words[0], arguments) && !Views(words[0], arguments))
            throw new InvalidOperationException($"unknown command: {line}");
        foreach (var replica in _replicas.Values) ShowRole(replica);
        return words[^1] == "quiet" ? "" : _output.ToString();
    }

    private bool Cluster(string command, string[] a)
    {
        switch (command)
        {
            case "add-nodes": AddNodes(a); return true;
            case "add-spare": foreach (var id in Ids(a)) Add(id, Configuration.Empty, a); return true;
            case "crash": foreach (var replica in Of(a)) replica.Crash(); return true;
            case "restart":
                foreach (var replica in Of(a))
                {
                    replica.Restart(_now);
                    _shown.Remove(replica.Id);
                }
                return true;
            case "boot": Boot(a); return true;
            case "advance": _now += Time(a[0]); return true;
            case "tick":
                if (a.Length > 1) _now += Time(a[^1]);
                foreach (var id in Ids(a)) _replicas[id].Node.Tick(_now);
                return true;
            case "elect": Elect(Ids(a)[0]); return true;
            case "win": Win(Ids(a)); return true;
            default: return false;
        }
    }

    private bool Inputs(string command, string[] a)
    {
        if (a.Length == 0 || !ulong.TryParse(a[0], out var first) || !_replicas.TryGetValue(new ReplicaId(first), out var replica)) return false;
        var node = replica.Node;
        switch (command)
        {
            case "campaign": node.Campaign(_now); return true;
            case "propose": foreach (var value in a[1..].Where(w => w != "quiet")) ShowProposal(node.Propose(Encoding.UTF8.GetBytes(value), _now)); return true;
            case "change": ShowProposal(node.ProposeConfigurationChange(Change(a[1..]), _now)); return true;
            case "transfer": Show(node.TransferLeadership(Id(a[1]), _now) ? "started" : "refused"); return true;
            case "read": node.ReadIndex(ulong.Parse(a[1], CultureInfo.InvariantCulture), _now); return true;
            case "unreachable": node.ReportUnreachable(Id(a[1])); return true;
            case "compact": replica.Compact(new LogIndex(ulong.Parse(a[1], CultureInfo.InvariantCulture))); return true;
            case "snapshot": SendSnapshot(replica, Id(a[1]), a); return true;
            case "lease": Show($"{replica.Id}: " + (node.LeaseReadIndex(_now) is { } index ? $"read at {index}" : "no lease")); return true;
            default: return false;
        }
    }

    private bool NetworkAndDisk(string command, string[] a)
    {
        switch (command)
        {
            case "ready": foreach (var replica in Of(a)) TakeReady(replica); return true;
            case "sync": foreach (var replica in Of(a)) replica.Sync(Send, _now); return true;
            case "deliver": Deliver(Take(a)); return true;
            case "drop": foreach (var message in Take(a)) Show("drop " + MessageText.Of(message)); return true;
            case "duplicate": foreach (var message in Take(a)) _wire.AddRange([message, message]); return true;
            case "cut": foreach (var x in Ids(a[..1])) foreach (var y in Ids(a[1..])) { _cut.Add((x, y)); _cut.Add((y, x)); } return true;
            case "heal": _cut.Clear(); return true;
            case "stabilize": Stabilize(Ids(a) is { Count: > 0 } ids ? ids : [.. _replicas.Keys]); return true;
            default: return false;
        }
    }

    private bool Views(string command, string[] a)
    {
        switch (command)
        {
            case "status": foreach (var replica in Of(a)) Show(replica.IsUp ? replica.Describe() : $"{replica.Id}: down"); return true;
            case "log": foreach (var replica in Of(a)) Show($"{replica.Id}: {ShowLog(replica)}"); return true;
            case "config": foreach (var replica in Of(a)) Show($"{replica.Id}: {replica.Node.Configuration}"); return true;
            case "wire": foreach (var message in _wire) Show(MessageText.Of(message)); return true;
            case "progress": foreach (var replica in Of(a)) ShowProgress(replica); return true;
            default: return false;
        }
    }

    private void AddNodes(string[] a)
    {
        _wire.Clear();
        _cut.Clear();
        _replicas.Clear();
        var count = int.Parse(a[0], CultureInfo.InvariantCulture);
        var learners = a.Where(w => w.StartsWith("learner=", StringComparison.Ordinal)).Select(w => Id(w["learner=".Length..])).ToList();
        var all = Enumerable.Range(1, count).Select(i => new ReplicaId((ulong)i)).ToList();
        var initial = new Configuration([.. all.Except(learners)], learners: learners);
        foreach (var id in all) Add(id, initial, a);
    }

    private void Add(ReplicaId id, Configuration initial, string[] a)
    {
        long Option(string name, long otherwise) =>
            a.FirstOrDefault(w => w.StartsWith(name + "=", StringComparison.Ordinal)) is { } w ? long.Parse(w[(name.Length + 1)..], CultureInfo.InvariantCulture) : otherwise;
        _replicas[id] = new SimulatedReplica(new RaftOptions
        {
            Group = new GroupId(1),
            Self = id,
            Seed = id.Value,
            AppendMessageBytesMax = (int)Option("append-bytes", 1 << 20),
            InFlightMessagesMax = (int)Option("in-flight", 256),
            CommitWaitsForTick = Option("commit-waits", 0) != 0,
            UncommittedBytesMax = Option("uncommitted-bytes", 64 << 20),
        }, initial, _now);
        _shown[id] = (RaftRole.Follower, Term.None);
    }

    /// <summary>Restarts a replica with a given durable state: <c>boot 1 term=5 log=1,1,2</c> has entries 1 to 3 of those terms.</summary>
    private void Boot(string[] a)
    {
        var replica = _replicas[Ids(a)[0]];
        var term = a.Single(w => w.StartsWith("term=", StringComparison.Ordinal))["term=".Length..];
        var log = a.Single(w => w.StartsWith("log=", StringComparison.Ordinal))["log=".Length..].Split(',');
        replica.Boot(new HardState(new Term(ulong.Parse(term, CultureInfo.InvariantCulture)), ReplicaId.None),
            [.. log.Select((t, i) => new Entry(new Term(ulong.Parse(t, CultureInfo.InvariantCulture)), new LogIndex((ulong)i + 1), EntryKind.Normal, Encoding.UTF8.GetBytes($"{t}.{i + 1}")))], _now);
        _shown[replica.Id] = (RaftRole.Follower, replica.Node.Term);
    }

    /// <summary>Lets all promises expire and makes one replica leader, without showing how.</summary>
    private void Elect(ReplicaId id)
    {
        var before = _output.Length;
        _now += TimeSpan.FromMilliseconds(500);
        _replicas[id].Node.Campaign(_now);
        Stabilize([.. _replicas.Keys]);
        _output.Length = before;
        Assert.Equal(RaftRole.Leader, _replicas[id].Node.Role);
    }

    /// <summary>Exchanges votes only, without showing them, among all or the given replicas: the new leader has sent nothing yet.</summary>
    private void Win(IReadOnlyList<ReplicaId> ids)
    {
        var before = _output.Length;
        var candidate = _replicas[ids[0]];
        for (var rounds = 0; candidate.Node.Role != RaftRole.Leader && rounds < 20; rounds++)
        {
            if (candidate.Node.Role == RaftRole.Follower) candidate.Node.Campaign(_now);
            foreach (var replica in _replicas.Values.Where(r => r.IsUp && (ids.Count == 1 || ids.Contains(r.Id))))
            {
                while (replica.Node.HasReady && replica.Node.Role != RaftRole.Leader) TakeReady(replica);
                while (replica.UnsyncedCount > 0 && replica.Node.Role != RaftRole.Leader) replica.Sync(Send, _now);
            }
            var due = _wire.Where(IsVote).ToList();
            _wire.RemoveAll(due.Contains);
            Deliver(due);
        }
        _output.Length = before;
        Assert.Equal(RaftRole.Leader, candidate.Node.Role);
        static bool IsVote(RaftMessage m) => m.Kind is >= MessageKind.RequestVote and <= MessageKind.RequestPreVoteResponse;
    }

    private void Stabilize(IReadOnlyList<ReplicaId> ids)
    {
        for (var busy = true; busy;)
        {
            busy = false;
            foreach (var replica in ids.Select(id => _replicas[id]).Where(r => r.IsUp))
            {
                for (; replica.Node.HasReady; busy = true) TakeReady(replica, showWork: false);
                while (replica.UnsyncedCount > 0)
                {
                    replica.Sync(Send, _now);
                    busy = true;
                }
            }
            var due = _wire.Where(m => ids.Contains(m.From) && ids.Contains(m.To)).ToList();
            _wire.RemoveAll(due.Contains);
            Deliver(due);
            busy |= due.Count > 0;
        }
    }

    private void Deliver(IEnumerable<RaftMessage> messages)
    {
        foreach (var message in messages)
        {
            if (!_replicas.TryGetValue(message.To, out var replica) || !replica.IsUp) continue;
            Show(MessageText.Of(message));
            replica.Node.Step(message, _now);
            ShowRole(replica);
        }
    }

    /// <summary>Takes messages off the wire: <c>1->2</c>, <c>*->2</c> or <c>1->*</c>, then perhaps a kind, then perhaps how many.</summary>
    private List<RaftMessage> Take(string[] a)
    {
        var ends = a[0].Split("->");
        var kind = a.Length > 1 && Enum.TryParse<MessageKind>(a[1], out var k) && !char.IsAsciiDigit(a[1][0]) ? k : (MessageKind?)null;
        var count = int.TryParse(a[^1], out var n) && a.Length > 1 ? n : int.MaxValue;
        var taken = _wire.Where(m => (ends[0] == "*" || m.From == Id(ends[0])) && (ends[1] == "*" || m.To == Id(ends[1])) && (kind is null || m.Kind == kind)).Take(count).ToList();
        foreach (var message in taken) _wire.Remove(message);
        return taken;
    }

    private void TakeReady(SimulatedReplica replica, bool showWork = true)
    {
        var ready = replica.Take(Send, _now);
        if (showWork)
        {
            if (ready.HardState is { } state) Show($"{replica.Id}: hard state term={state.Term} vote={state.Vote}");
            if (ready.Entries.Count > 0) Show($"{replica.Id}: append {string.Join(", ", ready.Entries.Select(MessageText.Of))}");
            foreach (var message in ready.Messages) Show($"{replica.Id}: send {MessageText.Of(message)}");
            foreach (var message in ready.MessagesAfterSync) Show($"{replica.Id}: after sync {MessageText.Of(message)}");
        }
        if (ready.InstalledSnapshot is { } snapshot) Show($"{replica.Id}: installed snapshot {snapshot.Term}/{snapshot.Index} {snapshot.Configuration}");
        if (ready.Committed.Count > 0) Show($"{replica.Id}: apply {string.Join(", ", ready.Committed.Select(MessageText.Of))}");
        foreach (var read in ready.ReadStates) Show($"{replica.Id}: read {read.RequestId} " + (read.Failed ? "failed" : $"at {read.Index}"));
        foreach (var target in ready.SnapshotsToSend) Show($"{replica.Id}: needs to send a snapshot to {target}");
        replica.ReadStates.Clear();
        replica.SnapshotsToSend.Clear();
    }

    private void Send(RaftMessage message)
    {
        if (!_cut.Contains((message.From, message.To))) _wire.Add(message);
    }

    private void SendSnapshot(SimulatedReplica from, ReplicaId to, string[] a)
    {
        var snapshot = from.SnapshotFor(to);
        var failed = a.Contains("failed");
        if (!failed) Send(snapshot);
        from.Node.ReportSnapshot(to, failed ? SnapshotOutcome.Failed : SnapshotOutcome.Sent, snapshot.Index);
    }

    private static ConfigurationChange Change(string[] a)
    {
        List<ConfigurationChange.Step> steps = [];
        var transition = ConfigurationTransition.Automatic;
        foreach (var word in a)
        {
            var pair = word.Split('=');
            switch (pair[0])
            {
                case "add": steps.Add(new(ConfigurationChange.StepKind.AddVoter, Id(pair[1]))); break;
                case "learner": steps.Add(new(ConfigurationChange.StepKind.AddLearner, Id(pair[1]))); break;
                case "remove": steps.Add(new(ConfigurationChange.StepKind.Remove, Id(pair[1]))); break;
                case "joint": transition = ConfigurationTransition.JointImplicit; break;
                case "explicit": transition = ConfigurationTransition.JointExplicit; break;
                case "leave": transition = ConfigurationTransition.LeaveJoint; break;
                default: throw new InvalidOperationException($"unknown step {word}");
            }
        }
        return new ConfigurationChange(steps, transition);
    }

    private void ShowProposal(ProposeResult result) =>
        Show(result.Status == ProposeStatus.Accepted ? $"accepted {result.Term}/{result.Index}" : $"{result.Status}" + (result.Reason is null ? "" : $": {result.Reason}"));

    private void ShowRole(SimulatedReplica replica)
    {
        if (!replica.IsUp) return;
        var role = (replica.Node.Role, replica.Node.Term);
        if (_shown.TryGetValue(replica.Id, out var shown) && shown == role) return;
        _shown[replica.Id] = role;
        Show($"{replica.Id}: {role.Role} in term {role.Term}");
    }

    private static string ShowLog(SimulatedReplica replica)
    {
        var node = replica.Node;
        List<string> entries = [];
        for (var i = node.FirstIndex; i <= node.LastIndex; i = i.Next)
        {
            var durable = replica.Disk.Entries.FirstOrDefault(e => e.Index == i && e.Term == node.TermAt(i));
            entries.Add(durable is null ? $"{node.TermAt(i)}/{i} (not durable)" : MessageText.Of(durable));
        }
        return (node.FirstIndex.Value > 1 ? $"compacted {node.TermAt(node.FirstIndex.Previous)}/{node.FirstIndex.Previous}; " : "") + string.Join(", ", entries);
    }

    private void ShowProgress(SimulatedReplica replica)
    {
        foreach (var p in replica.Node.ProgressOfFollowers())
            Show($"{replica.Id}: {p.Replica} {p.State} match={p.Match} next={p.Next} in flight={p.InFlight.Count}" + (p.IsProbing ? " probing" : ""));
    }

    private void Show(string line) => _output.Append(line).Append('\n');

    private IEnumerable<SimulatedReplica> Of(string[] a) => Ids(a) is { Count: > 0 } ids ? ids.Select(id => _replicas[id]) : _replicas.Values;

    private static List<ReplicaId> Ids(string[] a) => [.. a.Where(w => w.All(char.IsAsciiDigit)).Select(Id)];

    private static ReplicaId Id(string text) => new(ulong.Parse(text, CultureInfo.InvariantCulture));

    private static TimeSpan Time(string text) => TimeSpan.FromMilliseconds(long.Parse(text.Replace("ms", "", StringComparison.Ordinal), CultureInfo.InvariantCulture));
}
