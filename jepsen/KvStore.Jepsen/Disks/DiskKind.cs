namespace KvStore.Jepsen.Disks;

/// <summary>What a node's data lies on. A later kind can do all that an earlier one can.</summary>
internal enum DiskKind
{
    /// <summary>A directory of the machine's own file system.</summary>
    Directory,
    /// <summary>A file system of its own in an image file: the power can be cut.</summary>
    Image,
    /// <summary>The same, the image in memory that can be made too small: the disk can die.</summary>
    ImageInMemory,
}
