using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using KvStore.Grpc.Tests.V1;

namespace KvStore.Grpc.Tests.Service;

/// <summary>Does what each request asks for.</summary>
internal sealed class TestService(TimeProvider time) : V1.Test.TestBase
{
    private readonly ConcurrentDictionary<string, Gate> _gates = new();

    public Gate Gate(string name) => _gates.GetOrAdd(name, _ => new Gate());

    public override Task<TestResponse> Unary(TestRequest request, ServerCallContext context) => ThroughGate(request, context, () => AnswerAsync(request, context));

    public override Task ServerStream(TestRequest request, IServerStreamWriter<TestResponse> responseStream, ServerCallContext context) => ThroughGate(request, context, async () =>
    {
        for (var i = 0; i < request.Responses; i++)
            await responseStream.WriteAsync(new TestResponse { Payload = Bytes(request.ResponseSize) });
        await AnswerAsync(request, context);
        return true;
    });

    public override async Task<TestResponse> ClientStream(IAsyncStreamReader<TestRequest> requestStream, ServerCallContext context)
    {
        var received = 0;
        await foreach (var request in requestStream.ReadAllAsync())
        {
            received += request.Payload.Length;
            await ThroughGate(request, context, () => AnswerAsync(request, context));
        }

        return new TestResponse { ReceivedBytes = received };
    }

    public override async Task Bidi(IAsyncStreamReader<TestRequest> requestStream, IServerStreamWriter<TestResponse> responseStream, ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync())
        {
            await ThroughGate(request, context, async () =>
            {
                await responseStream.WriteAsync(await AnswerAsync(request, context));
                return true;
            });
        }
    }

    public override async Task<TestResponse> AwaitCutShort(TestRequest request, ServerCallContext context)
    {
        await Gate(request.Name).CutShort.WaitAsync(context.CancellationToken);
        return new TestResponse();
    }

    private async Task<TResult> ThroughGate<TResult>(TestRequest request, ServerCallContext context, Func<Task<TResult>> handle)
    {
        if (request.Name.Length == 0)
            return await handle();
        var gate = Gate(request.Name);
        gate.Enter(context);
        Exception? failure = null;
        try
        {
            if (request.WaitForGate)
                await gate.Opened;
            return await handle();
        }
        catch (Exception e)
        {
            failure = e;
            throw;
        }
        finally
        {
            gate.Leave(failure);
        }
    }

    private async Task<TestResponse> AnswerAsync(TestRequest request, ServerCallContext context)
    {
        if (request.SendHeaders)
            await context.WriteResponseHeadersAsync(new Metadata { { "x-early", "yes" }, { "x-early-bin", new byte[] { 1, 2, 255 } } });
        if (request.SendTrailers)
        {
            context.ResponseTrailers.Add("x-trailer", "tail");
            context.ResponseTrailers.Add("x-trailer-bin", new byte[] { 0, 200, 7 });
        }

        if (request.WaitUntilCutShort)
            await WaitUntilCutShortAsync(request, context.CancellationToken);
        if (request.Fail)
            throw new NotSupportedException("the handler's own exception");
        if (request.Status != 0)
            throw new RpcException(new Status((StatusCode)request.Status, request.StatusMessage));
        return new TestResponse
        {
            Payload = Bytes(request.ResponseSize),
            ReceivedBytes = request.Payload.Length,
            Echo = Echo(context.RequestHeaders),
            DeadlineMilliseconds = context.Deadline == DateTime.MaxValue ? -1 : (long)(context.Deadline - time.GetUtcNow().UtcDateTime).TotalMilliseconds,
        };
    }

    private async Task WaitUntilCutShortAsync(TestRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            Gate(request.Name).MarkCutShort();
        }
    }

    private static string Echo(Metadata headers) => $"{headers.GetValue("x-echo")}|{Convert.ToHexString(headers.GetValueBytes("x-echo-bin") ?? [])}";

    private static ByteString Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }
}
