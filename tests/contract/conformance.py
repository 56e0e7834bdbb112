"""Checks every message that a running server publishes against the contract.

Shares no code with the server: it reads the published descriptions in docs. The messages come from
channels, keys, files, the streams of gRPC or the web page, and keep the same rules. Receives for
--seconds, starts and stops a recording meanwhile, and prints every deviation; exits with status 1
if there is one.
"""

import argparse
import asyncio
import base64
import fcntl
import json
import pathlib
import queue
import sys
import threading
import time
import urllib.request
from collections import Counter

import grpc
import redis
import websockets

import grpc_envelopes
from contract import Contract
from descriptions import SCHEMAS

TYPES = tuple(SCHEMAS)
DEVICE = "physiology"  # the name of the server on its own page


class Recorder:
    """Starts and stops a session after shares of the time, and keeps what it commanded."""

    def __init__(self, push):
        self.push = push
        self.commanded = []

    def step(self, share):
        if share > 0.3 and not self.commanded:
            self.send({"recording": True, "session_id": "visit-7"}, "visit-7")
        elif share > 0.7 and len(self.commanded) == 1:
            self.send({"recording": False}, None)

    def send(self, command, session):
        self.push(json.dumps(command))
        self.commanded.append({"recording": command["recording"], "session_id": session})


def follow_channels(client, options, contract):
    recorder = Recorder(lambda text: client.lpush(f"{options.prefix}:command_queue", text))
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    pubsub.psubscribe(f"{options.prefix}:*")
    started = None
    while started is None or time.monotonic() - started < options.seconds:
        message = pubsub.get_message(timeout=0.2)
        if message:
            started = started or time.monotonic()
            kind = message["channel"].decode().rpartition(":")[2]
            contract.take(message["data"], kind, time.monotonic())
        if started:
            recorder.step((time.monotonic() - started) / options.seconds)
    return recorder.commanded


def follow_keys(client, options, contract):
    """Reads the histories as they grow, and the newest values with their TTLs."""
    recorder = Recorder(lambda text: client.lpush(f"{options.prefix}:command_queue", text))
    histories = {f"{options.prefix}:{kind}:history": "0-0" for kind in TYPES if kind != "frame"}
    started = time.monotonic()
    last_frame = None
    while time.monotonic() - started < options.seconds:
        found = client.xread(histories, count=200, block=200) or []
        for stream, entries in found:
            kind = stream.decode().split(":")[-2]
            # What was stored before this program began to read has no time of arrival.
            new = histories[stream.decode()] != "0-0"
            for entry, fields in entries:
                contract.expect(list(fields) == [b"envelope"], f"fields {list(fields)}")
                contract.take(fields[b"envelope"], kind, time.monotonic() if new else None)
                ms = int(entry.split(b"-")[0])
                envelope = json.loads(fields[b"envelope"])
                stamp = envelope["timestamp"]
                # A message that is sent again comes after the newest entry.
                replayed = envelope["payload"].get("metadata", {}).get("replayed", False)
                contract.expect(ms == stamp // 1000 or replayed and ms > stamp // 1000,
                                f"entry {ms} for timestamp {stamp}")
                histories[stream.decode()] = entry
        frame = client.get(f"{options.prefix}:frame")
        if frame and frame != last_frame:
            contract.take(frame, "frame", None)
            last_frame = frame
        recorder.step((time.monotonic() - started) / options.seconds)
    for kind in TYPES:
        if kind == "frame" and options.frames == "never" or kind == "edge_metrics" and options.no_edge:
            continue
        newest = client.get(f"{options.prefix}:{kind}")
        ttl = client.ttl(f"{options.prefix}:{kind}")
        limit = 10 if kind == "frame" else 3600
        contract.expect(newest is not None, f"no key for {kind}")
        contract.expect(limit - options.seconds - 60 < ttl <= limit and ttl > 0,
                        f"the TTL of {kind} is {ttl} s")
    return recorder.commanded


