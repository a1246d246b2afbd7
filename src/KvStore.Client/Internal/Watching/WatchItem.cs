namespace KvStore.Client.Internal.Watching;

/// <summary>What one part of a watch gave, on its way to the consumer. Without events it is a bookmark.</summary>
internal sealed record WatchItem(WatchPosition Position, IReadOnlyList<KvWatchEvent> Events, int Bytes);
