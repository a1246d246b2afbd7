using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Starts calls on a channel.</summary>
internal sealed class HttpCallInvoker(GrpcChannel channel) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        AsyncUnaryCall(method, host, options, request).ResponseAsync.GetAwaiter().GetResult();

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = StartWithMessage(method, options, request);
        return new(call.ReadSingleAsync(), ClientCall.ResponseHeaders, ClientCall.StatusOf, ClientCall.TrailersOf, ClientCall.DisposeCall, call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = StartWithMessage(method, options, request);
        return new(call, ClientCall.ResponseHeaders, ClientCall.StatusOf, ClientCall.TrailersOf, ClientCall.DisposeCall, call);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var (call, requests) = StartWithStream(method, options);
        return new(requests, call.ReadSingleAsync(), ClientCall.ResponseHeaders, ClientCall.StatusOf, ClientCall.TrailersOf, ClientCall.DisposeCall, call);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var (call, requests) = StartWithStream(method, options);
        return new(requests, call, ClientCall.ResponseHeaders, ClientCall.StatusOf, ClientCall.TrailersOf, ClientCall.DisposeCall, call);
    }

    private HttpClientCall<TResponse> StartWithMessage<TRequest, TResponse>(Method<TRequest, TResponse> method, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class
    {
        var call = new HttpClientCall<TResponse>(channel, method.ResponseMarshaller, options);
        call.Start(method, new MessageContent<TRequest>(method.RequestMarshaller, request, channel.Options.MaxSendMessageSize));
        return call;
    }

    private (HttpClientCall<TResponse> Call, RequestStreamContent<TRequest> Requests) StartWithStream<TRequest, TResponse>(Method<TRequest, TResponse> method, CallOptions options)
        where TRequest : class
        where TResponse : class
    {
        var call = new HttpClientCall<TResponse>(channel, method.ResponseMarshaller, options);
        var requests = new RequestStreamContent<TRequest>(call, method.RequestMarshaller, channel.Options.MaxSendMessageSize) { WriteOptions = options.WriteOptions };
        call.Start(method, requests);
        return (call, requests);
    }
}
