using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Transport;

/// <summary>Raft messages as they travel between nodes. Payload bytes are not copied in either direction: an entry keeps the buffer of the frame that it came in.</summary>
internal static class FrameCodec
{
    public static GroupMessage Encode(GroupId group, RaftMessage message)
    {
        var encoded = new GroupMessage
        {
            GroupId = group.Value,
            Kind = (uint)message.Kind,
            From = message.From.Value,
            To = message.To.Value,
            Term = message.Term.Value,
            Index = message.Index.Value,
            LogTerm = message.LogTerm.Value,
            Commit = message.Commit.Value,
            Reject = message.Reject,
            HintIndex = message.HintIndex.Value,
            Round = message.Round,
            Transfer = message.Transfer,
        };
        if (message.Configuration is { } configuration) encoded.Configuration = ConfigurationRecords.ToRecord(configuration);
        for (var i = 0; i < message.Entries.Count; i++) encoded.Entries.Add(Encode(message.Entries[i]));
        return encoded;
    }

    /// <exception cref="FormatException">The message is not one that this version can take; it names what is wrong.</exception>
    public static RaftMessage Decode(GroupMessage message)
    {
        if (message.Kind is < (uint)MessageKind.AppendEntries or > (uint)MessageKind.ReadIndexResponse) throw new FormatException($"message kind {message.Kind} is not known");
        if (message.From == 0 || message.To == 0) throw new FormatException("a message has no sender or no receiver");
        return new RaftMessage
        {
            Kind = (MessageKind)message.Kind,
            From = new ReplicaId(message.From),
            To = new ReplicaId(message.To),
            Term = new Term(message.Term),
            Index = new LogIndex(message.Index),
            LogTerm = new Term(message.LogTerm),
            Commit = new LogIndex(message.Commit),
            Reject = message.Reject,
            HintIndex = new LogIndex(message.HintIndex),
            Round = message.Round,
            Transfer = message.Transfer,
            Configuration = message.Configuration is { } configuration ? ConfigurationRecords.FromRecord(configuration) : null,
            Entries = DecodeEntries(message),
        };
    }

    private static LogEntry Encode(Entry entry) => new()
    {
        Term = entry.Term.Value,
        Index = entry.Index.Value,
        Kind = (uint)entry.Kind,
        Payload = UnsafeByteOperations.UnsafeWrap(entry.Payload),
    };

    private static Entry[] DecodeEntries(GroupMessage message)
    {
        if (message.Entries.Count == 0) return [];
        var entries = new Entry[message.Entries.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = message.Entries[i];
            if (entry.Kind is < (uint)EntryKind.Normal or > (uint)EntryKind.ConfigurationChange) throw new FormatException($"entry kind {entry.Kind} at index {entry.Index} is not known");
            if (entry.Index != message.Index + 1 + (ulong)i) throw new FormatException($"entry {entry.Index} does not follow on {message.Index + (ulong)i}");
            entries[i] = new Entry(new Term(entry.Term), new LogIndex(entry.Index), (EntryKind)entry.Kind, entry.Payload.Memory);
        }
        return entries;
    }
}
