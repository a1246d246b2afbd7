using Google.Protobuf;
using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Locks;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

/// <summary>Locks on a virtual cluster whose keys lie in another group than the lock.</summary>
public sealed class LockTests : IDisposable
{
    private const string Lock = "reports";
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(10);
    private readonly VirtualCluster cluster = VirtualCluster.Started(seed: 1);

    public void Dispose() => cluster.Dispose();

    private GroupId Home => cluster.Map.Resolve(KeyspaceId.System, LockKeys.KeyOf(Lock))!.Group;
    private string Far => Prefixes.First(key => cluster.RangeOf(key).Group != Home);
    private string Near => Prefixes.First(key => cluster.RangeOf(key).Group == Home);
    private static readonly string[] Prefixes = ["a", "h", "o", "u"];
    private VirtualNode Anyone => cluster.Up.First();

    [Fact]
    public void A_write_in_another_group_is_accepted_while_its_token_holds_the_lock_and_refused_from_the_next_grant_on()
    {
        var token = Acquire(Grant());
        Assert.Equal((CommandStatus.Ok, CommandStatus.Ok), (Write(Far, token), Write(Near, token)));
        Assert.Equal([cluster.RangeOf(Far).Group], Describe().Registered);
        Assert.True(Release(token));
        var next = Acquire(Grant());
        Assert.True(next > token);
        Assert.Equal((CommandStatus.Fenced, CommandStatus.Fenced), (Write(Far, token), Write(Near, token)));
        Assert.Equal((CommandStatus.Ok, CommandStatus.Ok), (Write(Far, next), Write(Near, next)));
    }

    [Fact]
    public void A_token_that_was_never_seen_in_another_group_is_refused_there_once_it_is_old()
    {
        var token = Acquire(Grant());
        Release(token);
        Assert.Equal(CommandStatus.Fenced, Write(Far, token));
    }

    [Fact]
    public void A_fence_of_a_lock_that_never_existed_is_a_definite_error_in_any_group()
    {
        Assert.Equal(CommandStatus.LockNotFound, Write(Near, 1_000_000));
        var refused = Assert.Throws<NodeException>(() => Write(Far, 1_000_000)).Error;
        Assert.Equal((NodeErrorCode.LockNotFound, false), (refused.Code, refused.OutcomeUnknown));
        Assert.Contains(Lock, refused.Message, StringComparison.Ordinal);
        Assert.Null(cluster.Get(Far));
    }

    [Fact]
    public void The_end_of_a_lease_hands_the_lock_on_and_fences_its_holder_out_everywhere()
    {
        var token = Acquire(Grant());
        Write(Far, token);
        var next = cluster.Run(Claim(Grant(TimeSpan.FromMinutes(10)))).Token;
        Assert.Equal((CommandStatus.Fenced, CommandStatus.Fenced), (Write(Far, token), Write(Near, token)));
        Assert.Equal(CommandStatus.Ok, Write(Far, next));
    }

    [Fact]
    public void A_grant_waits_for_a_registered_group_without_quorum_and_says_for_which()
    {
        var token = Acquire(Grant());
        Write(Far, token);
        var far = cluster.RangeOf(Far).Group;
        cluster.Network.Filter = (_, _, frame) =>
        {
            foreach (var message in frame.Messages.Where(message => message.GroupId == far.Value).ToList()) frame.Messages.Remove(message);
            return true;
        };
        Release(token);
        var lease = Grant(TimeSpan.FromMinutes(10));
        var waiting = Claim(lease);
        cluster.RunFor(TimeSpan.FromSeconds(20));
        Assert.False(waiting.IsCompleted);
        var described = Describe();
        Assert.Equal((null, token, lease), (described.Holder, described.Token, Assert.Single(described.Waiting).Lease));
        Assert.Equal([far], described.Pending);
        cluster.Network.Filter = null;
        Assert.Equal(LockOutcome.Held, cluster.Run(waiting).Outcome);
        Assert.Equal(CommandStatus.Fenced, Write(Far, token));
    }

