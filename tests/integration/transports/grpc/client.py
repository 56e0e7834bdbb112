"""A gRPC client for the tests, with Debian's python3-grpcio: client.py ADDRESS MODE [COUNT]."""

import os
import sys
import threading

import grpc

SERVICE = "/presage.physiology.PhysiologyServer/"
START, STOP = b"\x08\x01\x12\x01s", b""


def unary(channel, name, request=b"", timeout=20):
    return channel.unary_unary(SERVICE + name)(request, timeout=timeout)


def calls(address, count):
    """Makes many calls on one connection and checks each response."""
    with grpc.insecure_channel(address) as channel:
        for number in range(count):
            request = STOP if number % 2 else START
            response = unary(channel, "SetRecording", request)
            assert response == request, (number, response)


def at_once(address, count):
    """Makes more concurrent calls than one connection allows."""
    with grpc.insecure_channel(address) as channel:
        method = channel.unary_unary(SERVICE + "GetStatus")
        futures = [method.future(b"", timeout=60) for _ in range(count)]
        for future in futures:
            future.result()


def connections(address, count):
    for number in range(count):
        options = [("grpc.use_local_subchannel_pool", 1), ("test", number)]
        with grpc.insecure_channel(address, options) as channel:
            unary(channel, "GetStatus")


def streams(address, count):
    """Reads ten messages from each of many concurrent streams."""
    with grpc.insecure_channel(address) as channel:
        failures = []

        def follow():
            try:
                stream = channel.unary_stream(SERVICE + "StreamCoreMetrics")(b"")
                for number, message in enumerate(stream, 1):
                    assert len(message) > 50
                    if number == 10:
                        break
                stream.cancel()
            except Exception as error:
                failures.append(repr(error))

        threads = [threading.Thread(target=follow) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not failures, failures[:3]


def vanish(address, count):
    """Exits without closing its streams."""
    channel = grpc.insecure_channel(address)
    streams = [channel.unary_stream(SERVICE + "StreamCoreMetrics")(b"") for _ in range(count)]
    for stream in streams:
        next(stream)
    print("gone", flush=True)
    os._exit(0)


def stop_reading(address, count):
    """Opens streams and does not read them."""
    channel = grpc.insecure_channel(address)
    streams = [channel.unary_stream(SERVICE + "StreamEdgeMetrics")(b"") for _ in range(count)]
    for stream in streams:
        next(stream)
    print("still", flush=True)
    sys.stdin.read()
    threading.Event().wait()


def deadline(address, _count):
    with grpc.insecure_channel(address) as channel:
        try:
            for _ in channel.unary_stream(SERVICE + "StreamStatus")(b"", timeout=0.3):
                pass
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
        else:
            raise AssertionError("the deadline passed")


def codes(address, _count):
    with grpc.insecure_channel(address) as channel:
        for path, request, code in (
            (SERVICE + "NoSuchMethod", b"", grpc.StatusCode.UNIMPLEMENTED),
            ("/no.Such/Method", b"", grpc.StatusCode.UNIMPLEMENTED),
            (SERVICE + "SetRecording", b"\x08\x01\x12\x04../x", grpc.StatusCode.INVALID_ARGUMENT),
            (SERVICE + "GetStatus", b"x" * 100_000, grpc.StatusCode.RESOURCE_EXHAUSTED),
            ("/grpc.health.v1.Health/Check", b"\x0a\x01x", grpc.StatusCode.NOT_FOUND),
        ):
            try:
                channel.unary_unary(path)(request, timeout=10)
            except grpc.RpcError as error:
                assert error.code() == code, (path, error)
            else:
                raise AssertionError(path)
        health = channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10)
        assert health == b"\x08\x01", health


if __name__ == "__main__":
    _, address, mode, *rest = sys.argv
    globals()[mode](address, int(rest[0]) if rest else 0)
    print("done", flush=True)
