"""Redirects connections to port 6379 to the Redis of a test, so that a client runs unchanged."""
import os
import socket

_connect = socket.socket.connect


def _redirected(self, address):
    if isinstance(address, tuple) and address[1] == 6379:
        address = ("127.0.0.1", int(os.environ["TEST_REDIS_PORT"]))
        if self.family == socket.AF_INET6:
            raise ConnectionRefusedError("the Redis of the test has no IPv6 address")
    return _connect(self, address)


socket.socket.connect = _redirected

_getaddrinfo = socket.getaddrinfo


def _resolved(host, port, *args, **kwargs):
    if port == 6379:
        host, port = "127.0.0.1", int(os.environ["TEST_REDIS_PORT"])
    return _getaddrinfo(host, port, *args, **kwargs)


socket.getaddrinfo = _resolved
