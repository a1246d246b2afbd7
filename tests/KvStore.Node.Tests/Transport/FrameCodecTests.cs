using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Node.Transport;
using KvStore.Raft;

namespace KvStore.Node.Tests.Transport;

public class FrameCodecTests
{
    private static readonly Gen<RaftMessage> Messages =
        from kind in Gen.Choose(1, 12)
        from numbers in Gen.ArrayOf(Gen.Choose(0, int.MaxValue), 7)
        from flags in Gen.Choose(0, 3)
        from payloads in Gen.ArrayOf(Gen.ArrayOf(Gen.Choose(0, 255).Select(i => (byte)i)))
        from kinds in Gen.Choose(1, 3)
        select new RaftMessage
        {
            Kind = (MessageKind)kind, From = new ReplicaId((ulong)numbers[0] + 1), To = new ReplicaId((ulong)numbers[1] + 1), Term = new Term((ulong)numbers[2]), Index = new LogIndex((ulong)numbers[3]),
            LogTerm = new Term((ulong)numbers[4]), Commit = new LogIndex((ulong)numbers[5]), HintIndex = new LogIndex((ulong)numbers[6]), Round = (ulong)numbers[0], Reject = (flags & 1) != 0, Transfer = (flags & 2) != 0,
            Configuration = kind == (int)MessageKind.InstallSnapshot ? new Configuration([new ReplicaId(1), new ReplicaId(2)], [new ReplicaId(3)], [new ReplicaId(4)], [new ReplicaId(3)], true) : null,
            Entries = [.. payloads.Select((payload, i) => new Entry(new Term(5), new LogIndex((ulong)numbers[3] + 1 + (ulong)i), (EntryKind)kinds, payload))],
        };

    [Fact]
    public void What_is_decoded_is_what_was_encoded() => Prop.ForAll(Messages.ToArbitrary(), message =>
    {
        var decoded = FrameCodec.Decode(GroupMessage.Parser.ParseFrom(FrameCodec.Encode(new GroupId(3), message).ToByteArray()));
        return Equal(message, decoded);
    }).QuickCheckThrowOnFailure();

    private static bool Equal(RaftMessage a, RaftMessage b) =>
        (a.Kind, a.From, a.To, a.Term, a.Index, a.LogTerm, a.Commit, a.HintIndex) == (b.Kind, b.From, b.To, b.Term, b.Index, b.LogTerm, b.Commit, b.HintIndex)
        && (a.Round, a.Reject, a.Transfer) == (b.Round, b.Reject, b.Transfer) && Equals(a.Configuration, b.Configuration) && a.Entries.Count == b.Entries.Count
        && a.Entries.Zip(b.Entries).All(pair => (pair.First.Term, pair.First.Index, pair.First.Kind) == (pair.Second.Term, pair.Second.Index, pair.Second.Kind) && pair.First.Payload.Span.SequenceEqual(pair.Second.Payload.Span));

    [Fact]
    public void Kinds_of_a_newer_version_and_gaps_are_refused()
    {
        Assert.Throws<FormatException>(() => FrameCodec.Decode(new GroupMessage { Kind = 13, From = 1, To = 2 }));
        Assert.Throws<FormatException>(() => FrameCodec.Decode(new GroupMessage { Kind = 1, From = 0, To = 2 }));
        Assert.Throws<FormatException>(() => FrameCodec.Decode(new GroupMessage { Kind = 1, From = 1, To = 2, Index = 4, Entries = { new LogEntry { Index = 6, Kind = 1 } } }));
        Assert.Throws<FormatException>(() => FrameCodec.Decode(new GroupMessage { Kind = 1, From = 1, To = 2, Index = 4, Entries = { new LogEntry { Index = 5, Kind = 9 } } }));
    }

    [Fact]
    public void Payloads_are_not_copied()
    {
        var payload = new byte[100];
        var message = new RaftMessage { Kind = MessageKind.AppendEntries, From = new ReplicaId(1), To = new ReplicaId(2), Term = new Term(1), Entries = [new Entry(new Term(1), new LogIndex(1), EntryKind.Normal, payload)] };
        var decoded = FrameCodec.Decode(FrameCodec.Encode(GroupId.Meta, message));
        Assert.True(decoded.Entries[0].Payload.Equals(message.Entries[0].Payload));
    }
}
