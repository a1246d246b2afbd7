namespace KvStore.Jepsen.Disks;

/// <summary>What one node's data lies on, and what can be done to it. Faults that a kind does not know throw <see cref="NotSupportedException"/>.</summary>
internal interface INodeDisk : IAsyncDisposable
{
    string DataDirectory { get; }

    Task CreateAsync(CancellationToken cancellationToken);

    /// <summary>Keeps aside what would be on the disk if the power failed now. The node is stopped (SIGSTOP).</summary>
    Task CutPowerAsync();

    /// <summary>What was kept aside takes the disk's place. The node's process is gone.</summary>
    Task RestoreAfterCutAsync();

    /// <summary>Takes nearly all free space.</summary>
    Task FillAsync();

    /// <summary>Gives the space back.</summary>
    Task DrainAsync();

    /// <summary>Every write and sync waits.</summary>
    Task StallAsync();

    /// <summary>Ends <see cref="StallAsync"/>.</summary>
    Task ResumeAsync();

    /// <summary>From now on writing new blocks to the disk fails, some time after the write was accepted.</summary>
    Task DieAsync();

    /// <summary>The same disk with what had reached it, and good again. The node's process is gone.</summary>
    Task ReviveAsync();

    /// <summary>Ends what keeps a process that uses the disk from dying.</summary>
    Task ReleaseAsync();
}
