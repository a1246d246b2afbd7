using System.Globalization;
using System.Text;
using System.Text.Unicode;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Locks;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine.Transactions;

namespace KvStore.Node.StateMachine;

/// <summary>
/// Checks the serialized commands of a caller before they are proposed (DESIGN §12), without making objects. Its input is a <c>kvstore.node.RangeCommands</c>, of which
/// <c>kvstore.v1.Batch</c> is a superset. Fields that this version does not know are refused, not passed over: the bytes go into the log as they are, and what one replica
/// passes over a newer one would obey.
/// </summary>
public static class CommandValidator
{
    private const uint GetField = 2, ScanField = 7, OpenSessionField = 8, KeyspaceField = 1;

    /// <returns>Null when all is well, else <see cref="NodeErrorCode.InvalidArgument"/> naming the field and the limit; then nothing may be proposed.</returns>
    /// <param name="colocation">Of the range that the caller named; null: not known here, so apply alone decides what is colocated.</param>
    public static NodeError? Check(ReadOnlySpan<byte> rangeCommands, CommandLimits limits, out ValidatedCommands validated, Colocation? colocation = null)
    {
        ArgumentNullException.ThrowIfNull(limits);
        validated = default;
        if (rangeCommands.Length > CommandLimits.BatchBytesMax) return TooLong("the batch", rangeCommands.Length, CommandLimits.BatchBytesMax);
        var batch = RangeCommandsView.Read(rangeCommands);
        if (batch.Malformed) return Invalid("the batch is not well-formed protobuf");
        if (batch.UnknownField != 0) return Unknown("the batch", batch.UnknownField);
        if (batch.Count == 0) return Invalid("operations: the batch holds none");
        var i = 0;
        List<WriteFence>? fences = null;
        SortedSet<LeaseId>? leases = null;
        foreach (var command in batch.Commands)
        {
            if (CheckCommand(command, i, batch.Session, limits, colocation, ref leases) is { } error) return error;
            if (command.Fence.IsPresent) AddFence(ref fences, command.Fence);
            if (command.Lease != 0) (leases ??= []).Add(new LeaseId(command.Lease));
            i++;
        }
        validated = new ValidatedCommands(batch.Route, batch.Session, batch.Count, fences, leases?.ToList());
        return null;
    }

    private static NodeError? CheckCommand(scoped in CommandView command, int i, SessionId session, CommandLimits limits, Colocation? colocation, ref SortedSet<LeaseId>? leases)
    {
        if (command.Malformed) return Invalid(Text($"operations[{i}] is not well-formed protobuf"));
        switch (command.UnknownField)
        {
            case 0: break;
            case GetField or ScanField: return Invalid(Text($"operations[{i}] is a read: a batch holds either only writes or no writes"));
            case OpenSessionField: return Invalid(Text($"operations[{i}].open_session: not in a batch of writes"));
            default: return Unknown(Text($"operations[{i}]"), command.UnknownField);
        }
        if (command.Kind == CommandKind.None) return Invalid(Text($"operations[{i}] holds no operation"));
        if (command.UnknownBodyField != 0) return CheckUnknownBodyField(command, i);
        if (command.Fence.IsPresent && CheckFence(command.Fence, i) is { } error) return error;
        if (command.Sequence != 0 && session.IsNone) return Invalid(Text($"operations[{i}].sequence is {command.Sequence}, but the batch names no client session"));
        return command.Kind == CommandKind.Transaction ? CheckTransaction(command, i, limits, colocation, ref leases) : CheckContent(command, i, limits);
    }

    private static NodeError? CheckTransaction(scoped in CommandView command, int i, CommandLimits limits, Colocation? colocation, ref SortedSet<LeaseId>? leases)
    {
        try
        {
            TransactionFields.Check(command.Transaction);
            var transaction = Transaction.Parser.ParseFrom(command.Transaction);
            TransactionRules.Check(transaction, colocation, limits.ValueBytesMax);
            AddLeases(transaction, ref leases);
            return null;
        }
        catch (TransactionRefusedException e)
        {
            var code = e.Status == CommandStatus.NotColocated ? NodeErrorCode.NotColocated : NodeErrorCode.InvalidArgument;
            return new NodeError(code, Name(command.Kind, i) + "." + e.Message) { Keys = e.Keys };
        }
    }

