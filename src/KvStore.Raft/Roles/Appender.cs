using KvStore.Raft.Replication;

namespace KvStore.Raft.Roles;

/// <summary>Makes a leader's messages to one follower: as few and as full as the limits allow.</summary>
internal sealed class Appender(Replica replica)
{
    private RaftLog Log => replica.Log;
    private RaftOptions Options => replica.Options;

    /// <summary>What the follower is to be sent now; of a commit index that nothing else brings it only if <paramref name="tellsCommit"/>.</summary>
    /// <returns>Whether the commit index is left to be told.</returns>
    public bool Send(Progress progress, bool tellsCommit)
    {
        if (progress.State == ProgressState.Snapshot) return false;
        if (progress.Next < Log.First)
        {
            NeedSnapshot(progress);
            return false;
        }
        if (progress.State == ProgressState.Probe)
        {
#if PLANTED
            // Its probes are empty, as in other systems: only then can the follower have more than was matched.
            if (!progress.IsProbing && Plants.Has(PlantedBug.CommitBeyondMatched)) SendAppend(progress, bytesMax: 0);
#endif
            if (!progress.IsProbing) SendAppend(progress, Options.AppendMessageBytesMax);
            return false;
        }
        Pipeline(progress);
        if (LogIndex.Min(progress.Match, Log.Commit) <= progress.CommitSent) return false;
        // Nobody waits for an answer to a mere commit index: a heartbeat of no round.
        if (tellsCommit) SendHeartbeat(progress, round: 0);
        return !tellsCommit;
    }

    public void SendHeartbeat(Progress progress, ulong round)
    {
        var commit = LogIndex.Min(progress.Match, Log.Commit);
#if PLANTED
        if (Plants.Has(PlantedBug.HeartbeatCommitsUnmatched) || Plants.Has(PlantedBug.HeartbeatCommitsBeyondLog)) commit = Log.Commit;
#endif
        progress.CommitSent = LogIndex.Max(progress.CommitSent, commit);
        replica.Outbox.Send(new RaftMessage
        {
            Kind = MessageKind.Heartbeat,
            From = replica.Self,
            To = progress.Replica,
            Term = replica.Term,
            Commit = commit,
            Round = round,
        });
    }

    private void Pipeline(Progress progress)
    {
        var inFlight = progress.InFlight;
        var sent = false;
#if PLANTED
        while (Plants.Has(PlantedBug.InFlightUnbounded) && progress.Next <= Log.Last)
        {
            SendAppend(progress, Options.AppendMessageBytesMax);
            sent = true;
        }
#endif
        while (progress.Next <= Log.Last && inFlight.Count < Options.InFlightMessagesMax && inFlight.Bytes < Options.InFlightBytesMax)
        {
            SendAppend(progress, Math.Min(Options.AppendMessageBytesMax, Options.InFlightBytesMax - inFlight.Bytes));
            sent = true;
        }
        if (sent) progress.NeedsCheck = false;
        else if (progress.NeedsCheck)
        {
            progress.NeedsCheck = false;
            SendAppend(progress, bytesMax: 0);
        }
    }

    /// <param name="progress">Whom to send to.</param>
    /// <param name="bytesMax">0 for an append without entries, which asks whether the earlier ones arrived.</param>
    private void SendAppend(Progress progress, long bytesMax)
    {
        IReadOnlyList<Entry> entries = bytesMax > 0 && progress.Next <= Log.Last ? Log.Slice(progress.Next, bytesMax) : [];
        var previous = progress.Next.Previous;
        var last = previous + (ulong)entries.Count;
        var bytes = 0L;
        for (var i = 0; i < entries.Count; i++) bytes += entries[i].Size;
        replica.Outbox.Send(new RaftMessage
        {
            Kind = MessageKind.AppendEntries,
            From = replica.Self,
            To = progress.Replica,
            Term = replica.Term,
            Index = previous,
            LogTerm = Log.TermAt(previous),
            Entries = entries,
            Commit = Log.Commit,
        });
        progress.CommitSent = LogIndex.Max(progress.CommitSent, LogIndex.Min(Log.Commit, last));
        if (entries.Count > 0 || progress.State == ProgressState.Probe) progress.Sent(last, bytes);
    }

    private void NeedSnapshot(Progress progress)
    {
        // No snapshot for a replica that is not there to take it.
        if (replica.Now >= progress.Contact + Options.ElectionTimeoutMax) return;
        progress.BecomeSnapshot();
        replica.Outbox.SendSnapshot(progress.Replica);
    }
}
