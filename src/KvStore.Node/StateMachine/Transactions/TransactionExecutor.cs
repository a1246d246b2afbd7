using System.Text;
using Google.Protobuf;
using KvStore.Node.Commands;

namespace KvStore.Node.StateMachine.Transactions;

/// <summary>
/// Executes a transaction on one range: first everything that can refuse it, then its records, all at one revision with sub-numbers from 0. Without a record the revision stays.
/// </summary>
internal sealed class TransactionExecutor(RecordWriter records, LeaseAttachments leases)
{
    public CommandResult Execute(HostedRange range, ReadOnlySpan<byte> bytes)
    {
        var transaction = Transaction.Parser.ParseFrom(bytes);
        try
        {
            var key = TransactionRules.Check(transaction, range.Descriptor.Colocation);
            if (!new ColocationUnit(range.Descriptor.Colocation, key.Span).LiesIn(range.Descriptor))
                throw TransactionRefusedException.Invalid($"range {range.Descriptor.Id} does not hold all keys that are colocated with {KeyText.Of(key.Span)}");
            var staged = new StagedWrites();
            var response = Run(range, transaction, staged);
            Commit(range, staged);
            return new CommandResult(CommandStatus.Ok, range.Revision, response.Succeeded) { Response = response.ToByteArray() };
        }
        catch (TransactionRefusedException e)
        {
            return new CommandResult(e.Status, range.Revision) { Response = Encoding.UTF8.GetBytes(e.Message + "; nothing changed") };
        }
    }

    public static TransactionRefusedException TooLarge() =>
        TransactionRefusedException.Invalid($"the results take more than {TransactionLimits.ResponseBytesMax} bytes");

    private TransactionResponse Run(HostedRange range, Transaction transaction, StagedWrites staged)
    {
        using var reads = new TransactionReads(range.Store, staged);
        var path = TransactionPath.Choose(transaction, new CompareEvaluation(reads));
        var response = new TransactionRun(range, reads, staged, leases).Execute(transaction, path);
        return response.CalculateSize() <= TransactionLimits.ResponseBytesMax ? response : throw TooLarge();
    }

    private void Commit(HostedRange range, StagedWrites staged)
    {
        if (staged.InOrder.Count == 0) return;
        var revision = range.Revision.Next;
        for (var i = 0; i < staged.InOrder.Count; i++)
        {
            var write = staged.InOrder[i];
#if PLANTED
            if (Raft.Plants.Has(Raft.PlantedBug.HalfTransaction) && i > 0 && i == staged.InOrder.Count - 1 && range.Revision.Value % 16 == 0) continue;
#endif
            if (write.Deletes) Raft.Invariant.That(records.Delete(range, write.Key.Span, revision, (uint)i), "what was found is deleted");
            else records.Put(range, write.Key.Span, write.Value.Value.Span, revision, (uint)i, write.Value.Lease);
        }
        range.Advance(revision);
    }
}
