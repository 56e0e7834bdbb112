"""Holds what a running server publishes to the contract, message by message.

Knows nothing of the server's code. Listens for --seconds, starts and stops a recording meanwhile,
and prints every deviation; the exit status is 1 where there is one.
"""

import argparse
import base64
import fcntl
import json
import pathlib
import sys
import time
from collections import Counter, defaultdict

import redis

TYPES = ("core_metrics", "edge_metrics", "status", "frame", "recording_state")
REASONS = {"no_face", "warming_up", "low_quality", "motion", "flicker", "too_dark", "too_bright",
           "low_frame_rate", "no_chest", "camera_disconnected"}
RANGES = {"pulse": (40, 180), "breathing": (4, 40)}
TRACES = {"pulse": {"trace", "pulse_respiration_quotient"},
          "breathing": {"upper_trace", "amplitude", "respiratory_line_length", "baseline",
                        "inhale_exhale_ratio"}}
METADATA = ["sequence", "boot_id", "frame_timestamp", "frame_count", "latency_ms"]
CODES = {0: "OK", 1: "NO_FACES_FOUND", 2: "MORE_THAN_ONE_FACE_FOUND", 3: "FACE_NOT_CENTERED",
         4: "FACE_TOO_BIG_OR_TOO_SMALL", 5: "IMAGE_TOO_DARK", 6: "IMAGE_TOO_BRIGHT",
         7: "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING", 8: "PROCESSING_NOT_STARTED", 10: "CAMERA_TUNING",
         11: "FRAME_RATE_TOO_LOW", 12: "EXCESSIVE_MOTION", 100: "CAMERA_DISCONNECTED",
         101: "PUBLISH_DEGRADED", 102: "STOPPING"}
AT_ONCE = {"PROCESSING_NOT_STARTED", "CAMERA_DISCONNECTED", "STOPPING"}
HEARTBEAT_S = 5.0
HOLD_S = 0.5


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def jpeg_size(data):
    """Width and height by the frame header; None where it is no whole JPEG."""
    if data[:2] != b"\xff\xd8" or data[-2:] != b"\xff\xd9":
        return None
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        if 0xC0 <= data[at + 1] <= 0xCF and data[at + 1] not in (0xC4, 0xC8, 0xCC):
            return (int.from_bytes(data[at + 7:at + 9], "big"),
                    int.from_bytes(data[at + 5:at + 7], "big"))
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return None


