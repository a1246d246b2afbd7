using System.Buffers.Text;
using KvStore.Node.StateMachine.Transactions;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>
/// Executes one command on one range as a write transaction of its own: +1 revision when it changed something, no change otherwise.
/// Ownership and session have been checked.
/// </summary>
internal sealed class CommandExecutor(RecordWriter records, LeaseAttachments leases, FenceGuard fences)
{
    private readonly TransactionExecutor transactions = new(records, leases);

    /// <summary>Most bytes of a long in decimal: 19 digits and a sign.</summary>
    private const int LongBytesMax = 20;
    private const uint OnlyRecord = 0;

    public CommandResult Execute(HostedRange range, in CommandView command)
    {
        // A command of a newer version is proposed only when every node of the cluster knows it, so this replica is too old to go on.
        Invariant.That(command.Kind != CommandKind.None, "the command is known to this version");
        if (command.Fence.IsPresent && fences.Refuse(range, command.Fence) is { } refused) return refused;
        if (command.Kind == CommandKind.Transaction) return transactions.Execute(range, command.Transaction);
        if (command.Key.Length is 0 or > CommandLimits.KeyBytesMax || !range.Descriptor.Contains(command.Key))
            return new CommandResult(CommandStatus.InvalidArgument, range.Revision);
        return command.Kind switch
        {
            CommandKind.Put when leases.Check(range, command.Key, command.Lease) is var refusal and not CommandStatus.Ok => new CommandResult(refusal, range.Revision),
            CommandKind.Put => Put(range, command.Key, command.Value, command.Lease),
            CommandKind.Delete => Delete(range, command.Key),
            CommandKind.CompareAndSwap => CompareAndSwap(range, command),
            _ => Increment(range, command.Key, command.Delta),
        };
    }

    private CommandResult Put(HostedRange range, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong lease = LeaseAttachments.None, bool flag = false, long number = 0)
    {
        var revision = range.Revision.Next;
        records.Put(range, key, value, revision, OnlyRecord, lease);
        range.Advance(revision);
        return new CommandResult(CommandStatus.Ok, revision, flag, number);
    }

    /// <summary><see cref="CommandResult.Flag"/>: the key existed.</summary>
    private CommandResult Delete(HostedRange range, ReadOnlySpan<byte> key)
    {
        var revision = range.Revision.Next;
        if (!records.Delete(range, key, revision, OnlyRecord)) return new CommandResult(CommandStatus.Ok, range.Revision);
        range.Advance(revision);
        return new CommandResult(CommandStatus.Ok, revision, Flag: true);
    }

    private CommandResult CompareAndSwap(HostedRange range, in CommandView command)
    {
        if (command.HasExpected && command.HasExpectedModRevision) return new CommandResult(CommandStatus.InvalidArgument, range.Revision);
        if (!Matches(range, command))
        {
            KeyValue? current = range.Store.TryReadNewest(command.Key, out var found) ? found : null;
            return new CommandResult(CommandStatus.Mismatch, range.Revision) { Current = current };
        }
        if (command.HasValue) return Put(range, command.Key, command.Value, flag: true);
        var deleted = Delete(range, command.Key);
        return deleted with { Flag = true };
    }

    private static bool Matches(HostedRange range, in CommandView command)
    {
        if (command.HasExpected) return range.Store.TryReadNewest(command.Key, out var found) && found.Value.Span.SequenceEqual(command.Expected);
        var exists = range.Store.TryGetNewest(command.Key, out var state);
        if (!command.HasExpectedModRevision || command.ExpectedModRevision == 0) return !exists;
        return exists && state.Modified.Value == command.ExpectedModRevision;
    }

    private CommandResult Increment(HostedRange range, ReadOnlySpan<byte> key, long delta)
    {
        long before = 0;
        if (range.Store.TryReadNewest(key, out var found) && !TryParse(found.Value.Span, out before))
            return new CommandResult(CommandStatus.NotANumber, range.Revision) { Current = found };
        var after = unchecked(before + delta);
        if (((before ^ after) & (delta ^ after)) < 0) return new CommandResult(CommandStatus.NotANumber, range.Revision) { Current = found };
        Span<byte> digits = stackalloc byte[LongBytesMax];
        Invariant.That(Utf8Formatter.TryFormat(after, digits, out var length));
        return Put(range, key, digits[..length], number: after);
    }

    /// <summary>An optional minus and decimal digits, nothing else, within a long.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        return text.Length > 0 && text[0] != '+' && Utf8Parser.TryParse(text, out number, out var consumed) && consumed == text.Length;
    }
}
