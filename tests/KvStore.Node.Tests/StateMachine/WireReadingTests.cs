using System.Text;
using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.StateMachine;

namespace KvStore.Node.Tests.StateMachine;

/// <summary>The span readers say the same as the generated code about the same bytes.</summary>
public sealed class WireReadingTests
{
    [Fact]
    public void Random_messages_read_as_the_generated_code_reads_them()
    {
        for (var seed = 0; seed < 500; seed++) AssertSame(new RandomCommands(seed).RangeCommands().ToByteArray());
    }

    [Fact]
    public void Keys_alone_are_those_of_the_commands()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var bytes = new RandomCommands(seed).RangeCommands().ToByteArray();
            List<byte[]> expected = [], keys = [];
            foreach (var command in RangeCommandsView.Read(bytes).Commands) expected.Add(command.Key.ToArray());
            foreach (var command in RangeCommandsView.Read(bytes).CommandBytes) keys.Add(CommandView.KeyOf(command).ToArray());
            Assert.Equal(expected, keys);
        }
    }

    [Fact]
    public void Concatenated_messages_merge_as_protobuf_says()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new RandomCommands(seed);
            byte[] twice = [.. random.RangeCommands().ToByteArray(), .. random.RangeCommands().ToByteArray()];
            AssertSame(twice);
        }
    }

    [Fact]
    public void A_oneof_that_is_given_more_than_once_is_merged_or_replaced_as_protobuf_says()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new RandomCommands(seed);
            byte[] command = [.. random.Command().ToByteArray(), .. random.Command().ToByteArray(), .. random.Command().ToByteArray()];
            AssertSame([0x2A, .. Varint(command.Length), .. command]);
        }
    }

    [Fact]
    public void Damaged_bytes_are_refused_exactly_when_the_generated_code_refuses_them()
    {
        var refused = 0;
        for (var seed = 0; seed < 4000; seed++)
        {
            var random = new RandomCommands(seed);
            var bytes = random.RangeCommands().ToByteArray();
            if (bytes.Length == 0) continue;
            bytes[random.Random.Next(bytes.Length)] = (byte)random.Random.Next(256);
            if (random.Random.Next(3) == 0) bytes = bytes[..random.Random.Next(bytes.Length)];
            if (!AssertSame(bytes)) refused++;
        }
        Assert.InRange(refused, 100, 3900);
    }

    [Theory]
    [InlineData("0A")]                       // a length that is missing
    [InlineData("0A05")]                     // a length beyond the end
    [InlineData("0AFFFFFFFF0F")]             // a negative length
    [InlineData("02")]                       // field 0
    [InlineData("10FFFFFFFFFFFFFFFFFFFF01")] // a varint of eleven bytes
    [InlineData("7C")]                       // an end of a group that did not start
    [InlineData("7B7B7C")]                   // a group that does not end
    [InlineData("7B0801")]
    [InlineData("7900")]                     // half a fixed64
    [InlineData("7D00")]                     // half a fixed32
    [InlineData("7E")]                       // wire type 6
    public void Malformed_bytes_are_refused_without_an_exception(string hex)
    {
        Assert.False(AssertSame(Convert.FromHexString(hex)));
        Assert.NotNull(CommandValidator.Check(Convert.FromHexString(hex), CommandLimits.Default, out _));
    }

    [Theory]
    [InlineData("7B08017C1005")]             // an unknown group, then session_group
    [InlineData("7901020304050607081005")]   // an unknown fixed64
    [InlineData("7D010203041005")]           // an unknown fixed32
    [InlineData("7A020A0A1005")]             // an unknown message
    [InlineData("78051005")]                 // an unknown varint
    [InlineData("12021005")]                 // a known field in another wire type
    public void Unknown_fields_are_passed_over(string hex) => Assert.True(AssertSame(Convert.FromHexString(hex)));

    [Fact]
    public void An_entry_payload_reads_back_as_the_writer_folded_it()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new RandomCommands(seed);
            var expected = new EntryPayload { GroupTimeUs = random.Number() };
            for (var i = random.Random.Next(4); i > 0; i--) expected.Ranges.Add(random.RangeCommands());
            for (var i = random.Random.Next(3); i > 0; i--) expected.GroupCommands.Add(new GroupCommand { OpenSession = new OpenSession { TimeToLiveUs = random.Number() } });

            var writer = new EntryPayloadWriter();
            writer.Begin(expected.GroupTimeUs);
            foreach (var commands in expected.Ranges) writer.Add(commands.ToByteArray());
            foreach (var command in expected.GroupCommands) writer.Add(command);
            Assert.Equal(expected, EntryPayload.Parser.ParseFrom(writer.Finish()));

            var view = EntryPayloadView.Read(writer.Finish());
            Assert.False(view.Malformed);
            Assert.Equal(expected.GroupTimeUs, view.GroupTime);
            Assert.Equal(expected.GroupCommands.Count, view.GroupCommandsCount);
            var i2 = 0;
            foreach (var part in view.RangeCommands) Assert.True(part.SequenceEqual(expected.Ranges[i2++].ToByteArray()));
            Assert.Equal(expected.Ranges.Count, i2);
        }
    }

    [Fact]
    public void A_writer_that_begins_again_forgets_what_was_before()
    {
        var writer = new EntryPayloadWriter();
        writer.Begin(7);
        writer.Add(new RangeCommands { SessionIndex = 1 }.ToByteArray());
        writer.Begin(8);
        Assert.Equal(new EntryPayload { GroupTimeUs = 8 }, EntryPayload.Parser.ParseFrom(writer.Finish()));
    }

    /// <summary>True when both could read the bytes, false when both refused.</summary>
    private static bool AssertSame(byte[] bytes)
    {
        RangeCommands? expected = null;
        try
        {
            expected = RangeCommands.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            Assert.True(IsMalformed(bytes), Convert.ToHexString(bytes));
            return false;
        }
        Assert.False(IsMalformed(bytes), Convert.ToHexString(bytes));
        var view = RangeCommandsView.Read(bytes);
        Assert.Equal(expected.Route?.RangeId ?? 0, view.Route.Range.Value);
        Assert.Equal(expected.Route?.Epoch ?? 0, view.Route.Epoch);
        Assert.Equal(expected.SessionGroup, view.Session.Group.Value);
        Assert.Equal(expected.SessionIndex, view.Session.Index);
        Assert.Equal(expected.LowestAwaited, view.LowestAwaited);
        Assert.Equal(expected.Commands.Count, view.Count);
        var i = 0;
        foreach (var command in view.Commands) AssertSame(expected.Commands[i++], command);
        return true;
    }

    private static bool IsMalformed(byte[] bytes)
    {
        var view = RangeCommandsView.Read(bytes);
        if (view.Malformed) return true;
        foreach (var command in view.Commands)
            if (command.Malformed) return true;
        return false;
    }

    private static void AssertSame(Command expected, scoped in CommandView view)
    {
        Assert.Equal(expected.Sequence, view.Sequence);
        Assert.Equal((int)expected.CommandCase, (int)view.Kind);
        Assert.Equal(expected.Fence is not null, view.Fence.IsPresent);
        Assert.Equal(expected.Fence?.Lock ?? "", Encoding.UTF8.GetString(view.Fence.Lock));
        Assert.Equal(expected.Fence?.Token ?? 0, view.Fence.Token);
        switch (expected.CommandCase)
        {
            case Command.CommandOneofCase.Put:
                Assert.True(view.Key.SequenceEqual(expected.Put.Key.Span));
                Assert.True(view.Value.SequenceEqual(expected.Put.Value.Span));
                Assert.Equal(expected.Put.Lease, view.Lease);
                break;
            case Command.CommandOneofCase.Delete:
                Assert.True(view.Key.SequenceEqual(expected.Delete.Key.Span));
                break;
            case Command.CommandOneofCase.CompareAndSwap:
                var swap = expected.CompareAndSwap;
                Assert.True(view.Key.SequenceEqual(swap.Key.Span));
                Assert.Equal((swap.HasExpected, swap.HasNewValue, swap.HasExpectedModRevision), (view.HasExpected, view.HasValue, view.HasExpectedModRevision));
                Assert.True(view.Expected.SequenceEqual(swap.Expected.Span));
                Assert.True(view.Value.SequenceEqual(swap.NewValue.Span));
                Assert.Equal(swap.ExpectedModRevision, view.ExpectedModRevision);
                break;
            case Command.CommandOneofCase.Increment:
                Assert.True(view.Key.SequenceEqual(expected.Increment.Key.Span));
                Assert.Equal(expected.Increment.Delta, view.Delta);
                break;
        }
    }

    private static byte[] Varint(int value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }
}
