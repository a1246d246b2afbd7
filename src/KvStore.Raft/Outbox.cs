namespace KvStore.Raft;

/// <summary>What the next <see cref="Ready"/> will carry besides entries and hard state.</summary>
internal sealed class Outbox
{
    private List<RaftMessage> _messages = [];
    private List<RaftMessage> _messagesAfterSync = [];
    private List<ReadState> _readStates = [];
    private List<ReplicaId> _snapshotsToSend = [];
    private SnapshotMetadata? _installed;

    public bool IsEmpty => _messages.Count == 0 && _messagesAfterSync.Count == 0 && _readStates.Count == 0 && _snapshotsToSend.Count == 0 && _installed is null;

    /// <summary>For a message that is true even if everything unsynced is lost in the next moment.</summary>
    public void Send(RaftMessage message) => _messages.Add(message);

    /// <summary>For a message that speaks for a vote, a term or entries of this replica.</summary>
    public void SendAfterSync(RaftMessage message) => _messagesAfterSync.Add(message);

    /// <summary>As <see cref="SendAfterSync"/>; one acknowledgement of a longer log stands for the one before it.</summary>
    public void AcknowledgeAfterSync(RaftMessage message)
    {
        if (_messagesAfterSync.Count > 0 && _messagesAfterSync[^1] is { Kind: MessageKind.AppendEntriesResponse, Reject: false } before
            && before.To == message.To && before.Term == message.Term && before.Index <= message.Index)
            _messagesAfterSync[^1] = message;
        else _messagesAfterSync.Add(message);
    }

    public void Answer(ReadState state) => _readStates.Add(state);

    public void SendSnapshot(ReplicaId replica) => _snapshotsToSend.Add(replica);

    public void Installed(SnapshotMetadata snapshot) => _installed = snapshot;

    public Ready Take(HardState? hardState, IReadOnlyList<Entry> entries, IReadOnlyList<Entry> committed)
    {
        var ready = new Ready
        {
            HardState = hardState,
            Entries = entries,
            Committed = committed,
            Messages = Take(ref _messages),
            MessagesAfterSync = Take(ref _messagesAfterSync),
            ReadStates = Take(ref _readStates),
            SnapshotsToSend = Take(ref _snapshotsToSend),
            InstalledSnapshot = _installed,
        };
        _installed = null;
        return ready;
    }

    private static IReadOnlyList<T> Take<T>(ref List<T> list)
    {
        if (list.Count == 0) return [];
        var taken = list;
        list = [];
        return taken;
    }
}
