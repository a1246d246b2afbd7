namespace KvStore.Node;

/// <summary>The node cannot start: one line that names file or setting, what is wrong and the remedy.</summary>
public sealed class NodeStartException(string message, Exception? inner = null) : Exception(message, inner);
