using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>One thing for an apply worker to do for one replica, in order with the others of that replica.</summary>
internal readonly record struct ApplyJob(ApplyJobKind Kind, ReplicaApplier? Applier, object? Subject = null)
{
    /// <summary>Committed entries and, in the same order, who waits for them (fewer than entries, found by index).</summary>
    public sealed record Committed(IReadOnlyList<Entry> Entries, IReadOnlyList<AppendedProposals> Waiting, Configuration? ConfigurationAtEnd);

    /// <summary>What it keeps the worker: the size of entries that are brief to apply, nothing for readers, who are only woken; of anything else more than <see cref="BriefEntry.BytesMax"/>.</summary>
    public int Load { get; } = LoadOf(Kind, Subject);

    private static int LoadOf(ApplyJobKind kind, object? subject)
    {
        if (kind == ApplyJobKind.Read) return 0;
        if (subject is not Committed committed) return BriefEntry.BytesMax + 1;
        var load = 0;
        foreach (var entry in committed.Entries)
        {
            load += entry.Size;
            if (load > BriefEntry.BytesMax || !BriefEntry.Is(entry)) return BriefEntry.BytesMax + 1;
        }
        return load;
    }
}

internal enum ApplyJobKind
{
    /// <summary>Subject: <see cref="ApplyJob.Committed"/>.</summary>
    Apply,
    /// <summary>Subject: a list of <see cref="Reads.ReadWaiter"/> with their index set, or one of them.</summary>
    Read,
    /// <summary>A checkpoint is to be cut.</summary>
    Cut,
    /// <summary>Subject: an action that wants the state as of one applied index. It runs in a stopped replica too, and has to look.</summary>
    Inspect,
    /// <summary>Subject: an action that puts a new state in; the only job that a detached replica does.</summary>
    Attach,
    /// <summary>Subject: the hash report of another replica.</summary>
    Hash,
    /// <summary>Subject: why the replica stops.</summary>
    Stop,
}
