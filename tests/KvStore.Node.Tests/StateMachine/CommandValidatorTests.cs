using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.StateMachine;

public sealed class CommandValidatorTests
{
    private static readonly ByteString Key = ByteString.CopyFromUtf8("key");

    [Fact]
    public void Good_commands_give_their_route_session_and_count()
    {
        var batch = new RangeCommands { Route = new Route { RangeId = 3, Epoch = 2 }, SessionGroup = 4, SessionIndex = 17 };
        batch.Commands.Add(new Command { Put = new Put { Key = Key, Value = Zeros(CommandLimits.ValueBytesMaxDefault) }, Sequence = 1 });
        batch.Commands.Add(new Command { Delete = new Delete { Key = Zeros(CommandLimits.KeyBytesMax) }, Sequence = 2 });
        batch.Commands.Add(new Command { Increment = new Increment { Key = Key } });
        Assert.Null(CommandValidator.Check(batch.ToByteArray(), CommandLimits.Default, out var validated));
        Assert.Equal(new ValidatedCommands(new RangeRoute(new RangeId(3), 2), new SessionId(new GroupId(4), 17), 3), validated);
    }

    [Fact]
    public void What_only_the_client_api_has_is_accepted_where_it_may_stand()
    {
        // Batch.timeout_ms = 5 and Operation.id = 9.
        byte[] operation = [0x08, 9, 0x1A, 5, 0x12, 3, (byte)'k', (byte)'e', (byte)'y'];
        byte[] batch = [0x2A, (byte)operation.Length, .. operation, 0x30, 5];
        Assert.Null(CommandValidator.Check(batch, CommandLimits.Default, out var validated));
        Assert.Equal(1, validated.Count);
    }

    public static TheoryData<string, Command> BadCommands() => new()
    {
        { "operations[1].put.key is empty", new Command { Put = new Put { Value = Key } } },
        { "operations[1].delete.key is empty", new Command { Delete = new Delete() } },
        { "operations[1].increment.key is 4097 bytes long; the limit is 4096", new Command { Increment = new Increment { Key = Zeros(4097) } } },
        { "operations[1].put.value is 1048577 bytes long; the limit is 1048576", new Command { Put = new Put { Key = Key, Value = Zeros((1 << 20) + 1) } } },
        { "operations[1].compare_and_swap.new_value is 1048577 bytes long; the limit is 1048576", new Command { CompareAndSwap = new CompareAndSwap { Key = Key, NewValue = Zeros((1 << 20) + 1) } } },
        { "operations[1].compare_and_swap.expected is 1048577 bytes long; the limit is 1048576", new Command { CompareAndSwap = new CompareAndSwap { Key = Key, Expected = Zeros((1 << 20) + 1) } } },
        { "operations[1].compare_and_swap: expected and expected_mod_revision exclude each other", new Command { CompareAndSwap = new CompareAndSwap { Key = Key, Expected = Key, ExpectedModRevision = 1 } } },
        { "operations[1].sequence is 5, but the batch names no client session", new Command { Put = new Put { Key = Key }, Sequence = 5 } },
        { "operations[1] holds no operation", new Command() },
    };

    [Theory]
    [MemberData(nameof(BadCommands))]
    public void A_bad_command_is_named_with_its_limit(string message, Command bad)
    {
        var batch = new RangeCommands { Commands = { new Command { Delete = new Delete { Key = Key } }, bad } };
        AssertRefused(message, batch.ToByteArray());
    }

    [Theory]
    [InlineData("operations[0] is a read: a batch holds either only writes or no writes", "2A021200")]                     // get
    [InlineData("operations[0] is a read: a batch holds either only writes or no writes", "2A023A00")]                     // scan
    [InlineData("operations[0].open_session: not in a batch of writes", "2A024200")]
    [InlineData("operations[0]: field 15 is not known to this node (the caller may be newer)", "2A027801")]
    [InlineData("operations[0].put: field 15 is not known to this node (the caller may be newer)", "2A071A0512016B7801")]
    [InlineData("operations[0].put.keyspace: within a batch the batch's own counts; leave it out", "2A081A060A017812016B")]
    [InlineData("operations[0].put.write_id: within a batch the batch's own counts; leave it out", "2A071A0512016B2A00")]
    [InlineData("operations[0].delete.route: within a batch the batch's own counts; leave it out", "2A07220512016B1A00")]
    [InlineData("operations[0].compare_and_swap.route: within a batch the batch's own counts; leave it out", "2A072A0512016B2A00")]
    [InlineData("the batch: field 15 is not known to this node (the caller may be newer)", "7801")]
    [InlineData("operations[0] is not well-formed protobuf", "2A021AFF")]
    [InlineData("the batch is not well-formed protobuf", "2AFF")]
    [InlineData("operations: the batch holds none", "")]
    public void Bytes_that_no_write_batch_may_hold_are_refused(string message, string hex) => AssertRefused(message, Convert.FromHexString(hex));

    [Fact]
    public void A_batch_beyond_4_MiB_is_refused_before_it_is_read() =>
        AssertRefused("the batch is 4194305 bytes long; the limit is 4194304", new byte[(4 << 20) + 1]);

    [Fact]
    public void The_limit_of_values_is_an_option()
    {
        var batch = new RangeCommands { Commands = { new Command { Put = new Put { Key = Key, Value = Zeros(11) } } } };
        Assert.NotNull(CommandValidator.Check(batch.ToByteArray(), new CommandLimits { ValueBytesMax = 10 }, out _));
        Assert.Null(CommandValidator.Check(batch.ToByteArray(), new CommandLimits { ValueBytesMax = 11 }, out _));
    }

    private static void AssertRefused(string message, byte[] bytes)
    {
        var error = CommandValidator.Check(bytes, CommandLimits.Default, out var validated);
        Assert.Equal(new NodeError(NodeErrorCode.InvalidArgument, message), error);
        Assert.Equal(default, validated);
    }

    private static ByteString Zeros(int count) => ByteString.CopyFrom(new byte[count]);
}
