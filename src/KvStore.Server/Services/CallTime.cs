using Grpc.Core;
using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Server.Services;

/// <summary>How long a call may take: until its deadline, or 10 s when it has none.</summary>
internal static class CallTime
{
    private static readonly TimeSpan Default = TimeSpan.FromSeconds(10);

    /// <summary>Of a batch of a session, which says it itself.</summary>
    /// <param name="milliseconds">0: the default.</param>
    public static TimeSpan Of(ulong milliseconds) => milliseconds == 0 ? Default : TimeSpan.FromMilliseconds(Math.Min(milliseconds, uint.MaxValue));

    public static TimeSpan Left(ServerCallContext context)
    {
        if (context.Deadline == DateTime.MaxValue) return Default;
        var left = context.Deadline - DateTime.UtcNow;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    public static MonotonicTime Deadline(ServerCallContext context, ITimeSource time) => time.Now + Left(context);
}
