namespace KvStore.Linearizability;

/// <summary>One line is valid JSON but no operation. The reader adds file and line.</summary>
internal sealed class OperationSyntaxException(string message) : Exception(message);