class Contract:
    """Takes envelopes in the order of their arrival and remembers what deviates."""

    def __init__(self, options):
        self.options = options
        self.deviations = Counter()
        self.counts = Counter()
        self.last = {}  # type -> timestamp
        self.sequences = defaultdict(list)  # type -> sequences, as they came
        self.boot_ids = set()
        self.core_times = []
        self.newest_status = None
        self.status_heard = None
        self.told = []  # recording_state payloads
        self.sent = defaultdict(set)  # trace -> timestamps
        self.reasons = Counter()
        self.strict = Counter()
        self.latencies = []

    def expect(self, holds, text):
        if not holds:
            self.deviations[text] += 1
        return holds

    def take(self, text, kind=None, heard=None):
        def pairs(items):
            keys = [key for key, _ in items]
            self.expect(len(set(keys)) == len(keys), "a key is there twice")
            return dict(items)

        def constant(name):
            self.expect(False, f"{name} in a message")

        envelope = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
        self.expect(list(envelope) == ["type", "timestamp", "payload"],
                    f"keys are {list(envelope)}")
        kind_told, stamp, payload = envelope["type"], envelope["timestamp"], envelope["payload"]
        self.expect(kind_told in TYPES, f"type {kind_told}")
        self.expect(kind in (None, kind_told), f"type {kind_told} on {kind}")
        self.expect(is_integer(stamp) and stamp > 1_600_000_000_000_000, "timestamp is no integer")
        self.expect(isinstance(payload, dict), "payload is no object")
        self.no_emptiness(payload, kind_told)
        self.counts[kind_told] += 1
        self.follow_sequence(kind_told, payload)
        # What a link lost comes again beside the live messages, but for recording states.
        if payload.get("metadata", {}).get("replayed"):
            self.counts[f"{kind_told} replayed"] += 1
            if kind_told != "recording_state":
                return
        self.expect(stamp > self.last.get(kind_told, 0), f"{kind_told} timestamps do not increase")
        self.last[kind_told] = stamp
        getattr(self, kind_told)(payload, stamp, heard)

    def no_emptiness(self, value, path):
        """A missing measurement is a missing key: never null, an empty list or an empty object."""
        if isinstance(value, dict):
            self.expect(value, f"{path} is empty")
            for key, each in value.items():
                self.no_emptiness(each, f"{path}.{key}")
        elif isinstance(value, list):
            self.expect(value, f"{path} is empty")
            for each in value:
                self.no_emptiness(each, f"{path}[]")
        else:
            self.expect(value is not None, f"{path} is null")

    def follow_sequence(self, kind, payload):
        if kind != "recording_state":
            sequence = payload.get("metadata", payload).get("sequence", payload.get("sequence"))
            if self.expect(is_integer(sequence), f"{kind} sequence is no integer"):
                self.sequences[kind].append(sequence)

    def core_metrics(self, payload, stamp, _heard):
        known = {"pulse", "breathing", "withheld", "blood_pressure", "metadata"}
        self.expect(set(payload) <= known, f"core keys {set(payload) - known}")
        self.expect(("blood_pressure" in payload) <= self.options.phasic, "blood_pressure unasked")
        metadata = payload["metadata"]
        self.expect(list(metadata)[:5] == METADATA, f"metadata is {list(metadata)}")
        self.boot_ids.add(metadata["boot_id"])
        self.expect(is_integer(metadata["frame_timestamp"]), "frame_timestamp is no integer")
        self.expect(metadata["frame_timestamp"] <= stamp, "frame_timestamp after timestamp")
        self.expect(metadata["latency_ms"] >= 0, "latency_ms is negative")
        self.latencies.append(metadata["latency_ms"])
        self.core_times.append(stamp)
        for vital, (low, high) in RANGES.items():
            measured = payload.get(vital, {})
            reason = payload.get("withheld", {}).get(vital)
            strict = measured.get("strict")
            self.expect((strict is None) != (reason is None), f"{vital}: strict and withheld")
            if reason is not None:
                self.reasons[f"{vital} {reason}"] += 1
                self.expect(reason in REASONS, f"{vital} withheld for {reason}")
            if strict is not None:
                self.strict[vital] += 1
                self.expect(set(strict) == {"value", "confidence"}, f"strict is {set(strict)}")
            for rate in [strict] * (strict is not None) + measured.get("rate", []):
                self.expect(low <= rate["value"] <= high, f"{vital} rate {rate['value']}")
                self.expect(0 <= rate["confidence"] <= 1, f"confidence {rate['confidence']}")
            for rate in measured.get("rate", []):
                self.expect(set(rate) == {"value", "confidence", "stable", "timestamp"},
                            f"rate is {set(rate)}")
            for name in TRACES[vital] & set(measured):
                self.trace(f"core.{vital}.{name}", measured[name])
            for apnea in measured.get("apnea", []):
                self.expect(set(apnea) == {"detected", "stable", "timestamp"}, "apnea keys")
            hrv = measured.get("hrv")
            if hrv:
                self.expect(list(hrv) == ["rmssd", "sdnn", "mean_nn", "confidence"], "hrv keys")
                self.expect(all(hrv[key] > 0 for key in ("rmssd", "sdnn", "mean_nn")), "hrv of 0")
                self.expect(0 <= hrv["confidence"] <= 1, "hrv confidence")
        if "blood_pressure" in payload:
            self.trace("core.phasic", payload["blood_pressure"]["phasic"])

    def trace(self, name, samples):
        sent, before = self.sent[name], max(self.sent[name], default=0)
        for sample in samples:
            self.expect({"value", "timestamp"} <= set(sample), f"{name} sample {set(sample)}")
            self.expect(is_number(sample["value"]), f"{name} value {sample['value']!r}")
            time_us = sample["timestamp"]
            self.expect(is_integer(time_us), f"{name} time is no integer")
            self.expect(time_us > before or time_us in sent,
                        f"{name}: a sample neither newer nor a correction")
        times = [sample["timestamp"] for sample in samples]
        self.expect(times == sorted(set(times)), f"{name}: samples out of order")
        sent.update(times)

    def edge_metrics(self, payload, _stamp, _heard):
        known = {"breathing", "face", "motion", "signal", "eda", "metadata"}
        self.expect(set(payload) <= known, f"edge keys {set(payload) - known}")
        self.expect(not self.options.no_edge, "edge metrics unasked")
        self.expect(("eda" in payload) <= self.options.eda, "eda unasked")
        signal = payload["signal"]
        self.expect({"brightness", "saturated_fraction", "fps"} <= set(signal), "signal keys")
        self.expect(0 <= signal["brightness"] <= 255, f"brightness {signal['brightness']}")
        self.expect(0 <= signal["saturated_fraction"] <= 1, "saturated_fraction")
        for name, samples in (("upper_trace", payload.get("breathing", {}).get("upper_trace")),
                              ("eda", payload.get("eda"))):
            if samples:
                self.trace(f"edge.{name}", samples)
        face = payload.get("face")
        if face:
            self.expect(set(face) <= {"box", "landmarks", "blinking", "talking"}, "face keys")
            self.expect(list(face["box"]) == ["x", "y", "width", "height"], "box keys")
            self.expect(face["box"]["width"] > 0 and face["box"]["height"] > 0, "an empty face")
            for mark in face["landmarks"]:
                self.expect(set(mark) == {"value", "stable", "reset", "timestamp"}, "landmark keys")

    def status_payload(self, payload, stamp):
        self.expect(list(payload)[:6] == ["code", "name", "message", "hint", "since", "sequence"],
                    f"status keys {list(payload)}")
        self.expect(CODES.get(payload["code"]) == payload["name"], f"status {payload['code']}")
        self.expect(payload["message"].strip() and isinstance(payload["hint"], str), "status words")
        self.expect(is_integer(payload["since"]) and payload["since"] <= stamp, "status since")
        self.expect(isinstance(payload["recording"], bool), "status recording")
        self.expect(("session_id" in payload) == payload["recording"], "status session_id")

    def status(self, payload, stamp, heard):
        self.status_payload(payload, stamp)
        if self.status_heard is not None and heard is not None:
            silence = heard - self.status_heard
            self.expect(silence <= HEARTBEAT_S + 0.5, f"no status for {silence:.1f} s")
        newest = self.newest_status
        if newest and newest["name"] != payload["name"] and payload["name"] not in AT_ONCE:
            held = (stamp - payload["since"]) / 1e6
            self.expect(held >= HOLD_S - 0.02, f"{payload['name']} told after {held:.2f} s")
        if newest and newest["name"] == payload["name"]:
            self.expect(payload["since"] == newest["since"], "since moves while the status stays")
        self.newest_status, self.status_heard = payload, heard

    def frame(self, payload, _stamp, _heard):
        self.expect(list(payload) == ["data", "width", "height", "format", "sequence"],
                    f"frame keys {list(payload)}")
        self.expect(payload["format"] == "jpeg", f"format {payload['format']}")
        self.expect(self.options.frames != "never", "frames unasked")
        size = jpeg_size(base64.b64decode(payload["data"], validate=True))
        self.expect(size == (payload["width"], payload["height"]), f"a frame of {size}")

    def recording_state(self, payload, _stamp, _heard):
        self.expect(isinstance(payload["recording"], bool), "recording is no boolean")
        self.expect(("session_id" in payload) == payload["recording"], "session_id and recording")
        self.told.append({key: payload.get(key) for key in ("recording", "session_id")})

    def conclude(self, asked):
        options = self.options
        wanted = {"status", "recording_state", "core_metrics"}
        if not options.no_edge:
            wanted.add("edge_metrics")
        if options.frames != "never":
            wanted.add("frame")
        for kind in wanted:
            self.expect(self.counts[kind], f"nothing of {kind}")
        self.expect(len(self.boot_ids) == 1, f"{len(self.boot_ids)} boot ids")
        for kind, sequences in self.sequences.items():
            whole = len(set(sequences)) == max(sequences) - min(sequences) + 1
            # Of frames the newest counts: others may be left out.
            self.expect(whole or kind == "frame", f"{kind} sequences have a gap")
            self.expect(len(set(sequences)) == len(sequences), f"a {kind} sequence comes twice")
        gaps = [(b - a) / 1e6 for a, b in zip(self.core_times, self.core_times[1:])]
        if gaps and not options.only_while_recording:
            mean = sum(gaps) / len(gaps)
            self.expect(abs(mean - options.buffer_duration) < 0.1 * options.buffer_duration,
                        f"core metrics every {mean:.3f} s")
            # A busy machine may stand still for a moment.
            self.expect(max(gaps) < options.buffer_duration + 1,
                        f"{max(gaps):.2f} s without core metrics")
        if asked:
            self.expect(self.told[-len(asked):] == asked, f"recording states {self.told}")
        self.expect(self.strict["pulse"] or not options.want_pulse, "no pulse at all")
        self.expect(self.newest_status is not None, "no status")


