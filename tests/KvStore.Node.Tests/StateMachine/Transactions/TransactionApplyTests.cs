using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Node.StateMachine.Transactions;
using KvStore.Storage.Engine;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.StateMachine.Transactions;

public sealed class TransactionApplyTests
{
    [Fact]
    public void All_records_of_a_transaction_have_its_one_revision()
    {
        using var group = WithRange(out _);
        group.Apply(Put("a/1", "old"));
        var result = group.Apply(Txn.Command(Txn.Of(Txn.Put("a/2", "x"), Txn.Delete("a/1"), Txn.Put("a/3", "y"))));
        Assert.Equal(new Revision(2), result.Revision);
        Assert.Equal(["a/2=x 2/2/1", "a/3=y 2/2/1"], group.Content());
        using var all = group.Store.Snapshot(history: SnapshotHistory.All);
        Assert.Equal([(2UL, 0U), (2UL, 1U), (2UL, 2U)], all.Records(new Revision(2)).Select(r => (r.Id.Revision.Value, r.Id.Sub)));
    }

    [Fact]
    public void A_transaction_that_writes_nothing_leaves_the_revision()
    {
        using var group = WithRange(out _);
        group.Apply(Put("a/1", "x"));
        Assert.Equal("a/1=x@1; ; 0", group.Apply(Txn.Command(Txn.Of(Txn.Get("a/1"), Txn.Get("a/2"), Txn.Delete("a/2")))).Response().Texts());
        Assert.Equal(new Revision(1), group.Apply(Txn.Command(Txn.If(Txn.Exists("a/1", false), [Txn.Put("a/1", "y")], []))).Revision);
        Assert.Equal(["a/1=x 1/1/1"], group.Content());
    }

    [Fact]
    public void Reads_see_what_the_transaction_wrote_before_them()
    {
        using var group = WithRange(out _);
        group.Apply(Put("a/1", "1"));
        group.Apply(Put("a/3", "3"));
        group.Apply(Put("a/5", "5"));
        var response = group.Apply(Txn.Command(Txn.Of(
            Txn.GetAll("a/", "a0"), Txn.Put("a/3", "new"), Txn.Put("a/4", "4"), Txn.Put("a/9", "9"), Txn.Delete("a/5"), Txn.Delete("a/5"),
            Txn.Get("a/3"), Txn.Get("a/5"), Txn.GetAll("a/", "a0"), Txn.GetAll("a/2", "a/9"), Txn.GetAll("a/", "a0", 2, descending: true)))).Response();
        Assert.Equal("a/1=1@1 a/3=3@2 a/5=5@3; put; put; put; 1; 0; a/3=new@4; ; a/1=1@1 a/3=new@4 a/4=4@4 a/9=9@4; a/3=new@4 a/4=4@4; a/9=9@4 a/4=4@4 more", response.Texts());
        Assert.Equal(2UL, response.Results[6].Get.Kvs[0].Version);
    }

    [Fact]
    public void Transactions_of_one_entry_see_each_other()
    {
        using var group = WithRange(out _);
        var results = group.Apply(Batch(Put("a/1", "x"), Txn.Command(Txn.Of(Txn.Put("a/2", "y"))), Txn.Command(Txn.Of(Txn.GetAll("a/", "a0")))));
        Assert.Equal("a/1=x@1 a/2=y@2", results[2].Response().Texts());
    }

    [Theory]
    [InlineData("a/1", CompareRelation.Equal, true)]
    [InlineData("a/1", CompareRelation.NotEqual, false)]
    [InlineData("a/1", CompareRelation.Less, false)]
    [InlineData("a/1", CompareRelation.LessOrEqual, true)]
    [InlineData("a/1", CompareRelation.GreaterOrEqual, true)]
    [InlineData("a/2", CompareRelation.Greater, true)]
    [InlineData("a/2", CompareRelation.NotEqual, true)]
    [InlineData("a/3", CompareRelation.Equal, false)]
    [InlineData("a/3", CompareRelation.NotEqual, false)] // not there: no compare with a value holds
    public void Values_compare_by_bytes(string key, CompareRelation relation, bool holds)
    {
        using var group = WithRange(out _);
        group.Apply(Put("a/1", "m"));
        group.Apply(Put("a/2", "ma"));
        Assert.Equal(holds, group.Apply(Txn.Command(new Transaction { Compares = { Txn.Value(key, relation, "m") } })).Flag);
    }

