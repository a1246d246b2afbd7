using KvStore.Raft;

namespace KvStore.Node.StateMachine;

/// <summary>Entries that are applied within microseconds and without a read of the disk: small ones of puts and deletes alone. What compares or answers a value may have to wait for it.</summary>
internal static class BriefEntry
{
    /// <summary>Bytes of all such entries at once, each as <see cref="Entry.Size"/>: about four puts of 100 bytes, ten microseconds.</summary>
    public const int BytesMax = 1024;

    /// <summary>Whatever its size.</summary>
    public static bool Is(Entry entry)
    {
        if (entry.Kind != EntryKind.Normal) return false;
        var payload = EntryPayloadView.Read(entry.Payload.Span);
        if (payload.GroupCommandsCount > 0) return false;
        foreach (var bytes in payload.RangeCommands)
        {
            foreach (var command in RangeCommandsView.Read(bytes).Commands)
                if (command.Kind is not (CommandKind.Put or CommandKind.Delete)) return false;
        }
        return true;
    }
}
