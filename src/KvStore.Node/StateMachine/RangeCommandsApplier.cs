using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>Applies the commands of one RangeCommands after the other. Order of checks: ownership, session, fence, then what each command compares.</summary>
internal sealed class RangeCommandsApplier(RangeTable ranges, SessionTable sessions, CommandExecutor executor, EffectHash hash)
{
    /// <summary>
    /// Values and transaction results that the commands of one entry answer: a command that may answer with some is refused beyond it. A small batch can ask for very much. Frozen.
    /// </summary>
    public const long AnswerBytesMax = 16L << 20;

    private static readonly byte[] TooMuchAtOnce = "the results of the commands that were folded together would take too much memory; nothing changed"u8.ToArray();

    /// <summary>Of the entry at hand.</summary>
    private long answerBytes;
    /// <summary>Written since the last Publish, in order of first write.</summary>
    private readonly List<HostedRange> written = [];
    private readonly ulong[] hashes = new ulong[RangeStore.TouchedMax];

    /// <summary>
    /// Brings near what the commands of an entry will look up (<see cref="RangeStore.Touch"/>): most of the time of a put was waiting for memory, one place after the other.
    /// </summary>
    public void Touch(PartEnumerator entry)
    {
        HostedRange? range = null;
        var count = 0;
        foreach (var bytes in entry)
        {
            var batch = RangeCommandsView.Read(bytes);
            if (batch.Malformed || ranges.Find(batch.Route) is not { } next) continue;
            if (next != range) TouchKeys(range, ref count);
            range = next;
            foreach (var command in batch.CommandBytes)
            {
                var key = CommandView.KeyOf(command);
                if (key.IsEmpty) continue;
                if (count == hashes.Length) TouchKeys(range, ref count);
                hashes[count++] = RangeStore.HashOf(key);
            }
        }
        TouchKeys(range, ref count);
    }

    private void TouchKeys(HostedRange? range, ref int count)
    {
        // One or two are looked up as fast without.
        if (count > 2) range!.Store.Touch(hashes.AsSpan(0, count));
        count = 0;
    }

    public void Apply(ReadOnlySpan<byte> bytes, ulong groupTime, List<CommandResult>? results)
    {
        var batch = RangeCommandsView.Read(bytes);
        Invariant.That(!batch.Malformed, "the RangeCommands can be read");
        var range = ranges.Find(batch.Route);
        if (range is null)
        {
            // Certainly not applied and not kept: the same sequence is tried again at the range's owner.
            foreach (var command in batch.Commands) Answer(command, new CommandResult(CommandStatus.EpochNotMatch, default), results);
            return;
        }
        if (!written.Contains(range)) written.Add(range);
        var session = batch.Session.IsNone ? null : sessions.Use(batch.Session, groupTime);
        if (session is not null) sessions.Acknowledge(session, batch.LowestAwaited);
        foreach (var command in batch.Commands)
        {
            Invariant.That(!command.Malformed, "the command can be read");
            Answer(command, command.Sequence == 0 ? Execute(range, command) : ExecuteOnce(range, session, command), results);
        }
    }

    /// <summary>Ends an entry: makes what was written visible to readers, each range at once.</summary>
    public void Publish()
    {
        answerBytes = 0;
        foreach (var range in written) range.Publish();
        written.Clear();
    }

    private CommandResult ExecuteOnce(HostedRange range, ClientSession? session, scoped in CommandView command)
    {
        if (session is null) return new CommandResult(CommandStatus.SessionExpired, range.Revision);
        switch (session.Find(command.Sequence, out var answer))
        {
            case SequenceState.Answered:
#if PLANTED
                if (Plants.Has(PlantedBug.RetryAppliedAgain)) return executor.Execute(range, command);
                if (Plants.Has(PlantedBug.CasRetried) && command.Kind == CommandKind.CompareAndSwap) return executor.Execute(range, command);
#endif
                return answer.Result;
            case SequenceState.Acknowledged:
                return new CommandResult(CommandStatus.SessionExpired, range.Revision);
            case SequenceState.TooFarAhead:
                return new CommandResult(CommandStatus.InvalidArgument, range.Revision);
            default:
                var result = Execute(range, command);
                // What may have room later, and what waits for its fence to be registered, was certainly not applied: the same sequence is tried again.
                if (result.Status is CommandStatus.ResourceExhausted or CommandStatus.FenceUnregistered) return result;
                sessions.Keep(session, new StoredAnswer(command.Sequence, range.Descriptor.Id, result));
                return result;
        }
    }

    private CommandResult Execute(HostedRange range, scoped in CommandView command) =>
        answerBytes >= AnswerBytesMax && command.Kind is (CommandKind.CompareAndSwap or CommandKind.Increment or CommandKind.Transaction)
            ? new CommandResult(CommandStatus.ResourceExhausted, range.Revision) { Response = TooMuchAtOnce }
            : executor.Execute(range, command);

    private void Answer(scoped in CommandView command, in CommandResult result, List<CommandResult>? results)
    {
        hash.Result(command.Sequence, result);
        answerBytes += result.HasCurrent ? result.Current!.Value.Value.Length : result.Response?.Length ?? 0;
        results?.Add(result);
    }
}
