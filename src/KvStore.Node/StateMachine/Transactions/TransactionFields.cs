namespace KvStore.Node.StateMachine.Transactions;

/// <summary>
/// Whether the bytes of a <c>kvstore.node.Transaction</c> hold only fields that this version knows, and are well-formed and not nested too deep: the generated code
/// would pass over an unknown field that a newer replica obeys.
/// </summary>
internal static class TransactionFields
{
    private enum Message { Transaction, Compare, Operation, Get, Put, Delete }

    private const uint V = WireReader.Varint, B = WireReader.LengthDelimited;

    /// <exception cref="TransactionRefusedException">They are not.</exception>
    public static void Check(ReadOnlySpan<byte> transaction) => Check(transaction, Message.Transaction, 1);

    private static void Check(ReadOnlySpan<byte> bytes, Message message, int depth)
    {
        if (depth > TransactionLimits.DepthMax) throw TransactionRefusedException.Invalid($"transactions nest more than {TransactionLimits.DepthMax} deep");
        var reader = new WireReader(bytes);
        while (reader.TryReadTag(out var tag))
        {
            if (MessageOf(message, tag) is { } inner) Check(reader.ReadBytes(), inner, inner == Message.Transaction ? depth + 1 : depth);
            else if (IsKnown(message, tag)) reader.Skip(tag);
            else throw TransactionRefusedException.Invalid($"{Name(message)}: field {tag >> 3} is not known to this node, or does not belong here");
        }
        if (reader.Malformed) throw TransactionRefusedException.Invalid($"{Name(message)} is not well-formed protobuf");
    }

    private static Message? MessageOf(Message message, uint tag) => (message, tag) switch
    {
        (Message.Transaction, 2 << 3 | B) => Message.Compare,
        (Message.Transaction, 3 << 3 | B or 4 << 3 | B) => Message.Operation,
        (Message.Operation, 1 << 3 | B) => Message.Get,
        (Message.Operation, 2 << 3 | B) => Message.Put,
        (Message.Operation, 3 << 3 | B) => Message.Delete,
        (Message.Operation, 4 << 3 | B) => Message.Transaction,
        _ => null,
    };

    private static bool IsKnown(Message message, uint tag) => (message, tag >> 3, tag & 7) switch
    {
        (Message.Compare, 1 or 2 or 4, B) or (Message.Compare, 3 or (>= 5 and <= 9), V) => true,
        (Message.Get or Message.Put or Message.Delete, 1 or 2, B) => true,
        (Message.Get or Message.Put, >= 3 and <= 6, V) => true,
        (Message.Delete, 3, V) => true,
        _ => false,
    };

    private static string Name(Message message) => message switch
    {
        Message.Transaction => "transaction",
        Message.Compare => "compare",
        Message.Operation => "operation",
        Message.Get => "get",
        Message.Put => "put",
        _ => "delete",
    };
}
