namespace KvStore.Storage.FileSystem;

/// <summary>One call that reaches a <see cref="MemoryFileSystem"/>. <see cref="Number"/> counts the calls that change or sync something, from 1; a read carries the number of the last such call.</summary>
public readonly record struct FileOperation(FileOperationKind Kind, string Path, long Offset, int Length, long Number);

public enum FileOperationKind { Read, Create, Write, Sync, Allocate, Truncate, Delete, DeleteDirectory, Rename, SyncDirectory }
