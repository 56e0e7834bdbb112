"""The messages of the gRPC streams as the envelopes that the other transports carry.

Shares no code with the server: the types come from it by reflection, and the keys of an envelope
from the published schemas. As a program, prints the payloads of the first messages of each stream:

    grpc_envelopes.py ADDRESS CORE_METRICS EDGE_METRICS STATUS
"""

import json
import pathlib
import sys
import threading

import grpc
import numpy
from google.protobuf.descriptor import FieldDescriptor

from descriptions import SCHEMAS

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "samples"))
from grpc_client import SERVICE, Client  # noqa: E402

STREAMS = {"core_metrics": "StreamCoreMetrics", "edge_metrics": "StreamEdgeMetrics",
           "status": "StreamStatus"}


def scalar(field, value):
    if field.type == FieldDescriptor.TYPE_FLOAT:
        # The shortest decimal number of the same single precision is that of the JSON.
        return float(str(numpy.float32(value)))
    return value


def convert(schema, described, field, value):
    """A value of a message, or an item of a repeated field, as in JSON."""
    if field.type != FieldDescriptor.TYPE_MESSAGE:
        return scalar(field, value)
    described = schema.resolved(described)
    if described.get("type") == "array":  # a list of JSON is a message with one field
        inner = value.DESCRIPTOR.fields[0]
        return [convert(schema, described["items"], inner, each)
                for each in getattr(value, inner.name)]
    return convert_object(schema, described, value)


def convert_object(schema, described, message):
    result = {}
    for name, property_schema in described["properties"].items():
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None:
            continue
        value = getattr(message, name)
        if field.label == FieldDescriptor.LABEL_REPEATED:
            items = schema.resolved(property_schema).get("items", {})
            if value:
                result[name] = [convert(schema, items, field, each) for each in value]
        elif field.type == FieldDescriptor.TYPE_MESSAGE or field.containing_oneof:
            if message.HasField(name):
                result[name] = convert(schema, property_schema, field, value)
        elif value or name in described.get("required", []):
            result[name] = scalar(field, value)
    return result


def payload_of(kind, message):
    schema = SCHEMAS[kind]
    payload = convert_object(schema, schema.resolved(schema.root["properties"]["payload"]), message)
    if kind != "status":
        return payload
    field = message.DESCRIPTOR.fields_by_name["value"]
    name = field.enum_type.values_by_number[message.value].name
    return {"code": message.value, "name": name, **payload}


def envelope_of(kind, message):
    """The envelope. Core metrics have no timestamp here: that of their newest frame stands for it."""
    payload = payload_of(kind, message)
    timestamp = payload["metadata"]["frame_timestamp"] if kind == "core_metrics" \
        else message.timestamp
    return {"type": kind, "timestamp": timestamp, "payload": payload}


def main():
    address, *counts = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        client = Client(channel, SERVICE)
        received = {kind: [] for kind in STREAMS}

        def follow(kind, count):
            stream = client.call(STREAMS[kind])
            while len(received[kind]) < count:
                received[kind].append(envelope_of(kind, next(stream)))
            stream.cancel()

        threads = [threading.Thread(target=follow, args=(kind, int(count)))
                   for kind, count in zip(STREAMS, counts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for envelopes in received.values():
        for envelope in envelopes:
            print(json.dumps(envelope))


if __name__ == "__main__":
    main()