class Recorder:
    """Starts and stops a session on the way, and waits for each to be told."""

    def __init__(self, push):
        self.push = push
        self.asked = []

    def step(self, share):
        if share > 0.3 and not self.asked:
            self.send({"recording": True, "session_id": "visit-7"}, "visit-7")
        elif share > 0.7 and len(self.asked) == 1:
            self.send({"recording": False}, None)

    def send(self, command, session):
        self.push(json.dumps(command))
        self.asked.append({"recording": command["recording"], "session_id": session})


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
    return recorder.asked


def follow_keys(client, options, contract):
    """Reads the histories as they grow, and the newest values with their lives."""
    recorder = Recorder(lambda text: client.lpush(f"{options.prefix}:command_queue", text))
    histories = {f"{options.prefix}:{kind}:history": "0-0" for kind in TYPES if kind != "frame"}
    started = time.monotonic()
    last_frame = None
    while time.monotonic() - started < options.seconds:
        for stream, entries in client.xread(histories, count=200, block=200) or []:
            kind = stream.decode().split(":")[-2]
            for entry, fields in entries:
                contract.expect(list(fields) == [b"envelope"], f"fields {list(fields)}")
                contract.take(fields[b"envelope"], kind, None)
                ms = int(entry.split(b"-")[0])
                stamp = json.loads(fields[b"envelope"])["timestamp"]
                contract.expect(ms == stamp // 1000, f"entry {ms} for timestamp {stamp}")
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
        life = client.ttl(f"{options.prefix}:{kind}")
        limit = 10 if kind == "frame" else 3600
        contract.expect(newest is not None, f"no key of {kind}")
        contract.expect(limit - options.seconds - 60 < life <= limit and life > 0,
                        f"{kind} lives for {life} s")
    return recorder.asked


def follow_files(options, contract):
    folder = pathlib.Path(options.folder)
    recorder = Recorder(lambda text: (folder / "command.jsonl").open("a").write(text + "\n"))
    positions = Counter()
    started = None
    picture = None
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
                contract.expect(data.endswith(b"\n"), f"half a line in {kind}.jsonl")
                positions[kind] += len(data)
                for line in data.splitlines():
                    contract.take(line, kind, time.monotonic())
        try:
            data = (folder / "latest.jpg").read_bytes()
        except FileNotFoundError:
            data = picture
        if data != picture:
            contract.expect(jpeg_size(data) is not None, "half a picture in latest.jpg")
            contract.counts["frame"] += 1
            picture = data
        if started:
            recorder.step((time.monotonic() - started) / options.seconds)
        time.sleep(0.05)
    return recorder.asked


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=6379)
    parser.add_argument("--prefix", default="physiology")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--key_value", action="store_true")
    parser.add_argument("--folder", help="of the file backend")
    parser.add_argument("--buffer_duration", type=float, default=0.2)
    parser.add_argument("--frames", default="on_demand")
    for name in ("phasic", "eda", "no_edge", "only_while_recording", "want_pulse"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    contract = Contract(options)
    if options.folder:
        asked = follow_files(options, contract)
    else:
        client = redis.Redis(host="127.0.0.1", port=options.port)
        follow = follow_keys if options.key_value else follow_channels
        asked = follow(client, options, contract)
    contract.conclude(asked)
    print(json.dumps({"counts": contract.counts, "strict": contract.strict,
                      "withheld": contract.reasons,
                      "latency_ms_max": max(contract.latencies, default=None)}))
    for text, count in contract.deviations.items():
        print(f"DEVIATION {text} ({count} times)")
    sys.exit(1 if contract.deviations else 0)


if __name__ == "__main__":
    main()
