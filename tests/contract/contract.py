"""The rules that the messages of one server keep, beside those of the published schemas."""

import base64
import json
import time
from collections import Counter, defaultdict

from descriptions import SCHEMAS, STATUS_CODES
from truth import Truth

RANGES = {"pulse": (40, 180), "breathing": (4, 40)}
IMMEDIATE_STATUSES = {"PROCESSING_NOT_STARTED", "CAMERA_DISCONNECTED", "STOPPING"}
HEARTBEAT_S = 5.0
HOLD_S = 0.5
LATE_S = 2.0


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def jpeg_size(data):
    """Width and height from the frame header; None if the data are not a whole JPEG."""
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
    """Checks envelopes in the order of their arrival and collects the deviations."""

    def __init__(self, options):
        self.options = options
        self.deviations = Counter()
        self.counts = Counter()
        self.last = {}  # type -> timestamp
        self.sequences = defaultdict(list)  # type -> sequences in order of arrival
        self.boot_ids = set()
        self.core_times = []
        self.newest_status = None
        self.status_received_s = None
        self.recording_states = []  # payloads
        self.sent = defaultdict(set)  # trace -> timestamps
        self.reasons = Counter()
        self.strict = Counter()
        self.latencies = []
        self.truth = Truth(options.truth, self.expect) if options.truth else None
        names = SCHEMAS["status"].root["properties"]["payload"]["properties"]["name"]["enum"]
        self.expect(set(STATUS_CODES.values()) == set(names) and len(STATUS_CODES) == len(names),
                    "ENVELOPES.md and the schema list different statuses")

    def expect(self, holds, text):
        if not holds:
            self.deviations[text] += 1
        return holds

    def take(self, text, channel=None, received_s=None):
        """Checks one message.

        `channel` is the type that its channel, key or file stands for, `received_s` the monotonic
        time of its arrival; None if unknown.
        """

        def pairs(items):
            keys = [key for key, _ in items]
            self.expect(len(set(keys)) == len(keys), "a key occurs twice")
            return dict(items)

        def constant(name):
            self.expect(False, f"{name} in a message")

        envelope = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
        self.expect(list(envelope) == ["type", "timestamp", "payload"],
                    f"keys are {list(envelope)}")
        kind, stamp, payload = envelope["type"], envelope["timestamp"], envelope["payload"]
        schema = SCHEMAS.get(kind)
        if not self.expect(schema is not None, f"type {kind}"):
            return
        self.expect(channel in (None, kind), f"type {kind} on {channel}")
        self.expect(is_integer(stamp) and stamp > 1_600_000_000_000_000, "timestamp is no integer")
        self.counts[kind] += 1
        deviations = list(schema.deviations(envelope))
        for deviation in deviations:
            self.expect(False, deviation)
        if deviations:
            return  # the rules below read the fields that the schema requires
        for path, value, documented in schema.payload_objects(payload):
            self.expect(list(value) == [key for key in documented if key in value],
                        f"{path}: keys are in the order {list(value)}")
        self.no_emptiness(payload, kind)
        replayed = payload.get("metadata", {}).get("replayed")
        self.follow_sequence(kind, payload, replayed)
        arrived_us = None if replayed or received_s is None else time.time_ns() // 1000
        if self.truth and kind in ("core_metrics", "edge_metrics", "frame"):
            getattr(self.truth, kind)(payload, stamp, arrived_us)
        # Messages that a link lost are sent again beside the live ones, except recording states.
        if replayed:
            self.counts[f"{kind} replayed"] += 1
            if kind != "recording_state":
                return
        again = replayed and stamp == self.last.get(kind)
        self.expect(again or stamp > self.last.get(kind, 0), f"{kind} timestamps do not increase")
        self.last[kind] = stamp
        if arrived_us is not None:
            self.expect(0 <= arrived_us - stamp <= LATE_S * 1e6,
                        f"{kind} arrives late without a mark, or before its time")
        for name, samples in schema.traces(payload):
            self.trace(name, samples)
        getattr(self, kind)(payload, stamp, received_s)

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

    def follow_sequence(self, kind, payload, replayed):
        if kind != "recording_state":
            sequence = payload.get("metadata", payload).get("sequence", payload.get("sequence"))
            if self.expect(is_integer(sequence), f"{kind} sequence is no integer"):
                # A message whose acknowledgement was lost is sent again, with a mark.
                if not replayed or sequence not in self.sequences[kind]:
                    self.sequences[kind].append(sequence)

    def trace(self, name, samples):
        sent, before = self.sent[name], max(self.sent[name], default=0)
        for sample in samples:
            self.expect(is_number(sample["value"]), f"{name} value {sample['value']!r}")
            time_us = sample["timestamp"]
            self.expect(is_integer(time_us), f"{name} time is no integer")
            self.expect(time_us > before or time_us in sent,
                        f"{name}: a sample neither newer nor a correction")
        times = [sample["timestamp"] for sample in samples]
        self.expect(times == sorted(set(times)), f"{name}: samples out of order")
        sent.update(times)

    def core_metrics(self, payload, stamp, _received_s):
        self.expect(("blood_pressure" in payload) <= self.options.phasic,
                    "blood_pressure without its flag")
        metadata = payload["metadata"]
        self.boot_ids.add(metadata["boot_id"])
        self.expect(metadata["frame_timestamp"] <= stamp, "frame_timestamp after timestamp")
        self.expect(metadata["latency_ms"] >= 0, "latency_ms is negative")
        self.latencies.append(metadata["latency_ms"])
        self.core_times.append(stamp)
        for vital in RANGES:
            self.vital(vital, payload.get(vital, {}), payload.get("withheld", {}).get(vital))

    def vital(self, name, measured, reason):
        """A strict value or the reason for its absence, never both; rates within their range."""
        low, high = RANGES[name]
        strict = measured.get("strict")
        self.expect((strict is None) != (reason is None), f"{name}: strict and withheld")
        if reason is not None:
            self.reasons[f"{name} {reason}"] += 1
        if strict is not None:
            self.strict[name] += 1
        for rate in [strict] * (strict is not None) + measured.get("rate", []):
            self.expect(low <= rate["value"] <= high, f"{name} rate {rate['value']}")
            self.expect(0 <= rate["confidence"] <= 1, f"confidence {rate['confidence']}")
        hrv = measured.get("hrv")
        if hrv:
            self.expect(all(hrv[key] > 0 for key in ("rmssd", "sdnn", "mean_nn")), "hrv of 0")
            self.expect(0 <= hrv["confidence"] <= 1, "hrv confidence")

    def edge_metrics(self, payload, _stamp, _received_s):
        self.expect(not self.options.no_edge, "edge metrics although switched off")
        self.expect(("eda" in payload) <= self.options.eda, "eda without its flag")
        signal = payload["signal"]
        self.expect(0 <= signal["brightness"] <= 255, f"brightness {signal['brightness']}")
        self.expect(0 <= signal["saturated_fraction"] <= 1, "saturated_fraction")
        face = payload.get("face")
        if face:
            self.expect(face["box"]["width"] > 0 and face["box"]["height"] > 0, "an empty face")

    def status(self, payload, stamp, received_s):
        name = payload["name"]
        self.expect(STATUS_CODES.get(payload["code"]) == name, f"status {payload['code']} {name}")
        self.expect(payload["message"].strip(), f"{name} has no message")
        self.expect(payload["since"] <= stamp, f"{name} begins after its message")
        self.expect(("session_id" in payload) == payload["recording"], "status session_id")
        if self.status_received_s is not None and received_s is not None:
            silence = received_s - self.status_received_s
            # A busy machine may pause a process for a moment.
            self.expect(silence <= HEARTBEAT_S + 1, f"no status for {silence:.1f} s")
        newest = self.newest_status
        if newest and newest["name"] != name and name not in IMMEDIATE_STATUSES:
            held = (stamp - payload["since"]) / 1e6
            self.expect(held >= HOLD_S - 0.02, f"{name} published after {held:.2f} s")
        if newest and newest["name"] == name:
            self.expect(payload["since"] == newest["since"],
                        "since changes while the status stays")
        self.newest_status, self.status_received_s = payload, received_s

    def frame(self, payload, _stamp, _received_s):
        self.expect(self.options.frames != "never", "frames although switched off")
        size = jpeg_size(base64.b64decode(payload["data"], validate=True))
        self.expect(size == (payload["width"], payload["height"]), f"a frame of {size}")

    def image(self, jpeg):
        """Checks an image that arrives without an envelope."""
        self.counts["frame"] += 1
        if self.expect(jpeg_size(jpeg) is not None, "half an image") and self.truth:
            self.truth.image(jpeg)

    def recording_state(self, payload, _stamp, _received_s):
        self.expect(("session_id" in payload) == payload["recording"], "session_id and recording")
        self.recording_states.append({key: payload.get(key) for key in ("recording", "session_id")})

    def conclude(self, commanded):
        """Checks what only the whole series shows; `commanded` are the expected recordings."""
        options = self.options
        expected = {"status", "recording_state", "core_metrics"}
        if not options.no_edge:
            expected.add("edge_metrics")
        if options.frames != "never":
            expected.add("frame")
        expected -= options.absent
        for kind in expected:
            self.expect(self.counts[kind], f"no {kind} message")
        self.expect(len(self.boot_ids) == 1, f"{len(self.boot_ids)} boot ids")
        # Of frames only the newest matters. A slow link has no room for every edge metric either.
        with_gaps = {"frame", "edge_metrics"} if options.slow_link else {"frame"}
        for kind, sequences in self.sequences.items():
            whole = len(set(sequences)) == max(sequences) - min(sequences) + 1
            self.expect(whole or kind in with_gaps, f"{kind} sequences have a gap")
            self.expect(len(set(sequences)) == len(sequences), f"a {kind} sequence occurs twice")
        gaps = [(b - a) / 1e6 for a, b in zip(self.core_times, self.core_times[1:])]
        if gaps and not options.only_while_recording:
            mean = sum(gaps) / len(gaps)
            self.expect(abs(mean - options.buffer_duration) < 0.1 * options.buffer_duration,
                        f"core metrics every {mean:.3f} s")
            # A busy machine may pause a process for a moment.
            self.expect(max(gaps) < options.buffer_duration + 1,
                        f"{max(gaps):.2f} s without core metrics")
        if commanded:
            self.expect(self.recording_states[-len(commanded):] == commanded,
                        f"recording states {self.recording_states}")
        self.expect(self.strict["pulse"] or not options.require_pulse, "no pulse at all")
        self.expect(self.newest_status is not None, "no status")
        if self.truth:
            self.truth.conclude(faces="edge_metrics" in expected, images="frame" in expected,
                                whole=not options.slow_link)