    [Fact]
    public void Version_revisions_lease_and_existence_compare()
    {
        using var group = WithRange(out _);
        group.Apply(Put("a/1", "x"));
        group.Apply(Put("a/1", "y"));
        bool Holds(Compare compare) => group.Apply(Txn.Command(new Transaction { Compares = { compare } })).Flag;
        Assert.True(Holds(new Compare { Key = Bytes("a/1"), Version = 2 }));
        Assert.True(Holds(new Compare { Key = Bytes("a/1"), CreateRevision = 1 }));
        Assert.True(Holds(new Compare { Key = Bytes("a/1"), ModRevision = 1, Relation = CompareRelation.Greater }));
        Assert.True(Holds(new Compare { Key = Bytes("a/1"), Lease = 0 }));
        Assert.True(Holds(Txn.Exists("a/1")));
        Assert.False(Holds(Txn.Exists("a/1", false)));
        Assert.True(Holds(new Compare { Key = Bytes("a/2"), Version = 0 }));
        Assert.False(Holds(new Compare { Key = Bytes("a/2"), ModRevision = 1, Relation = CompareRelation.GreaterOrEqual }));
        Assert.True(Holds(Txn.Exists("a/2", false)));
    }

    [Fact]
    public void A_compare_over_an_interval_holds_when_it_holds_for_every_key_there()
    {
        using var group = WithRange(out _);
        group.Apply(Put("a/1", "x"));
        group.Apply(Put("a/2", "x"));
        group.Apply(Put("a/3", "z"));
        bool Holds(Compare compare, string end) => group.Apply(Txn.Command(new Transaction { Compares = { compare.Over(end) } })).Flag;
        Assert.True(Holds(Txn.Value("a/", CompareRelation.Equal, "x"), "a/3"));
        Assert.False(Holds(Txn.Value("a/", CompareRelation.Equal, "x"), "a0"));
        Assert.True(Holds(Txn.Value("a/4", CompareRelation.Equal, "x"), "a0"));
        Assert.True(Holds(new Compare { Key = Bytes("a/"), Version = 1 }, "a0"));
        Assert.True(Holds(Txn.Exists("a/"), "a0"));
        Assert.False(Holds(Txn.Exists("a/4"), "a0"));
        Assert.True(Holds(Txn.Exists("a/4", false), "a0"));
        Assert.False(Holds(Txn.Exists("a/", false), "a0"));
    }

    [Fact]
    public void Nested_compares_are_decided_before_anything_is_written()
    {
        using var group = WithRange(out _);
        var response = group.Apply(Txn.Command(Txn.Of(
            Txn.Put("a/1", "x"),
            Txn.Nested(Txn.If(Txn.Exists("a/1"), [Txn.Put("a/2", "then")], [Txn.Put("a/2", "else"), Txn.Nested(Txn.Of(Txn.GetAll("a/", "a0")))]))))).Response();
        Assert.Equal("put; else(put; then(a/1=x@1 a/2=else@1))", response.Texts());
        Assert.Equal(["a/1=x 1/1/1", "a/2=else 1/1/1"], group.Content());
    }

    [Fact]
    public void Deleted_intervals_and_overwritten_keys_answer_what_was_there()
    {
        using var group = WithRange(out _);
        group.Apply(Put("a/1", "x"));
        group.Apply(Put("a/2", "y"));
        var put = Txn.Put("b/1", "new");
        put.Put.ReturnPrevious = true;
        Assert.Equal("2 a/1=x@1 a/2=y@2", group.Apply(Txn.Command(Txn.Of(Txn.DeleteAll("a/", "a0")))).Response().Texts());
        Assert.Equal("put", group.Apply(Txn.Command(Txn.Of(put))).Response().Texts());
        Assert.Equal("was b/1=new@4", group.Apply(Txn.Command(Txn.Of(put))).Response().Texts());
        Assert.Equal(["b/1=new 4/5/2"], group.Content());
    }

