using KvStore.Storage.Engine;

namespace KvStore.Storage.Tests.Engine;

public sealed class StorePagesTests
{
    /// <summary>The first page is being written when the store closes, the second waits behind it, the third comes afterwards.</summary>
    [Fact]
    public void A_store_that_closes_waits_for_the_page_being_written_and_writes_no_other()
    {
        var node = new PageWrites();
        StorePages closing = new(node), other = new(node);
        ManualResetEventSlim begun = new(), mayEnd = new();
        List<string> done = [];
        void Note(string what)
        {
            lock (done) done.Add(what);
        }

        closing.Add(() =>
        {
            begun.Set();
            mayEnd.Wait();
            Note("1 written");
        }, () => Note("1 refused"));
        closing.Add(() => Note("2 written"), () => Note("2 refused"));
        other.Add(() => Note("the other's written"), () => Note("the other's refused"));
        begun.Wait();
        var stopping = new Thread(closing.Stop);
        stopping.Start();
        // It ends up waiting, for the page cannot end before it may.
        while (stopping.IsAlive && !stopping.ThreadState.HasFlag(ThreadState.WaitSleepJoin)) Thread.Yield();
        Assert.True(stopping.IsAlive, "the store closed while its page was being written");
        mayEnd.Set();
        stopping.Join();
        lock (done) Assert.Equal(["1 written", "2 refused"], done.Take(2));
        closing.Add(() => Note("3 written"), () => Note("3 refused"));
        closing.Stop();
        other.Stop();
        lock (done) Assert.Equal(["1 written", "2 refused", "the other's written", "3 refused"], done);
    }
}
