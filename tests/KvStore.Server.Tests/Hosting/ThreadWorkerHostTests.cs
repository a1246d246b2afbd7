using System.Collections.Concurrent;
using KvStore.Node.Time;
using KvStore.Node.Workers;
using KvStore.Raft;
using KvStore.Server.Hosting;

namespace KvStore.Server.Tests.Hosting;

public sealed class ThreadWorkerHostTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly HeldClock _clock = new();
    private readonly ThreadWorkerHost _host;

    public ThreadWorkerHostTests() => _host = new ThreadWorkerHost(_clock);

    public void Dispose()
    {
        _clock.LetGo();
        _host.Stop();
    }

    [Fact]
    public void Whoever_collects_takes_the_turn_of_the_brief_worker_that_it_wakes()
    {
        var worker = new Recorder { IsBrief = true };
        var wakeup = StartHeld(worker);
        using (BorrowedTurns.Collect())
        {
            wakeup.Wake();
            wakeup.Wake();
            Assert.Equal(0, worker.Turns);
        }
        Assert.Equal((1, Environment.CurrentManagedThreadId), (worker.Turns, worker.Thread));
    }

    [Fact]
    public void A_second_worker_a_slow_one_and_one_woken_outside_run_on_their_own_threads()
    {
        Recorder first = new() { IsBrief = true }, second = new() { IsBrief = true }, slow = new();
        var wakeFirst = StartHeld(first);
        var (wakeSecond, wakeSlow) = (_host.Start(second), _host.Start(slow));
        using (BorrowedTurns.Collect())
        using (BorrowedTurns.Collect())
        {
            wakeSlow.Wake();
            wakeFirst.Wake();
            wakeSecond.Wake();
        }
        Assert.True(second.Ran.WaitOne(Patience) && slow.Ran.WaitOne(Patience));
        Assert.Equal(Environment.CurrentManagedThreadId, first.Thread);
        _clock.LetGo();
        wakeFirst.Wake();
        Assert.True(first.Ran.WaitOne(Patience));
        while (first.Turns < 2) Assert.True(first.Ran.WaitOne(Patience));
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, new[] { first.Thread, second.Thread, slow.Thread });
    }

    [Fact]
    public void The_first_brief_worker_that_a_borrowed_turn_wakes_is_borrowed_and_what_that_one_wakes_is_not()
    {
        Recorder first = new() { IsBrief = true }, second = new() { IsBrief = true }, third = new() { IsBrief = true };
        var wakeThird = _host.Start(third);
        var (wakeFirst, wakeSecond) = (StartHeld(first), StartHeld(second));
        first.Turn = wakeSecond.Wake;
        second.Turn = wakeThird.Wake;
        using (BorrowedTurns.Collect()) wakeFirst.Wake();
        Assert.Equal((1, Environment.CurrentManagedThreadId), (first.Turns, first.Thread));
        Assert.Equal((1, Environment.CurrentManagedThreadId), (second.Turns, second.Thread));
        Assert.True(third.Ran.WaitOne(Patience));
        Assert.NotEqual(Environment.CurrentManagedThreadId, third.Thread);
    }

    [Fact]
    public void A_worker_that_is_brief_no_more_when_its_turn_comes_takes_it_itself()
    {
        var worker = new Recorder { IsBrief = true };
        var wakeup = StartHeld(worker);
        using (BorrowedTurns.Collect())
        {
            wakeup.Wake();
            worker.IsBrief = false;
        }
        _clock.LetGo();
        Assert.True(worker.Ran.WaitOne(Patience));
        Assert.NotEqual(Environment.CurrentManagedThreadId, worker.Thread);
    }

    [Fact]
    public void A_wake_up_during_a_borrowed_turn_is_not_lost()
    {
        IWakeup? self = null;
        var worker = new Recorder { IsBrief = true };
        worker.Turn = () =>
        {
            if (worker.Turns == 1) self!.Wake();
        };
        self = StartHeld(worker);
        using (BorrowedTurns.Collect()) self.Wake();
        Assert.Equal((1, Environment.CurrentManagedThreadId), (worker.Turns, worker.Thread));
        _clock.LetGo();
        while (worker.Turns < 2) Assert.True(worker.Ran.WaitOne(Patience));
        Assert.NotEqual(Environment.CurrentManagedThreadId, worker.Thread);
    }

    [Fact]
    public void A_turn_that_was_due_runs_on_the_own_thread_although_another_one_said_when()
    {
        var worker = new Recorder { IsBrief = true, Again = TimeSpan.FromMilliseconds(1) };
        var wakeup = _host.Start(worker);
        using (BorrowedTurns.Collect()) wakeup.Wake();
        while (worker.Turns < 3) Assert.True(worker.Ran.WaitOne(Patience));
        Assert.NotEqual(Environment.CurrentManagedThreadId, worker.Thread);
    }

    [Fact]
    public void Turns_never_overlap_and_each_wake_up_is_followed_by_one()
    {
        const int Wakers = 4, Rounds = 20_000;
        var (inside, asked, seen) = (0, 0, 0);
        var worker = new Recorder { IsBrief = true };
        worker.Turn = () =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            Volatile.Write(ref seen, Volatile.Read(ref asked));
            Interlocked.Decrement(ref inside);
        };
        var wakeup = _host.Start(worker);
        var threads = Enumerable.Range(0, Wakers).Select(waker => new Thread(() =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                using (BorrowedTurns.Collect())
                {
                    Interlocked.Increment(ref asked);
                    wakeup.Wake();
                }
                if (waker == 0 && i % 2 == 0) wakeup.Wake();
            }
        })).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        while (Volatile.Read(ref seen) < Wakers * Rounds) Assert.True(worker.Ran.WaitOne(Patience));
    }

    [Fact]
    public void No_turn_runs_once_the_host_has_stopped()
    {
        using var entered = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        var worker = new Recorder { IsBrief = true };
        worker.Turn = () =>
        {
            entered.Set();
            leave.Wait();
        };
        var wakeup = StartHeld(worker);
        var borrower = new Thread(() =>
        {
            using (BorrowedTurns.Collect()) wakeup.Wake();
        });
        borrower.Start();
        Assert.True(entered.Wait(Patience));
        _clock.LetGo();
        var stopper = new Thread(_host.Stop);
        stopper.Start();
        Assert.False(stopper.Join(TimeSpan.FromMilliseconds(50)));
        leave.Set();
        Assert.True(stopper.Join(Patience) && borrower.Join(Patience));
        using (BorrowedTurns.Collect()) wakeup.Wake();
        Assert.Equal(1, worker.Turns);
    }

    /// <summary>The worker's own thread stands between two turns until <see cref="HeldClock.LetGo"/>: awake, it would take at once the turn that another thread means to take.</summary>
    private IWakeup StartHeld(Recorder worker)
    {
        _clock.Hold(worker);
        var wakeup = _host.Start(worker);
        _clock.WaitUntilHeld(worker);
        return wakeup;
    }

    /// <summary>The clock of this machine; the threads of some workers do not get an answer for a while. An idle worker's thread asks before it sleeps.</summary>
    private sealed class HeldClock : ITimeSource
    {
        private readonly BootTimeSource _time = new();
        private readonly ConcurrentDictionary<string, ManualResetEventSlim> _held = [];
        private readonly ManualResetEventSlim _letGo = new();

        public MonotonicTime Now
        {
            get
            {
                if (Thread.CurrentThread.Name is { } name && _held.TryGetValue(name, out var held))
                {
                    held.Set();
                    _letGo.Wait();
                }
                return _time.Now;
            }
        }

        public void Hold(IWorker worker) => _held[worker.Name] = new ManualResetEventSlim();

        public void WaitUntilHeld(IWorker worker) => Assert.True(_held[worker.Name].Wait(Patience));

        public void LetGo() => _letGo.Set();
    }

    private sealed class Recorder : IWorker
    {
        private int _turns;
        private int _thread;

        public string Name { get; } = Guid.NewGuid().ToString();
        public bool IsBrief { get; set; }
        public TimeSpan? Again { get; init; }
        public Action? Turn { get; set; }
        public int Turns => Volatile.Read(ref _turns);
        public int Thread => Volatile.Read(ref _thread);
        public AutoResetEvent Ran { get; } = new(false);

        public MonotonicTime? Run()
        {
            Volatile.Write(ref _thread, Environment.CurrentManagedThreadId);
            Interlocked.Increment(ref _turns);
            Turn?.Invoke();
            Ran.Set();
            return Again is { } again ? new BootTimeSource().Now + again : null;
        }
    }
}
