using KvStore.Client.Internal.Watching;

namespace KvStore.Client;

/// <summary>
/// A place in the histories of the ranges that a watch covers: a revision for each. Opaque; <see cref="ToString"/> and <see cref="Parse"/> take it to storage and back.
/// It lasts as long as the history does: behind the compaction revision a watch that it resumes ends with <see cref="KvCompactedException"/>.
/// </summary>
public sealed class KvResumeToken
{
    internal KvResumeToken(WatchPositions positions) => Positions = positions;

    internal WatchPositions Positions { get; }

    /// <summary>Reads what <see cref="ToString"/> gave.</summary>
    /// <exception cref="KvInvalidArgumentException">It is no resume token, or was damaged.</exception>
    public static KvResumeToken Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new KvResumeToken(WatchPositions.Parse(text) ?? throw new KvInvalidArgumentException("The text is no resume token of a watch, or was damaged."));
    }

    /// <summary>Letters, digits, '-' and '_'.</summary>
    public override string ToString() => Positions.ToText();
}
