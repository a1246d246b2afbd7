using KvStore.Client.Internal.Watching;

namespace KvStore.Client.Tests;

public sealed class WatchBufferTests
{
    [Fact]
    public async Task It_is_full_at_its_limit_and_lets_in_again_at_half_of_it()
    {
        var buffer = new WatchBuffer(100);
        Assert.True(buffer.Add(Item(60)));
        Assert.False(buffer.Add(Item(60)));
        var room = buffer.RoomAsync(CancellationToken.None);
        await buffer.TakeAsync(CancellationToken.None);
        Assert.False(room.IsCompleted);
        await buffer.TakeAsync(CancellationToken.None);
        await room;
    }

    [Fact]
    public async Task A_failure_comes_behind_what_was_added_before_it()
    {
        var buffer = new WatchBuffer(100);
        var item = Item(1);
        buffer.Add(item);
        buffer.Fail(new KvTimeoutException("first"));
        buffer.Fail(new KvTimeoutException("second"));
        Assert.Same(item, await buffer.TakeAsync(CancellationToken.None));
        Assert.Equal("first", (await Assert.ThrowsAsync<KvTimeoutException>(() => buffer.TakeAsync(CancellationToken.None).AsTask())).Message);
    }

    [Fact]
    public async Task A_consumer_that_waits_hears_of_the_next_item()
    {
        var buffer = new WatchBuffer(100);
        var taken = buffer.TakeAsync(CancellationToken.None).AsTask();
        var item = Item(1);
        buffer.Add(item);
        Assert.Same(item, await taken);
    }

    private static WatchItem Item(int bytes) => new(new WatchPosition(KvRange.All, 1, 1), [], bytes);
}
