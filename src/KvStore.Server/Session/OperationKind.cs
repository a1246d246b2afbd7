namespace KvStore.Server.Session;

/// <summary>The field numbers of the operation in kvstore.v1 Operation.</summary>
internal enum OperationKind : byte { None = 0, Get = 2, Put = 3, Delete = 4, CompareAndSwap = 5, Increment = 6, Scan = 7, OpenSession = 8, Transaction = 10 }
