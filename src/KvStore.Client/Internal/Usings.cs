// kvstore.v1 has an Operation too; inside the SDK the name means the caller's.
global using Operation = KvStore.Client.Internal.Operations.Operation;