    [Fact]
    public void A_put_keeps_the_value_of_a_key_that_is_there()
    {
        using var group = WithRange(out _);
        var keep = new TransactionOperation { Put = new TransactionPut { Key = Bytes("a/1"), KeepValue = true } };
        var refused = group.Apply(Txn.Command(Txn.Of(Txn.Put("a/2", "x"), keep)));
        Assert.Equal(CommandStatus.FailedPrecondition, refused.Status);
        Assert.Equal("success[1].put: there is no key 'a/1' whose value could be kept; nothing changed", refused.Refusal());
        Assert.Empty(group.Content());
        group.Apply(Put("a/1", "x"));
        group.Apply(Txn.Command(Txn.Of(keep)));
        Assert.Equal(["a/1=x 1/2/2"], group.Content());
    }

    [Fact]
    public void A_put_with_an_unknown_lease_refuses_all_of_the_transaction()
    {
        using var group = WithRange(out _);
        var put = Txn.Put("a/2", "y");
        put.Put.Lease = 0xabc;
        var result = group.Apply(Txn.Command(Txn.Of(Txn.Put("a/1", "x"), put)));
        Assert.Equal((CommandStatus.LeaseNotFound, "success[1].put.lease: abc is unknown or has ended; nothing changed"), (result.Status, result.Refusal()));
        Assert.Empty(group.Content());
    }

    [Fact]
    public void Results_over_the_limit_refuse_all_of_the_transaction()
    {
        using var group = WithRange(out _);
        var value = new string('v', 1 << 20);
        for (var i = 0; i < 4; i++) group.Apply(Put($"a/{i}", value));
        var result = group.Apply(Txn.Command(Txn.Of(Txn.Put("a/9", "x"), Txn.GetAll("a/", "a0"))));
        Assert.Equal((CommandStatus.InvalidArgument, "the results take more than 4193280 bytes; nothing changed"), (result.Status, result.Refusal()));
        Assert.Null(group.Get("a/9"));
        Assert.Equal(3, group.Apply(Txn.Command(Txn.Of(Txn.GetAll("a/", "a0", limit: 3)))).Response().Results[0].Get.Kvs.Count);
    }

    [Fact]
    public void Commands_that_ask_for_too_much_in_one_entry_are_refused_and_may_be_tried_again()
    {
        using var group = WithRange(out var session);
        group.Apply(Put("a/1", new string('v', 1 << 20)));
        var commands = Enumerable.Range(1, 17).Select(i => new Command { Sequence = (ulong)i, Transaction = Txn.Of(Txn.Get("a/1")) }).ToArray();
        var results = group.Apply(Batch(session, 1, commands));
        Assert.Equal([.. Enumerable.Repeat(CommandStatus.Ok, 16), CommandStatus.ResourceExhausted], results.Select(r => r.Status));
        Assert.Equal(CommandStatus.Ok, group.Apply(session, 17, commands[16]).Status);
    }

    [Fact]
    public void Counting_looks_at_no_more_keys_than_allowed()
    {
        using var group = WithRange(out _);
        for (var i = 0; i < 4; i++) group.Apply(Put($"a/{i}", ""));
        using var reads = new TransactionReads(group.Store, new StagedWrites(), keysVisitedMax: 3);
        var refused = Assert.Throws<TransactionRefusedException>(() => reads.Scan(default, default, ScanOrder.Ascending, ScanContent.KeysOnly).Count());
        Assert.Equal("the transaction would look at more than 3 keys", refused.Message);
    }

    [Fact]
    public void A_keyspace_that_is_never_split_is_one_unit()
    {
        using var group = new GroupHarness();
        var create = CreateRange(start: "", end: "");
        create.CreateRange.Range.SplitNever = true;
        group.Apply(create);
        var response = group.Apply(Txn.Command(Txn.Of(Txn.Put("a/1", "x"), Txn.Put("z", "y"), Txn.GetAll("", ""), Txn.GetAll("b", "")))).Response();
        Assert.Equal("put; put; a/1=x@1 z=y@1; z=y@1", response.Texts());
    }

    [Fact]
    public void A_range_that_cuts_a_unit_takes_no_transaction_on_it()
    {
        using var group = new GroupHarness();
        group.Apply(CreateRange(start: "a/5", end: "b"));
        Assert.Equal("range 7 does not hold all keys that are colocated with 'a/6'; nothing changed", group.Apply(Txn.Command(Txn.Of(Txn.Put("a/6", "x")))).Refusal());
    }
}
