using Grpc.Core;
using Grpc.Health.V1;

namespace KvStore.Server.Grpc;

/// <summary>
/// The standard health service, <c>grpc.health.v1</c>, as load balancers and Kubernetes probes ask it. The empty service name stands for the whole node;
/// it is what the host answers when asked, or NOT_SERVING until <see cref="SetStatus"/> says otherwise.
/// </summary>
/// <param name="notReadyReason">Why the node does not serve, null when it does; asked by each check, and by watches of the whole server once a second.</param>
/// <param name="time">Where watches take that second from.</param>
internal sealed class HealthService(Func<string?>? notReadyReason = null, TimeProvider? time = null) : Health.HealthBase
{
    /// <summary>The service name that stands for the whole server.</summary>
    public const string WholeServer = "";

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, HealthCheckResponse.Types.ServingStatus> _statuses = new() { [WholeServer] = HealthCheckResponse.Types.ServingStatus.NotServing };

    /// <summary>Completed and replaced at each change, so that watches look again.</summary>
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Sets what checks and watches of a service see from now on.</summary>
    public void SetStatus(string service, HealthCheckResponse.Types.ServingStatus status)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (_statuses.TryGetValue(service, out var before) && before == status)
                return;
            _statuses[service] = status;
            changed = _changed;
            _changed = NewSignal();
        }

        changed.SetResult();
    }

    /// <summary>The status now; NOT_FOUND for a service that was never set.</summary>
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        Look(request.Service).Status is { } status
            ? Task.FromResult(new HealthCheckResponse { Status = status })
            : throw new RpcException(new Status(StatusCode.NotFound, $"Unknown service '{request.Service}'."));

    /// <summary>The status now and whenever it changes; SERVICE_UNKNOWN while the service is not set.</summary>
    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        HealthCheckResponse.Types.ServingStatus? sent = null;
        while (true)
        {
            var (current, changed) = Look(request.Service);
            var status = current ?? HealthCheckResponse.Types.ServingStatus.ServiceUnknown;
            if (status != sent)
                await responseStream.WriteAsync(new HealthCheckResponse { Status = status }, context.CancellationToken).ConfigureAwait(false);
            sent = status;
            if (!IsAsked(request.Service))
                await changed.WaitAsync(context.CancellationToken).ConfigureAwait(false);
            else
                await Task.Delay(PollInterval, time ?? TimeProvider.System, context.CancellationToken).ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool IsAsked(string service) => notReadyReason is not null && service == WholeServer;

    private (HealthCheckResponse.Types.ServingStatus? Status, Task Changed) Look(string service)
    {
        if (IsAsked(service))
            return (notReadyReason!() is null ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing, Task.CompletedTask);
        lock (_lock)
            return (_statuses.TryGetValue(service, out var status) ? status : null, _changed.Task);
    }
}