    private static void AddLeases(Transaction transaction, ref SortedSet<LeaseId>? leases)
    {
        foreach (var operation in transaction.Success.Concat(transaction.Failure))
        {
            if (operation.Put is { Lease: not LeaseAttachments.None } put) (leases ??= []).Add(new LeaseId(put.Lease));
            else if (operation.Transaction is { } nested) AddLeases(nested, ref leases);
        }
    }

    private static NodeError? CheckFence(scoped in FenceView fence, int i)
    {
        if (fence.Lock.IsEmpty) return Invalid(Text($"operations[{i}].fence.lock is empty"));
        if (fence.Lock.Length > LockLimits.NameBytesMax) return TooLong(Text($"operations[{i}].fence.lock"), fence.Lock.Length, LockLimits.NameBytesMax);
        if (!Utf8.IsValid(fence.Lock)) return Invalid(Text($"operations[{i}].fence.lock is not UTF-8"));
        return fence.Token == 0 ? Invalid(Text($"operations[{i}].fence.token is 0")) : null;
    }

    private static void AddFence(ref List<WriteFence>? fences, scoped in FenceView view)
    {
        var fence = new WriteFence(Encoding.UTF8.GetString(view.Lock), view.Token);
        if (fences is null || !fences.Contains(fence)) (fences ??= []).Add(fence);
    }

    private static NodeError? CheckContent(scoped in CommandView command, int i, CommandLimits limits)
    {
        if (command.Key.IsEmpty) return Invalid(Text($"{Name(command.Kind, i)}.key is empty"));
        if (command.Key.Length > CommandLimits.KeyBytesMax) return TooLong(Name(command.Kind, i) + ".key", command.Key.Length, CommandLimits.KeyBytesMax);
        if (command.Value.Length > limits.ValueBytesMax)
            return TooLong(Name(command.Kind, i) + (command.Kind == CommandKind.Put ? ".value" : ".new_value"), command.Value.Length, limits.ValueBytesMax);
        if (command.Expected.Length > limits.ValueBytesMax) return TooLong(Name(command.Kind, i) + ".expected", command.Expected.Length, limits.ValueBytesMax);
        if (command.HasExpected && command.HasExpectedModRevision)
            return Invalid(Text($"{Name(command.Kind, i)}: expected and expected_mod_revision exclude each other"));
        return null;
    }

    private static NodeError CheckUnknownBodyField(scoped in CommandView command, int i)
    {
        var known = (command.Kind, command.UnknownBodyField) switch
        {
            (_, KeyspaceField) => "keyspace",
            (CommandKind.Put or CommandKind.Increment, 4) or (CommandKind.Delete, 3) or (CommandKind.CompareAndSwap, 5) => "route",
            (CommandKind.Put or CommandKind.Increment, 5) or (CommandKind.Delete, 4) or (CommandKind.CompareAndSwap, 6) => "write_id",
            (CommandKind.Put, 7) or (CommandKind.Increment, 6) or (CommandKind.Delete, 5) or (CommandKind.CompareAndSwap, 8) => "fence",
            _ => null,
        };
        return known is null
            ? Unknown(Name(command.Kind, i), command.UnknownBodyField)
            : Invalid(Text($"{Name(command.Kind, i)}.{known}: within a batch the batch's own counts; leave it out"));
    }

    private static string Name(CommandKind kind, int i) => kind switch
    {
        CommandKind.Put => Text($"operations[{i}].put"),
        CommandKind.Delete => Text($"operations[{i}].delete"),
        CommandKind.CompareAndSwap => Text($"operations[{i}].compare_and_swap"),
        CommandKind.Increment => Text($"operations[{i}].increment"),
        CommandKind.Transaction => Text($"operations[{i}].transaction"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no command"),
    };

    private static NodeError TooLong(string what, int bytes, int limit) => Invalid(Text($"{what} is {bytes} bytes long; the limit is {limit}"));

    private static NodeError Unknown(string where, uint field) => Invalid(Text($"{where}: field {field} is not known to this node (the caller may be newer)"));

    private static NodeError Invalid(string message) => new(NodeErrorCode.InvalidArgument, message);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