def follow_files(options, contract):
    folder = pathlib.Path(options.folder)
    recorder = Recorder(lambda text: (folder / "command.jsonl").open("a").write(text + "\n"))
    positions = Counter()
    started = None
    image = None
    while started is None or time.monotonic() - started < options.seconds:
        for kind in TYPES:
            path = folder / f"{kind}.jsonl"
            if kind == "frame" or not path.exists():
                continue
            with open(path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                file.seek(positions[kind])
                data = file.read()
            if data:
                started = started or time.monotonic()
                # What was written before this program began to read has no time of arrival.
                arrived_s = time.monotonic() if positions[kind] else None
                contract.expect(data.endswith(b"\n"), f"half a line in {kind}.jsonl")
                positions[kind] += len(data)
                for line in data.splitlines():
                    contract.take(line, kind, arrived_s)
        try:
            data = (folder / "latest.jpg").read_bytes()
        except FileNotFoundError:
            data = image
        if data != image:
            contract.image(data)
            image = data
        if started:
            recorder.step((time.monotonic() - started) / options.seconds)
        time.sleep(0.05)
    return recorder.commanded


def follow_grpc(options, contract):
    contract.options.absent = {"recording_state", "frame"}
    with grpc.insecure_channel(options.grpc) as channel:
        grpc.channel_ready_future(channel).result(timeout=30)
        client = grpc_envelopes.Client(channel, grpc_envelopes.SERVICE)
        messages = queue.Queue()

        def follow(kind):
            try:
                for message in client.call(grpc_envelopes.STREAMS[kind]):
                    messages.put((kind, message))
            except grpc.RpcError as error:
                # The end of this program cancels the streams.
                if error.code() != grpc.StatusCode.CANCELLED:
                    raise

        for kind in grpc_envelopes.STREAMS:
            threading.Thread(target=follow, args=(kind,), daemon=True).start()

        def push(text):
            state = client.call("SetRecording", timeout=5, **json.loads(text))
            # The recording state has no stream of its own.
            contract.recording_states.append({"recording": state.recording,
                                              "session_id": state.session_id or None})

        recorder = Recorder(push)
        started = time.monotonic()
        while time.monotonic() - started < options.seconds:
            try:
                kind, message = messages.get(timeout=0.2)
            except queue.Empty:
                continue
            envelope = grpc_envelopes.envelope_of(kind, message)
            contract.take(json.dumps(envelope), kind, time.monotonic())
            recorder.step((time.monotonic() - started) / options.seconds)
    return recorder.commanded


def wait_for_page(url, timeout_s=30):
    """Waits until the page, whose server may have just been started, answers."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


async def read_stream(url, messages):
    """Puts each message of the page's stream into a queue; the image of a frame is its data."""
    address = url.replace("http", "ws", 1) + "/v1/stream"
    async with websockets.connect(address, max_size=None) as socket:
        await socket.send(json.dumps({"subscribe": TYPES}))
        frame = None
        async for message in socket:
            if isinstance(message, str):
                message = json.loads(message)
                if message["type"] == "frame":
                    frame = message
                else:
                    messages.put(message)
                continue
            capture_us = int.from_bytes(message[:8], "big")
            data = base64.b64encode(message[8:]).decode()
            payload = {"data": data, **frame["payload"]}
            messages.put({**frame, "payload": payload, "capture_us": capture_us})


def follow_page(options, contract):
    wait_for_page(options.page)
    messages = queue.Queue()
    read = lambda: asyncio.run(read_stream(options.page, messages))  # noqa: E731
    threading.Thread(target=read, daemon=True).start()

    def push(text):
        request = urllib.request.Request(
            f"{options.page}/v1/recording", json.dumps({"device": DEVICE, **json.loads(text)}).encode(),
            {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=5).close()

    recorder = Recorder(push)
    started = time.monotonic()
    while time.monotonic() - started < options.seconds:
        try:
            message = messages.get(timeout=0.2)
        except queue.Empty:
            continue
        kind = message["type"]
        if kind in TYPES:
            contract.expect(message.pop("device") == DEVICE, "device of a message")
            capture_us = message.pop("capture_us", message["timestamp"])
            contract.expect(capture_us == message["timestamp"], "capture time of an image")
            # The first state is the present one, which may have been sent long before.
            late = kind in ("status", "recording_state") and not contract.counts[kind]
            contract.take(json.dumps(message), kind, None if late else time.monotonic())
        recorder.step((time.monotonic() - started) / options.seconds)
    return recorder.commanded


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=6379)
    parser.add_argument("--prefix", default="physiology")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--key_value", action="store_true")
    parser.add_argument("--folder", help="of the file backend")
    parser.add_argument("--grpc", help="address of the gRPC server")
    parser.add_argument("--page", help="address of the web page")
    parser.add_argument("--buffer_duration", type=float, default=0.2)
    parser.add_argument("--frames", default="on_demand")
    parser.add_argument("--truth", help="file of --simulate_truth_path, of the default scene")
    for name in ("phasic", "eda", "no_edge", "only_while_recording", "require_pulse", "slow_link"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.set_defaults(absent=set())
    options = parser.parse_args()
    contract = Contract(options)
    if options.folder:
        commanded = follow_files(options, contract)
    elif options.grpc:
        commanded = follow_grpc(options, contract)
    elif options.page:
        commanded = follow_page(options, contract)
    else:
        client = redis.Redis(host="127.0.0.1", port=options.port)
        follow = follow_keys if options.key_value else follow_channels
        commanded = follow(client, options, contract)
    contract.conclude(commanded)
    print(json.dumps({"counts": contract.counts, "strict": contract.strict,
                      "withheld": contract.reasons,
                      "latency_ms_max": max(contract.latencies, default=None)}))
    for text, count in contract.deviations.items():
        print(f"DEVIATION {text} ({count} times)")
    sys.exit(1 if contract.deviations else 0)


if __name__ == "__main__":
    main()
