using System.Globalization;
using System.Text;

namespace KvStore.Linearizability;

/// <summary>
/// One call of one client. It begins in doubt, by one of the static methods, and becomes certain by one of the others, which give
/// a changed copy: <c>Operation.Get(client: 3, "k", call: 10).ReturnedValue("v", at: 25)</c>.
/// Times are nanoseconds of one monotonic clock for all clients; an operation spans the closed interval from call to return.
/// </summary>
public sealed record Operation
{
    private Operation()
    {
    }

    /// <summary>One sequential client: its operations do not overlap.</summary>
    public required int Client { get; init; }

    public required OperationKind Kind { get; init; }

    /// <summary>The key; of no meaning for a transaction.</summary>
    public required string Key { get; init; }

    /// <summary>What a put writes, an append adds, a compare-and-swap swaps in (absent: it deletes).</summary>
    public Value Argument { get; init; }

    /// <summary>What a compare-and-swap expects (absent: that the key does not exist).</summary>
    public Value Expected { get; init; }

    /// <summary>What a transaction does; null for every other kind.</summary>
    public Transaction? Transaction { get; init; }

    public required long Call { get; init; }

    /// <summary>When the client had its answer or gave up; null when that was not recorded.</summary>
    public long? Return { get; init; }

    public Outcome Outcome { get; init; }

    /// <summary>What a completed get found.</summary>
    public Value Result { get; init; }

    /// <summary>What a completed compare-and-swap or delete answered.</summary>
    public Answer Answer { get; init; }

    /// <summary>What a completed transaction answered.</summary>
    public TransactionResult? TransactionResult { get; init; }

    /// <summary>Its line in the file that it was read from, from 1; 0 when it was made in memory.</summary>
    public int Line { get; init; }

    public static Operation Get(int client, string key, long call) => New(client, OperationKind.Get, key, call);

    public static Operation Put(int client, string key, Value value, long call) => New(client, OperationKind.Put, key, call, value);

    public static Operation Delete(int client, string key, long call) => New(client, OperationKind.Delete, key, call);

    public static Operation CompareAndSwap(int client, string key, Value expected, Value replacement, long call) =>
        New(client, OperationKind.CompareAndSwap, key, call, replacement, expected);

    /// <summary>Adds text to what the key holds; an absent key counts as empty.</summary>
    public static Operation Append(int client, string key, string text, long call) => New(client, OperationKind.Append, key, call, text);

    public static Operation Transact(int client, Transaction transaction, long call) =>
        New(client, OperationKind.Transaction, "", call) with { Transaction = transaction };

    /// <summary>A get that found this value.</summary>
    public Operation ReturnedValue(Value value, long at) => Completed(OperationKind.Get, at) with { Result = value };

    /// <summary>A put or an append that was done, or a delete that was done and did not say whether the key existed.</summary>
    public Operation Returned(long at) =>
        Kind is OperationKind.Put or OperationKind.Append or OperationKind.Delete ? Completed(Kind, at) : throw Mismatch("plain");

    /// <summary>A compare-and-swap that swapped.</summary>
    public Operation Swapped(long at) => Completed(OperationKind.CompareAndSwap, at) with { Answer = Answer.Swapped };

    /// <summary>A compare-and-swap that found another value.</summary>
    public Operation Mismatched(long at) => Completed(OperationKind.CompareAndSwap, at) with { Answer = Answer.Mismatched };

    /// <summary>A delete of a key that existed.</summary>
    public Operation Existed(long at) => Completed(OperationKind.Delete, at) with { Answer = Answer.Existed };

    /// <summary>A delete of a key that did not exist.</summary>
    public Operation Missing(long at) => Completed(OperationKind.Delete, at) with { Answer = Answer.Missing };

    /// <summary>A transaction with this result.</summary>
    public Operation ReturnedResult(TransactionResult result, long at) => Completed(OperationKind.Transaction, at) with { TransactionResult = result };

    /// <summary>It certainly had no effect.</summary>
    public Operation Failed(long at) => this with { Outcome = Outcome.Failed, Return = at };

    /// <summary>The client gave up and does not know what happened.</summary>
    public Operation Abandoned(long at) => this with { Outcome = Outcome.Unknown, Return = at };

    /// <summary>For people: client, request, answer and times on one line.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"client {Client}: {Describe()} [{Call}, ");
        text.Append(Return is { } at ? at.ToString(CultureInfo.InvariantCulture) : "?").Append(']');
        if (Line > 0) text.Append(CultureInfo.InvariantCulture, $" line {Line}");
        return text.ToString();
    }

    /// <summary>Request and answer without client and times, such as <c>get "k" = 4</c>.</summary>
    public string Describe() => OperationText.Describe(this);

    private static Operation New(int client, OperationKind kind, string key, long call, Value argument = default, Value expected = default) =>
        new() { Client = client, Kind = kind, Key = key, Call = call, Argument = argument, Expected = expected };

    private Operation Completed(OperationKind kind, long at) =>
        Kind == kind ? this with { Outcome = Outcome.Completed, Return = at } : throw Mismatch(kind.ToString());

    private InvalidOperationException Mismatch(string answer) => new($"a {Kind} operation cannot take a {answer} answer");
}
