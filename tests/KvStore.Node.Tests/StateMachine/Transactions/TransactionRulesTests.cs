using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.StateMachine.Transactions;

/// <summary>Bad transactions are refused before they are proposed, and again in apply, with the same words.</summary>
public sealed class TransactionRulesTests
{
    public static TheoryData<string, Transaction> Duplicates() => new()
    {
        { "'a/1'", Txn.Of(Txn.Put("a/1", "x"), Txn.Put("a/1", "y")) },
        { "'a/1'", Txn.Of(Txn.Put("a/1", "x"), Txn.Delete("a/1")) },
        { "'a/1'", Txn.Of(Txn.DeleteAll("a/", "a0"), Txn.Put("a/1", "x")) },
        { "'a/1'", Txn.Of(Txn.Put("a/0", "x"), Txn.Put("a/1", "x"), Txn.DeleteAll("a/1", "a/2")) },
        { "'a/1'", new Transaction { Compares = { Txn.Exists("a/1") }, Failure = { Txn.Put("a/1", "x"), Txn.Put("a/1", "y") } } },
        { "'a/1'", Txn.Of(Txn.Put("a/1", "x"), Txn.Nested(Txn.If(Txn.Exists("a/1"), [], [Txn.Put("a/1", "y")]))) },
        { "'a/1'", Txn.Of(Txn.Nested(Txn.Of(Txn.Put("a/1", "x"))), Txn.Nested(Txn.Of(Txn.DeleteAll("a/", "a/2")))) },
        { "'a/2'", Txn.Of(Txn.Nested(Txn.If(Txn.Exists("a/1"), [Txn.DeleteAll("a/", "a0")], [Txn.Put("a/1", "y")])), Txn.Put("a/2", "x")) },
        { "'a/3'", Txn.Of(Txn.Nested(Txn.If(Txn.Exists("a/1"), [Txn.DeleteAll("a/", "a0")], [Txn.Put("a/1", "y"), Txn.Put("a/2", "y")])), Txn.Nested(Txn.Of(Txn.Put("a/3", "x")))) },
    };

    [Theory]
    [MemberData(nameof(Duplicates))]
    public void A_key_that_could_be_written_twice_is_refused(string key, Transaction transaction) => AssertRefused(transaction, CommandStatus.InvalidArgument, $"key {key} is written twice in one branch");

    public static TheoryData<Transaction> NoDuplicates() =>
    [
        Txn.Of(Txn.Delete("a/1"), Txn.Delete("a/1"), Txn.DeleteAll("a/", "a0")),
        Txn.If(Txn.Exists("a/1"), [Txn.Put("a/1", "x")], [Txn.Put("a/1", "y")]),
        Txn.Of(Txn.DeleteAll("a/1", "a/2"), Txn.Put("a/2", "x"), Txn.Put("a/0", "x")),
        Txn.Of(Txn.Nested(Txn.If(Txn.Exists("a/1"), [Txn.Put("a/1", "x")], [Txn.DeleteAll("a/", "a0")])), Txn.Get("a/1")),
    ];

    [Theory]
    [MemberData(nameof(NoDuplicates))]
    public void Writes_that_exclude_each_other_are_no_duplicates(Transaction transaction)
    {
        using var group = WithRange(out _);
        Assert.Null(Check(transaction));
        Assert.Equal(CommandStatus.Ok, group.Apply(Txn.Command(transaction)).Status);
    }

    public static TheoryData<string, Transaction> Crossings() => new()
    {
        { "success[1].key: 'b/1' and 'a/1'", Txn.Of(Txn.Put("a/1", "x"), Txn.Put("b/1", "x")) },
        { "success[0].key: 'a/1' and 'b'", Txn.If(Txn.Exists("b"), [Txn.Get("a/1")], []) },
        { "success[1].key: 'a/' and 'a'", Txn.Of(Txn.Put("a", "x"), Txn.Put("a/", "x")) },
        { "success[1].key: 'ab' and 'a'", Txn.Of(Txn.Put("a", "x"), Txn.Put("ab", "x")) },
        { "success[0].end: 'b' and 'a/'", Txn.Of(Txn.GetAll("a/", "b")) },
        { "success[0].end: the end of the keyspace and 'a/'", Txn.Of(Txn.GetAll("a/", "")) },
        { "success[0].end: 'a0' and 'a'", Txn.Of(Txn.DeleteAll("a", "a0")) },
        { "success[1].success[0].key: 'b' and 'a/1'", Txn.Of(Txn.Get("a/1"), Txn.Nested(Txn.Of(Txn.Put("b", "x")))) },
        { "compares[0].end: 'a1' and 'a/1'", new Transaction { Compares = { Txn.Exists("a/1").Over("a1") } } },
    };

    [Theory]
    [MemberData(nameof(Crossings))]
    public void Crossing_a_colocation_unit_is_refused_though_one_range_holds_both_keys(string what, Transaction transaction) =>
        AssertRefused(transaction, CommandStatus.NotColocated, what + " are not colocated: a transaction takes in only keys with the same prefix up to the first '/'");

