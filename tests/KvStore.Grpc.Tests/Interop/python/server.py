"""Stock Python gRPC (the C core) as the server of our client: the Test service on an ephemeral loopback port, which it prints."""
import collections
import threading
from concurrent import futures

import grpc
from kvstore.test.v1 import test_pb2 as pb

CODES = {code.value[0]: code for code in grpc.StatusCode}
cut_short = collections.defaultdict(threading.Event)


def answer(request, context):
    if request.send_headers:
        context.send_initial_metadata((("x-early", "yes"), ("x-early-bin", b"\x01\x02\xff")))
    if request.send_trailers:
        context.set_trailing_metadata((("x-trailer", "tail"), ("x-trailer-bin", b"\x00\xc8\x07")))
    if request.wait_until_cut_short:
        ended = threading.Event()
        if context.add_callback(ended.set):
            ended.wait()
        cut_short[request.name].set()
        return pb.TestResponse()
    if request.fail:
        raise NotImplementedError("the handler's own exception")
    if request.status:
        context.abort(CODES[request.status], request.status_message)
    metadata = dict(context.invocation_metadata())
    remaining = context.time_remaining()
    return pb.TestResponse(
        payload=bytes(request.response_size),
        received_bytes=len(request.payload),
        echo=metadata.get("x-echo", "") + "|" + metadata.get("x-echo-bin", b"").hex().upper(),
        deadline_milliseconds=int(remaining * 1000) if remaining is not None and remaining < 1e9 else -1,
    )


def server_stream(request, context):
    for _ in range(request.responses):
        yield pb.TestResponse(payload=bytes(request.response_size))
    answer(request, context)


def client_stream(requests, context):
    received = 0
    for request in requests:
        received += len(request.payload)
        answer(request, context)
    return pb.TestResponse(received_bytes=received)


def bidi(requests, context):
    for request in requests:
        yield answer(request, context)


def await_cut_short(request, context):
    cut_short[request.name].wait(timeout=50)
    return pb.TestResponse()


def handler(shape, function):
    return getattr(grpc, shape + "_rpc_method_handler")(function, request_deserializer=pb.TestRequest.FromString, response_serializer=pb.TestResponse.SerializeToString)


server = grpc.server(futures.ThreadPoolExecutor(300))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("kvstore.test.v1.Test", {
    "Unary": handler("unary_unary", answer),
    "ServerStream": handler("unary_stream", server_stream),
    "ClientStream": handler("stream_unary", client_stream),
    "Bidi": handler("stream_stream", bidi),
    "AwaitCutShort": handler("unary_unary", await_cut_short),
}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"listening on {port}", flush=True)
server.wait_for_termination()
