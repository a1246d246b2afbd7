namespace KvStore.Jepsen.Disks;

/// <summary>A directory; no faults.</summary>
internal sealed class PlainDisk(string home) : INodeDisk
{
    public string DataDirectory => Path.Combine(home, "data");

    public Task CreateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task CutPowerAsync() => throw new NotSupportedException();

    public Task RestoreAfterCutAsync() => throw new NotSupportedException();

    public Task FillAsync() => throw new NotSupportedException();

    public Task DrainAsync() => throw new NotSupportedException();

    public Task StallAsync() => throw new NotSupportedException();

    public Task ResumeAsync() => throw new NotSupportedException();

    public Task DieAsync() => throw new NotSupportedException();

    public Task ReviveAsync() => throw new NotSupportedException();

    public Task ReleaseAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
