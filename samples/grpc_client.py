#!/usr/bin/env python3
"""Follows a physiology_server over gRPC, and starts and stops recordings.

    python3 grpc_client.py --address=localhost:50051
    python3 grpc_client.py --start --session_id=visit-7
    python3 grpc_client.py --stop

The message types come from the server, by reflection, so that no generated code is needed. It
requires the Debian packages python3-grpcio and python3-protobuf.
"""

import argparse
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

SERVICE = "presage.physiology.PhysiologyServer"


def read_varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def nested(data, number):
    """Returns the bytes of the first length-delimited field with this number."""
    position = 0
    while position < len(data):
        tag, position = read_varint(data, position)
        length, position = read_varint(data, position)  # all fields are length-delimited
        if tag >> 3 == number:
            return data[position:position + length]
        position += length
    raise LookupError(f"The server returned no descriptor of {SERVICE}")


class Client:
    """Calls the methods of a service with server reflection."""

    def __init__(self, channel, service):
        self.channel = channel
        self.service = service
        pool = descriptor_pool.DescriptorPool()
        for file in reversed(self._describe()):  # imported files follow the files that import them
            pool.Add(file)
        self.methods = pool.FindServiceByName(service).methods_by_name
        self.factory = message_factory.MessageFactory(pool)

    def _describe(self):
        reflect = self.channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
        name = self.service.encode()
        request = b"\x22" + bytes([len(name)]) + name  # file_containing_symbol = 4
        answer = nested(next(iter(reflect(iter([request])))), 4)  # file_descriptor_response = 4
        # FileDescriptorResponse and FileDescriptorSet have the same encoding.
        return descriptor_pb2.FileDescriptorSet.FromString(answer).file

    def call(self, name, timeout=None, **fields):
        """Calls a method; for a streaming method, returns an iterator of messages."""
        method = self.methods[name]
        request = self.factory.GetPrototype(method.input_type)(**fields)
        response = self.factory.GetPrototype(method.output_type)
        # The descriptors of protobuf in Debian do not show which methods stream.
        kind = self.channel.unary_stream if name.startswith("Stream") else self.channel.unary_unary
        function = kind(
            f"/{self.service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        return function(request, timeout=timeout)


def describe(metrics):
    parts = []
    for name, unit in (("pulse", "beats/min"), ("breathing", "breaths/min")):
        measured = getattr(metrics, name)
        if measured.HasField("strict"):
            strict = measured.strict
            parts.append(f"{name} {strict.value:.1f} {unit} ({strict.confidence:.0%})")
        else:
            parts.append(f"{name} withheld: {getattr(metrics.withheld, name) or 'unknown'}")
    return ", ".join(parts)


def open_channel(options):
    if not options.ca_path:
        return grpc.insecure_channel(options.address)
    with open(options.ca_path, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    if options.token:
        token = grpc.access_token_call_credentials(options.token)
        credentials = grpc.composite_channel_credentials(credentials, token)
    return grpc.secure_channel(options.address, credentials)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="localhost:50051")
    parser.add_argument("--ca_path", help="connect with TLS and trust this CA certificate")
    parser.add_argument("--token", help="bearer token; requires --ca_path")
    parser.add_argument("--start", action="store_true", help="start a recording and exit")
    parser.add_argument("--stop", action="store_true", help="stop the recording and exit")
    parser.add_argument("--session_id", default="")
    parser.add_argument("--messages", type=int, help="exit after this number of messages")
    options = parser.parse_args()

    with open_channel(options) as channel:
        try:
            client = Client(channel, SERVICE)
            if options.start or options.stop:
                state = client.call("SetRecording", timeout=5, recording=options.start,
                                    session_id=options.session_id)
                print(f"recording: {state.recording} {state.session_id}".strip())
                return
            status = client.call("GetStatus", timeout=5)
            print(json_format.MessageToJson(status, indent=None), flush=True)
            for count, metrics in enumerate(client.call("StreamCoreMetrics"), 1):
                print(describe(metrics), flush=True)
                if count == options.messages:
                    return
        except grpc.RpcError as error:
            sys.exit(f"gRPC: {error.code().name}: {error.details()}")
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
