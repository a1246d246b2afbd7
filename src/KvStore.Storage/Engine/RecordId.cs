using System.Runtime.InteropServices;

namespace KvStore.Storage.Engine;

/// <summary>The unique name of one record, written once and never again (DESIGN §5). <see cref="Sub"/> counts the records of one revision from 0.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct RecordId(Stay Stay, Revision Revision, uint Sub);
