namespace KvStore.Node.Replicas;

/// <summary>
/// Who runs the WAL writer. With one replica loop the loop itself does: a thread of its own could overlap nothing but the loop's own next turn, and would cost two wake-ups a
/// write on every node (docs/adr/0010-wal-on-the-loop.md).
/// </summary>
internal enum WalPlace { OwnThread, OnLoop }
