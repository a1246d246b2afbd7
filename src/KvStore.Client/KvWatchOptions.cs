namespace KvStore.Client;

/// <summary>Settings of one watch.</summary>
public sealed class KvWatchOptions
{
    /// <summary>
    /// The first revision that is wanted; 0, the default: from now, that is of what is written after the watch was established. It is a revision of one range, so the watched
    /// interval must lie in one. Excludes <see cref="ResumeFrom"/>.
    /// </summary>
    public ulong FromRevision { get; set; }

    /// <summary>Goes on behind the batch that gave the token; the interval must be that watch's or a part of it.</summary>
    public KvResumeToken? ResumeFrom { get; set; }

    /// <summary>Which writes are told; default: all.</summary>
    public KvWatchKinds Kinds { get; set; } = KvWatchKinds.All;

    /// <summary>Whether events tell what the key was before; default: they do not.</summary>
    public KvWatchPrevious Previous { get; set; }

    /// <summary>Whether batches without events tell how far the watch is; default: they do not.</summary>
    public KvWatchBookmarks Bookmarks { get; set; }

    /// <summary>
    /// Bytes of events that may wait here for the consumer, beside one batch; at least 1. When it is slower than the writers for long, the watch pauses at the nodes and reads their
    /// history afterwards. Default 4 MiB.
    /// </summary>
    public int BufferBytes { get; set; } = 4 << 20;

    internal KvWatchOptions Checked()
    {
        if (FromRevision != 0 && ResumeFrom is not null) throw new KvInvalidArgumentException($"{nameof(FromRevision)} and {nameof(ResumeFrom)} exclude each other.");
        if (BufferBytes < 1) throw new KvInvalidArgumentException($"{nameof(BufferBytes)} is {BufferBytes}; it must be at least 1.");
        if ((Kinds & KvWatchKinds.All) == 0) throw new KvInvalidArgumentException($"{nameof(Kinds)} leaves nothing to watch.");
        return (KvWatchOptions)MemberwiseClone();
    }
}

/// <summary>Which writes a watch tells of.</summary>
[Flags]
public enum KvWatchKinds
{
    /// <summary>None, which is refused.</summary>
    None = 0,
    /// <summary>Values that were set.</summary>
    Puts = 1,
    /// <summary>Keys that were deleted.</summary>
    Deletes = 2,
    /// <summary>Both.</summary>
    All = Puts | Deletes,
}

/// <summary>Whether a watch's events tell what the key was before.</summary>
public enum KvWatchPrevious
{
    /// <summary>They do not.</summary>
    Omit,
    /// <summary>They do.</summary>
    Include,
}

/// <summary>Whether a watch gives batches without events.</summary>
public enum KvWatchBookmarks
{
    /// <summary>It does not.</summary>
    Skip,
    /// <summary>
    /// One as soon as the watch is established everywhere, from where on nothing is missed, and then now and then while nothing happens, so that a stored resume token does not
    /// grow old. A bookmark is never ahead of an event.
    /// </summary>
    Deliver,
}