    [Fact]
    public void Waiters_are_granted_in_order_over_a_change_of_leaders()
    {
        var token = Acquire(Grant(TimeSpan.FromMinutes(10)));
        Write(Far, token);
        var (first, second) = (Claim(Grant(TimeSpan.FromMinutes(10))), Claim(Grant(TimeSpan.FromMinutes(10))));
        cluster.RunUntil(() => Describe().WaitingCount == 2, TimeSpan.FromSeconds(5));
        var old = cluster.WaitForLeaderOf(Home);
        old.Node.TransferLeadership(Home, cluster.Nodes.First(node => node != old).Id);
        cluster.RunUntil(() => cluster.LeaderOf(Home) is { } leader && leader != old, TimeSpan.FromSeconds(5));
        Release(token);
        var granted = cluster.Run(first);
        Assert.False(second.IsCompleted);
        Release(granted.Token);
        Assert.True(cluster.Run(second).Token > granted.Token);
    }

    [Fact]
    public void A_claim_in_the_queue_that_will_wait_no_longer_is_answered_at_once_and_keeps_its_place()
    {
        var token = Acquire(Grant(TimeSpan.FromMinutes(10)));
        var lease = Grant(TimeSpan.FromMinutes(10));
        var waiting = Claim(lease);
        cluster.RunUntil(() => Describe().WaitingCount == 1, TimeSpan.FromSeconds(5));
        Assert.Equal(new LockAnswer(LockOutcome.Waiting), cluster.Run(Claim(lease, LockPatience.OnlyIfFree)));
        Assert.False(waiting.IsCompleted);
        Release(token);
        Assert.Equal(LockOutcome.Held, cluster.Run(waiting).Outcome);
    }

    [Fact]
    public void Who_watches_a_lock_hears_of_each_change()
    {
        var (heard, token) = (0, Acquire(Grant()));
        using var watch = Anyone.Node.Locks.Watch(Lock, () => heard++);
        cluster.Run(Answer<bool>(done => Anyone.Node.Locks.Proclaim(Lock, token, 1, "x"u8.ToArray(), cluster.SoonEnough, error => done(true, error))));
        cluster.RunUntil(() => heard == 1, TimeSpan.FromSeconds(5));
        Assert.Equal("x"u8.ToArray(), Describe().Holder!.Value.ToArray());
        Release(token);
        cluster.RunUntil(() => heard == 2, TimeSpan.FromSeconds(5));
        Assert.Null(Describe().Holder);
    }

    [Fact]
    public void A_lease_of_another_group_is_refused()
    {
        var lease = Grant(TimeToLive, cluster.RangeOf(Far).Group);
        Assert.Equal(NodeErrorCode.LeaseElsewhere, Assert.Throws<NodeException>(() => cluster.Run(Claim(lease))).Error.Code);
    }

    private LeaseId Grant() => Grant(TimeToLive);
    private LeaseId Grant(TimeSpan timeToLive) => Grant(timeToLive, Home);

    private LeaseId Grant(TimeSpan timeToLive, GroupId group)
    {
        var command = new GroupCommand { GrantLease = new GrantLease { TimeToLiveUs = (ulong)timeToLive.TotalMicroseconds } };
        return new LeaseId((ulong)cluster.Run(Answer<CommandResult>(done => Anyone.Node.Propose(group, command, cluster.SoonEnough, CallRetry.UntilAnswered, (_, result, error) => done(result, error)))).Number);
    }

    private ulong Acquire(LeaseId lease)
    {
        var answer = cluster.Run(Claim(lease));
        Assert.Equal(LockOutcome.Held, answer.Outcome);
        return answer.Token;
    }

    private Task<LockAnswer> Claim(LeaseId lease, LockPatience patience = LockPatience.Queue) =>
        Answer<LockAnswer>(done => Anyone.Node.Locks.Acquire(new LockAcquisition(Lock, lease) { Patience = patience }, cluster.SoonEnough, done));

    private bool Release(ulong token) => cluster.Run(Answer<bool>(done => Anyone.Node.Locks.Release(Lock, token, cluster.SoonEnough, done)));

    private LockDescription Describe() => cluster.Run(cluster.WaitForLeaderOf(Home).Node.Locks.DescribeAsync(Lock, 10, CancellationToken.None));

    private CommandStatus Write(string key, ulong token)
    {
        var range = cluster.RangeOf(key);
        var command = new Command { Put = new Put { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8("v") }, Fence = new Fence { Lock = Lock, Token = token } };
        return cluster.Run(cluster.Propose(cluster.WaitForLeaderOf(range.Group), range, command))[0].Status;
    }

    private static Task<T> Answer<T>(Action<Action<T, NodeError?>> begin)
    {
        var completion = new TaskCompletionSource<T>();
        begin((answer, error) =>
        {
            if (error is null) completion.SetResult(answer);
            else completion.SetException(new NodeException(error));
        });
        return completion.Task;
    }
}