    [Fact]
    public void One_unit_may_be_taken_in_up_to_its_last_key()
    {
        Assert.Null(Check(Txn.Of(Txn.GetAll("a/", "a0"), Txn.GetAll("a/x", "a/y"), Txn.Get("a/b/c"))));
        Assert.Null(Check(Txn.Of(Txn.GetAll("key", "key\0"), Txn.Put("key", "x"))));
        Assert.Equal(NodeErrorCode.NotColocated, Check(Txn.Of(Txn.GetAll("key", "key\0\0")))?.Code);
    }

    [Fact]
    public void The_proposer_leaves_colocation_to_apply_when_it_does_not_know_the_range() => Assert.Null(Check(Txn.Of(Txn.Put("a", "x"), Txn.Put("b", "x")), null));

    public static TheoryData<string, Transaction> Bad() => new()
    {
        { "the transaction names no key", new Transaction() },
        { "success[0].holds no operation", Txn.Of(new TransactionOperation()) },
        { "success[0].key is empty", Txn.Of(Txn.Put("", "x")) },
        { "success[0].key is empty", Txn.Of(Txn.GetAll("", "a")) },
        { "success[0].key is 4097 bytes long; the limit is 4096", Txn.Of(Txn.Put(new string('k', 4097), "x")) },
        { "success[0].end: 'a/1' does not lie above key 'a/1'", Txn.Of(Txn.GetAll("a/1", "a/1")) },
        { "compares[1].target: none is given", new Transaction { Compares = { Txn.Exists("a"), new Compare { Key = Bytes("a") } } } },
        { "compares[0].relation: 6 is not known to this node", new Transaction { Compares = { Txn.Value("a", (CompareRelation)6, "") } } },
        { "compares[0].relation: exists takes EQUAL only", new Transaction { Compares = { new Compare { Key = Bytes("a"), Exists = true, Relation = CompareRelation.NotEqual } } } },
        { "failure[0].value: must be empty with keep_value", new Transaction { Failure = { new TransactionOperation { Put = new TransactionPut { Key = Bytes("a"), Value = Bytes("x"), KeepValue = true } } } } },
        { "failure[0].lease: must be 0 with keep_lease", new Transaction { Failure = { new TransactionOperation { Put = new TransactionPut { Key = Bytes("a"), Lease = 1, KeepLease = true } } } } },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void Bad_input_is_refused_by_name(string what, Transaction transaction) => AssertRefused(transaction, CommandStatus.InvalidArgument, what);

    [Fact]
    public void A_value_over_the_nodes_limit_is_not_proposed() =>
        Assert.Equal("operations[0].transaction.success[0].value is 1048577 bytes long; the limit is 1048576", Check(Txn.Of(Txn.Put("a", new string('v', (1 << 20) + 1))))?.Message);

    [Fact]
    public void Nesting_has_a_limit()
    {
        Transaction Deep(int depth) => Txn.Of(Txn.Get("a"), depth == 1 ? Txn.Put("a", "x") : Txn.Nested(Deep(depth - 1)));
        Assert.Null(Check(Deep(8)));
        Assert.Equal("operations[0].transaction.transactions nest more than 8 deep", Check(Deep(9))?.Message);
        Assert.Equal("operations[0].transaction.transactions nest more than 8 deep", Check(Deep(90))?.Message);
    }

    [Theory]
    [InlineData("0A0161", "transaction: field 1 is not known to this node, or does not belong here")]      // keyspace
    [InlineData("120250010A", "compare: field 10 is not known")]
    [InlineData("1A020A0A", "operation is not well-formed protobuf")]
    [InlineData("1A0412020801", "put: field 1 is not known")]                                              // key as a number
    [InlineData("1A03780102", "operation: field 15 is not known")]
    public void Fields_that_this_version_does_not_know_are_refused(string hex, string what)
    {
        var transaction = Convert.FromHexString(hex);
        var command = new byte[] { 0x52, (byte)transaction.Length }.Concat(transaction).ToArray();
        byte[] batch = [0x2A, (byte)command.Length, .. command];
        Assert.StartsWith("operations[0].transaction." + what, CommandValidator.Check(batch, CommandLimits.Default, out _)?.Message);
    }

    private static void AssertRefused(Transaction transaction, CommandStatus status, string what)
    {
        using var group = WithRange(out _);
        var hash = group.Content();
        var result = group.Apply(Txn.Command(transaction));
        Assert.Equal((status, what + "; nothing changed"), (result.Status, result.Refusal()));
        Assert.Equal(hash, group.Content());
        var error = Check(transaction);
        Assert.Equal("operations[0].transaction." + what, error?.Message);
        Assert.Equal(status == CommandStatus.NotColocated ? NodeErrorCode.NotColocated : NodeErrorCode.InvalidArgument, error?.Code);
    }

    private static NodeError? Check(Transaction transaction, Colocation? colocation = Colocation.ByPrefix) =>
        CommandValidator.Check(Batch(Txn.Command(transaction)).ToByteArray(), CommandLimits.Default, out _, colocation);
}
