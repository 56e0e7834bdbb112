#!/usr/bin/env python3
"""Prints the messages of a physiology_server, read from Redis or from files.

    python3 alt_ipc_example_on_prem_client.py --backend=redis --redis_host=localhost
    python3 alt_ipc_example_on_prem_client.py --backend=file --base_directory=./file_ipc_output

It prints one line per message. --key_value reads a server in key-value mode, --redis_tls_ca_path
connects with TLS, --display shows the video in a window, and --record records while the program
runs. It requires the Debian packages python3-redis and python3-opencv.
"""

import argparse
import base64
import json
import os
import pathlib
import signal
import sys
import time

import cv2
import numpy as np

SILENCE_S = 15  # status is published at least every 5 s, so a longer silence is a dead connection
TOPICS = ("core_metrics", "edge_metrics", "status", "frame", "recording_state")


class RedisSource:
    """Envelopes from channels, or from keys and histories. Reconnects by itself."""

    def __init__(self, options):
        import redis

        self.errors = (redis.RedisError, OSError)
        self.prefix = options.redis_key_prefix
        self.follow = self._histories if options.key_value else self._channels
        now = int(time.time() * 1000)
        self.read = {f"{self.prefix}:{topic}:history": now for topic in TOPICS}
        tls = {"ssl": True, "ssl_ca_certs": options.redis_tls_ca_path}
        self.client = redis.Redis(
            host=options.redis_host,
            port=options.redis_port,
            username=options.redis_username,
            password=password_of(options),
            db=options.redis_database,
            socket_connect_timeout=2,
            socket_timeout=5,
            socket_keepalive=True,
            **(tls if options.redis_tls_ca_path else {}),
        )

    def envelopes(self):
        while True:
            try:
                yield from self.follow()
                print(f"No message for {SILENCE_S} s: reconnecting", file=sys.stderr)
            except self.errors as error:
                print(f"Redis: {error}: reconnecting", file=sys.stderr, flush=True)
                time.sleep(1)

    def _channels(self):
        pubsub = self.client.pubsub(ignore_subscribe_messages=True)
        pubsub.subscribe(*(f"{self.prefix}:{topic}" for topic in TOPICS))
        last_message = time.monotonic()
        while time.monotonic() - last_message < SILENCE_S:
            message = pubsub.get_message(timeout=1.0)
            if message:
                last_message = time.monotonic()
                yield json.loads(message["data"])

    def _histories(self):
        """Yields also what was stored during a lost connection; of frames only the newest."""
        last_frame = None
        while True:
            for stream, entries in self.client.xread(self.read, block=200):
                for entry, fields in entries:
                    self.read[stream.decode()] = entry
                    yield json.loads(fields[b"envelope"])
            newest = self.client.get(f"{self.prefix}:frame")
            if newest and newest != last_frame:
                last_frame = newest
                yield json.loads(newest)

    def command(self, command):
        self.client.lpush(f"{self.prefix}:command_queue", json.dumps(command))


