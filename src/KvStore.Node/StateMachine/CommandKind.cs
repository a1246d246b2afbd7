namespace KvStore.Node.StateMachine;

/// <summary>Which command a message holds. The numbers are the field numbers of the oneof in commands.proto.</summary>
internal enum CommandKind : byte
{
    None = 0,
    Put = 3,
    Delete = 4,
    CompareAndSwap = 5,
    Increment = 6,
    Transaction = 10,
}
