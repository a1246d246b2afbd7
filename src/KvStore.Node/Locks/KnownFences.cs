using System.Collections.Immutable;

namespace KvStore.Node.Locks;

/// <summary>What a group knew of fencing tokens after some applied index: immutable. Lets a request find out, before it is proposed, whether apply will be able to decide.</summary>
internal sealed class KnownFences
{
    public static readonly KnownFences Empty = new(
        ImmutableDictionary.Create<string, ulong>(StringComparer.Ordinal), ImmutableDictionary.Create<string, ulong>(StringComparer.Ordinal));

    private readonly ImmutableDictionary<string, ulong> admitted;
    private readonly ImmutableDictionary<string, ulong> removed;

    private KnownFences(ImmutableDictionary<string, ulong> admitted, ImmutableDictionary<string, ulong> removed) => (this.admitted, this.removed) = (admitted, removed);

    /// <summary>Whether the group itself can say yes or no to the token.</summary>
    public bool CanDecide(string name, ulong token) =>
        (admitted.TryGetValue(name, out var accepted) && accepted >= token) || (removed.TryGetValue(name, out var gone) && gone >= token);

    public KnownFences WithAdmitted(string name, ulong token) => new(admitted.SetItem(name, token), removed);
    public KnownFences WithoutAdmitted(string name) => new(admitted.Remove(name), removed);
    public KnownFences WithRemoved(string name, ulong token) => new(admitted, removed.SetItem(name, token));
    public KnownFences WithoutRemoved(string name) => new(admitted, removed.Remove(name));
}
