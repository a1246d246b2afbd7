"""Stock Python gRPC (the C core) as the client of our server.   client.py HOST:PORT, with the generated messages on PYTHONPATH"""
import sys
import threading
import uuid

import grpc
from kvstore.test.v1 import test_pb2 as pb

SERVICE = "/kvstore.test.v1.Test/"
CODE = grpc.StatusCode
ANY_TEXT = "naïve 100% \n \"quoted\" 日本 😀"
LIMIT = 4 << 20

channel = grpc.insecure_channel(sys.argv[1])
checks = []


def check(function):
    checks.append(function)
    return function


def method(shape, name, service=SERVICE, on=channel):
    return getattr(on, shape)(service + name, request_serializer=pb.TestRequest.SerializeToString, response_deserializer=pb.TestResponse.FromString)


def request(**fields):
    return pb.TestRequest(**fields)


def expect(code, call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, (error.code(), error.details())
        return error
    raise AssertionError(f"expected {code}, got success")


unary = method("unary_unary", "Unary")
server_stream = method("unary_stream", "ServerStream")
client_stream = method("stream_unary", "ClientStream")
bidi = method("stream_stream", "Bidi")
await_cut_short = method("unary_unary", "AwaitCutShort")


@check
def unary_call():
    response = unary(request(payload=b"x" * 10, response_size=7))
    assert (response.received_bytes, len(response.payload)) == (10, 7)


@check
def large_messages_both_ways():
    size = LIMIT - 64
    response = unary(request(payload=b"x" * size, response_size=size))
    assert (response.received_bytes, len(response.payload)) == (size, size)


@check
def request_over_the_limit():
    expect(CODE.RESOURCE_EXHAUSTED, lambda: unary(request(payload=b"x" * (LIMIT + 1))))
    unary(request())


@check
def metadata_in_headers_and_trailers():
    response, call = unary.with_call(request(send_headers=True, send_trailers=True), metadata=(("x-echo", "hi"), ("x-echo-bin", b"\x01\x00\xff")))
    assert response.echo == "hi|0100FF", response.echo
    headers, trailers = dict(call.initial_metadata()), dict(call.trailing_metadata())
    assert headers["x-early"] == "yes" and headers["x-early-bin"] == b"\x01\x02\xff", headers
    assert trailers["x-trailer"] == "tail" and trailers["x-trailer-bin"] == b"\x00\xc8\x07", trailers


@check
def every_status():
    for code in CODE:
        if code != CODE.OK:
            error = expect(code, lambda: unary(request(status=code.value[0], status_message=ANY_TEXT, send_trailers=True)))
            assert error.details() == ANY_TEXT, error.details()
            assert dict(error.trailing_metadata())["x-trailer"] == "tail"


@check
def failing_handler():
    expect(CODE.UNKNOWN, lambda: unary(request(fail=True)))


@check
def unimplemented_method_and_unknown_method_and_service():
    expect(CODE.UNIMPLEMENTED, lambda: method("unary_unary", "NotImplementedHere")(request()))
    expect(CODE.UNIMPLEMENTED, lambda: method("unary_unary", "Nope")(request()))
    expect(CODE.UNIMPLEMENTED, lambda: method("unary_unary", "Nope", "/no.such.Service/")(request()))


@check
def deadline_is_known_and_kept():
    # The C core rounds what it says up, by a percent or two.
    assert 3_000_000 < unary(request(), timeout=3600).deadline_milliseconds < 4_000_000
    expect(CODE.DEADLINE_EXCEEDED, lambda: unary(request(wait_until_cut_short=True), timeout=0.1))


@check
def gzip_request():
    assert unary(request(payload=b"x" * 100_000), compression=grpc.Compression.Gzip).received_bytes == 100_000


@check
def gzip_request_stream():
    requests = (request(payload=b"x" * 10_000) for _ in range(20))
    assert client_stream(requests, compression=grpc.Compression.Gzip).received_bytes == 200_000


@check
def deflate_request_is_unimplemented():
    expect(CODE.UNIMPLEMENTED, lambda: unary(request(payload=b"x" * 100_000), compression=grpc.Compression.Deflate))


@check
def server_stream_of_many_and_of_none():
    assert sum(len(response.payload) for response in server_stream(request(responses=1000, response_size=100))) == 100_000
    assert list(server_stream(request())) == []


@check
def server_stream_that_ends_in_an_error():
    received = []

    def read():
        for response in server_stream(request(responses=3, status=9)):
            received.append(response)

    expect(CODE.FAILED_PRECONDITION, read)
    assert len(received) == 3


@check
def server_stream_larger_than_all_windows():
    assert sum(len(response.payload) for response in server_stream(request(responses=16, response_size=1 << 20))) == 16 << 20


@check
def client_stream_larger_than_all_windows():
    assert client_stream(request(payload=b"x" * (1 << 20)) for _ in range(16)).received_bytes == 16 << 20


@check
def client_stream_of_none():
    assert client_stream(iter([])).received_bytes == 0


@check
def client_stream_that_the_server_ends():
    expect(CODE.ABORTED, lambda: client_stream(request(status=10) if i == 3 else request() for i in range(1000)))


@check
def bidi_ping_pong():
    answered = threading.Semaphore(1)

    def requests():
        for i in range(300):
            answered.acquire()
            yield request(response_size=i)

    sizes = []
    for response in bidi(requests()):
        sizes.append(len(response.payload))
        answered.release()
    assert sizes == list(range(300))


@check
def cancellation_reaches_the_server():
    name = str(uuid.uuid4())
    call = server_stream(request(name=name, responses=1, wait_until_cut_short=True))
    next(call)
    call.cancel()
    await_cut_short(request(name=name), timeout=50)


@check
def a_thousand_calls_at_once():
    for call in [unary.future(request(payload=b"x" * 100)) for _ in range(1000)]:
        assert call.result().received_bytes == 100


@check
def pings_without_calls_are_borne():
    # Kestrel answers pings whatever their number; a connection that is pinged once a second stays usable.
    with grpc.insecure_channel(sys.argv[1], options=[("grpc.keepalive_time_ms", 1000), ("grpc.keepalive_permit_without_calls", 1), ("grpc.http2.max_pings_without_data", 0)]) as pinging:
        expect(CODE.DEADLINE_EXCEEDED, lambda: method("unary_unary", "Unary", on=pinging)(request(wait_until_cut_short=True), timeout=2.5))
        method("unary_unary", "Unary", on=pinging)(request())


failed = 0
for function in checks:
    try:
        function()
        print("ok", function.__name__, flush=True)
    except Exception as error:
        failed += 1
        print("FAILED", function.__name__, type(error).__name__, error, flush=True)
print(len(checks) - failed, "checks passed,", failed, "failed")
sys.exit(1 if failed else 0)
