namespace KvStore.Bench;

internal sealed class UsageException(string message) : Exception(message);
