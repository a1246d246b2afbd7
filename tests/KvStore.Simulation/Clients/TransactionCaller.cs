using Google.Protobuf;
using KvStore.Linearizability;
using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Simulation.Checks;
using LoggedTransaction = KvStore.Node.Commands.Transaction;
using LoggedOperation = KvStore.Node.Commands.TransactionOperation;
using Transaction = KvStore.Linearizability.Transaction;
using TransactionResult = KvStore.Linearizability.TransactionResult;

namespace KvStore.Simulation.Clients;

/// <summary>Carries out transactions as the history describes them, and records what became of them.</summary>
internal sealed class TransactionCaller(LinearizabilityCheck check)
{
    /// <summary>Null: no answer came, or a refusal; the history has it.</summary>
    public async Task<TransactionResult?> CallAsync(SimulatedClient client, Transaction transaction)
    {
        var operation = Operation.Transact(client.HistoryNumber, transaction, client.Time);
        var outcome = await client.WriteAsync(transaction.Keys.First(), new Command { Transaction = ToCommand(transaction) });
        if (outcome is { IsDone: true, Result.Status: CommandStatus.Ok })
        {
            var result = Read(outcome.Result, transaction);
            check.Add(operation.ReturnedResult(result, client.Time));
            return result;
        }
        if (outcome.IsDone && outcome.Result.Status != CommandStatus.ResourceExhausted)
            client.Run.Findings.Report("answers", $"{operation} was answered with {outcome.Result.Status}");
        check.Add(outcome.Knowledge == WriteKnowledge.Unknown ? operation.Abandoned(client.Time) : operation.Failed(client.Time));
        if (outcome.Knowledge == WriteKnowledge.Unknown) client.GoOnUnderNewNumber();
        return null;
    }

    private static LoggedTransaction ToCommand(Transaction transaction)
    {
        var command = new LoggedTransaction();
        command.Compares.AddRange(transaction.If.Select(ToCompare));
        command.Success.AddRange(transaction.Then.Select(ToOperation));
        command.Failure.AddRange(transaction.Else.Select(ToOperation));
        return command;
    }

    private static Compare ToCompare(KeyComparison comparison) => comparison.Expected.IsAbsent
        ? new Compare { Key = ByteString.CopyFromUtf8(comparison.Key), Exists = false }
        : new Compare { Key = ByteString.CopyFromUtf8(comparison.Key), Value = ByteString.CopyFromUtf8(comparison.Expected.Text) };

    private static LoggedOperation ToOperation(TransactionStep step)
    {
        var key = ByteString.CopyFromUtf8(step.Key);
        return step.Kind switch
        {
            OperationKind.Get => new LoggedOperation { Get = new TransactionGet { Key = key } },
            OperationKind.Put => new LoggedOperation { Put = new TransactionPut { Key = key, Value = ByteString.CopyFromUtf8(step.Argument.Text) } },
            _ => new LoggedOperation { Delete = new TransactionDelete { Key = key } },
        };
    }

    private static TransactionResult Read(in CommandResult result, Transaction transaction)
    {
        var response = TransactionResponse.Parser.ParseFrom(result.Response);
        var results = response.Results.Select(each => each switch
        {
            { Get: { } get } => new StepResult(get.Kvs.Count == 0 ? Value.Absent : Value.Of(get.Kvs[0].Value.ToStringUtf8())),
            { Delete: { } delete } => new StepResult(Value.Absent, delete.Deleted > 0 ? Answer.Existed : Answer.Missing),
            _ => default,
        }).ToList();
        return new TransactionResult(response.Succeeded ? TransactionBranch.Then : TransactionBranch.Else, results);
    }
}
