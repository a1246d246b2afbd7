namespace KvStore.Node.StateMachine.Transactions;

/// <summary>A transaction cannot be carried out, so nothing of it is. Caught where it is executed or checked, and nowhere else.</summary>
internal sealed class TransactionRefusedException(CommandStatus status, string message) : Exception(message)
{
    public CommandStatus Status { get; } = status;

    /// <summary>Of <see cref="CommandStatus.NotColocated"/>.</summary>
    public KeysApart? Keys { get; init; }

    /// <summary>The same, found further inside.</summary>
    public TransactionRefusedException At(FormattableString where) => new(Status, where.ToString(System.Globalization.CultureInfo.InvariantCulture) + Message) { Keys = Keys };

    public static TransactionRefusedException Invalid(FormattableString text) => new(CommandStatus.InvalidArgument, text.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