class FileSource:
    """Envelopes from the files of the file backend, followed as they grow."""

    def __init__(self, options):
        self.directory = pathlib.Path(options.base_directory)

    def envelopes(self):
        followers = [self._lines(self.directory / f"{topic}.jsonl")
                     for topic in TOPICS if topic != "frame"]
        followers.append(self._frames(self.directory / "latest.jpg"))
        while True:
            envelopes = [each for follower in followers for each in next(follower)]
            yield from envelopes
            if not envelopes:
                time.sleep(0.02)

    def command(self, command):
        with open(self.directory / "command.jsonl", "a") as file:
            file.write(json.dumps(command) + "\n")

    @staticmethod
    def _lines(path):
        """Yields the list of new envelopes at each step; it may be empty."""
        position, inode, rest = 0, None, b""
        while True:
            try:
                with open(path, "rb") as file:
                    status = os.fstat(file.fileno())
                    if status.st_ino != inode or status.st_size < position:
                        position, inode, rest = 0, status.st_ino, b""  # replaced or truncated
                    file.seek(position)
                    data = file.read()
            except FileNotFoundError:
                data = b""
            position += len(data)
            *lines, rest = (rest + data).split(b"\n")
            yield [json.loads(line) for line in lines if line]

    @staticmethod
    def _frames(path):
        """Yields the newest frame in an envelope like those in Redis, at each step; or nothing."""
        seen = None
        while True:
            try:
                changed = path.stat().st_mtime_ns
                data = path.read_bytes() if changed != seen else b""
            except FileNotFoundError:
                data = b""
            if data:
                seen = changed
                payload = {"data": base64.b64encode(data), "format": "jpeg"}
                yield [{"type": "frame", "timestamp": changed // 1000, "payload": payload}]
            else:
                yield []


def rate(payload, name, unit):
    """Returns the value to show to a person, or why it is withheld."""
    strict = payload.get(name, {}).get("strict")
    if strict:
        return f"{name} {strict['value']:.1f} {unit} ({strict['confidence']:.0%})"
    return f"{name} withheld: {payload.get('withheld', {}).get(name, 'unknown')}"


def describe(envelope):
    kind, payload = envelope["type"], envelope["payload"]
    if kind == "core_metrics":
        return f"{rate(payload, 'pulse', 'beats/min')}, {rate(payload, 'breathing', 'breaths/min')}"
    if kind == "edge_metrics":
        signal_quality = payload.get("signal", {})
        return ", ".join(f"{key} {value:g}" for key, value in signal_quality.items())
    if kind == "status":
        return f"{payload['name']}: {payload['message']} {payload['hint']}".strip()
    if kind == "recording_state":
        return "started " + payload.get("session_id", "") if payload["recording"] else "stopped"
    return ""


def decode(envelope):
    data = np.frombuffer(base64.b64decode(envelope["payload"]["data"]), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def handle(envelope, options):
    if envelope["type"] == "frame":
        image = decode(envelope)
        if image is None:
            text = "not a JPEG"
        else:
            text = f"{image.shape[1]}x{image.shape[0]}"
            if options.display:
                cv2.imshow("physiology_server", image)
                cv2.waitKey(1)
    else:
        text = describe(envelope)
    print(f"{envelope['timestamp']} {envelope['type']}: {text}", flush=True)


def password_of(options):
    if options.redis_password_file:
        with open(options.redis_password_file) as file:
            return file.read().rstrip("\r\n")
    return options.redis_password


def add_redis_arguments(parser):
    """Adds flags whose defaults come from the environment: PHYSIOLOGY_REDIS_HOST and so on."""
    def default(name, value=None):
        return os.environ.get(f"PHYSIOLOGY_REDIS_{name}", value)

    parser.add_argument("--redis_host", default=default("HOST", "localhost"))
    parser.add_argument("--redis_port", type=int, default=default("PORT", 6379))
    parser.add_argument("--redis_username", default=default("USERNAME"), help="name of an ACL user")
    parser.add_argument("--redis_password", default=default("PASSWORD"))
    parser.add_argument("--redis_password_file", default=default("PASSWORD_FILE"))
    parser.add_argument("--redis_database", type=int, default=default("DATABASE", 0))
    parser.add_argument("--redis_key_prefix", default=default("KEY_PREFIX", "physiology"))
    parser.add_argument("--redis_tls_ca_path", default=default("TLS_CA_PATH"),
                        help="connect with TLS, trust this CA")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", choices=("redis", "file"), default="redis")
    add_redis_arguments(parser)
    parser.add_argument("--key_value", action="store_true", help="read a server in key-value mode")
    parser.add_argument("--base_directory", default="./file_ipc_output")
    parser.add_argument("--display", action="store_true", help="show the video in a window")
    parser.add_argument("--record", action="store_true", help="record while this program runs")
    parser.add_argument("--session_id", help="name of the recorded session")
    options = parser.parse_args()

    source = RedisSource(options) if options.backend == "redis" else FileSource(options)
    session = {"session_id": options.session_id} if options.session_id else {}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        if options.record:
            source.command({"recording": True, **session})
        for envelope in source.envelopes():
            handle(envelope, options)
    except KeyboardInterrupt:
        pass
    finally:
        if options.record:
            source.command({"recording": False, **session})


if __name__ == "__main__":
    main()
