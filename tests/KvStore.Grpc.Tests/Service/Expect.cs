using Grpc.Core;

namespace KvStore.Grpc.Tests.Service;

/// <summary>What several tests expect in the same way.</summary>
internal static class Expect
{
    /// <summary>A test that hangs fails after this time; none waits for it to pass.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<RpcException> StatusAsync(StatusCode code, Func<Task> call)
    {
        var exception = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(exception.StatusCode == code, $"expected {code}, got {exception.Status}");
        return exception;
    }

    public static Task Soon(this Task task) => task.WaitAsync(Patience);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Patience);
}
