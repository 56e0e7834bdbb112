#!/usr/bin/env python3
"""Saves the metrics of each recording session to files.

    python3 redis_ipc_metrics_saving_client.py --redis_host=localhost --output_directory=sessions

For each session that the server records:
    metrics_{session_id}.jsonl   every envelope as published, one per line, written at once
    metrics_{session_id}.json    the same as series: {"series": {name: {"timestamp": [...], ...}}},
                                 with start, end and id; replaced regularly during the session

--key_value reads a server in key-value mode, and then saves also what was stored during a lost
connection. --redis_tls_ca_path connects with TLS.

Metrics belong to the session that they name, or else to the one that was recorded at their
timestamp: what is replayed after an outage does not reach the session of its arrival.

A session that continues with the same id continues its files. If this program is killed, the .jsonl
is complete up to its last line, and the next run with that id continues it.

It requires the Debian package python3-redis (4.3 or newer).
"""

import argparse
import asyncio
import json
import os
import pathlib
import re
import signal
import sys
import threading
import time

import redis.asyncio as redis

TOPICS = ("core_metrics", "edge_metrics", "recording_state", "status")
SILENCE_S = 15  # status is published at least every 5 s, so a longer silence is a dead connection


class Series:
    """Envelopes as columns: name -> {"timestamp": [...], "value": [...], ...}."""

    def __init__(self):
        self.columns = {}
        self.rows = {}  # name -> {timestamp: row}, to replace a sample that was corrected

    def add(self, envelope):
        self._walk(envelope["type"], envelope["payload"], envelope["timestamp"])

    def _walk(self, name, value, timestamp):
        if isinstance(value, list):
            for sample in value:
                if isinstance(sample, dict) and "timestamp" in sample:
                    self._put(name, sample["timestamp"], sample)
        elif isinstance(value, dict):
            if value and not any(isinstance(each, (dict, list)) for each in value.values()):
                self._put(name, timestamp, value)
            else:
                for key, each in value.items():
                    self._walk(f"{name}.{key}", each, timestamp)
        else:
            self._put(name, timestamp, {"value": value})

    def _put(self, name, timestamp, fields):
        columns = self.columns.setdefault(name, {"timestamp": []})
        rows = self.rows.setdefault(name, {})
        row = rows.get(timestamp)
        if row is None:
            row = rows[timestamp] = len(columns["timestamp"])
            for key, column in columns.items():
                column.append(timestamp if key == "timestamp" else None)
        for key, value in fields.items():
            if key != "timestamp":
                if key not in columns:
                    columns[key] = [None] * len(columns["timestamp"])
                columns[key][row] = value

    def copy(self):
        return {name: {key: list(column) for key, column in columns.items()}
                for name, columns in self.columns.items()}


def has_recording_state(envelope):
    """True for a change, and for a status, which repeats the state for clients that missed it."""
    if envelope["type"] == "recording_state":
        return True
    payload = envelope["payload"]
    replayed = payload.get("metadata", {}).get("replayed")
    return envelope["type"] == "status" and "recording" in payload and not replayed


def session_of(envelope):
    return str(envelope["payload"].get("session_id") or envelope["timestamp"])


def session_of_metrics(envelope):
    """The session that a message names, if one was recorded at its time."""
    name = (envelope["payload"].get("metadata") or {}).get("session_id")
    return name if isinstance(name, str) and name else None


def entry_order(entry):
    """Returns a sort key of a stream entry id, which is `milliseconds-number`."""
    return [int(part) for part in entry.split("-")]


class Session:
    """The two files of one session."""

    def __init__(self, directory, session_id):
        self.session_id = session_id
        safe = re.sub(r"[/\\\x00-\x1f\x7f]", "_", session_id)
        safe = safe.encode()[:200].decode(errors="ignore")  # a file name has 255 bytes
        self.json_path = directory / f"metrics_{safe}.json"
        self.series = Series()
        self.start = None
        self.states = []  # (timestamp, whether the session was recorded from then on)
        self.changed = True
        self.newest = None  # the newest contents
        self.saving = threading.Lock()
        self.closed = False
        self.file = open(directory / f"metrics_{safe}.jsonl", "a+b", buffering=0)
        self._read_existing()

    def _read_existing(self):
        self.file.seek(0)
        complete = 0
        for line in self.file:
            if not line.endswith(b"\n"):
                break  # a line that is incomplete after a crash
            complete += len(line)
            self._take(json.loads(line))
        self.file.truncate(complete)

    def _take(self, envelope):
        timestamp, payload = envelope["timestamp"], envelope["payload"]
        if has_recording_state(envelope):
            continues = payload["recording"] and session_of(envelope) == self.session_id
            self.states.append((timestamp, bool(continues)))
        else:
            self.series.add(envelope)
        self.start = timestamp if self.start is None else min(self.start, timestamp)
        self.changed = True

    def _end(self):
        """The first end after the last start; None if the session has not ended."""
        end = None
        for timestamp, continues in sorted(self.states):
            end = None if continues else end or timestamp
        return end

    def append(self, envelope):
        self._take(envelope)
        line = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False)
        # One unbuffered write, so that no other write interrupts the line.
        self.file.write(line.encode() + b"\n")

    def contents(self):
        self.changed = False
        self.newest = {
            "session_id": self.session_id,
            "start_timestamp": self.start,
            "end_timestamp": self._end(),
            "series": self.series.copy(),
        }
        return self.newest

    def save(self, contents):
        with self.saving:
            if self.closed or contents is not self.newest:
                return  # a late snapshot must not replace a newer one
            temporary = self.json_path.with_suffix(".json.tmp")
            with open(temporary, "w") as file:
                json.dump(contents, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.json_path)

    def close(self):
        self.save(self.contents())
        self.closed = True
        self.file.close()


class Saver:
    """Follows the stream and opens and closes sessions."""

    def __init__(self, options):
        self.options = options
        self.directory = pathlib.Path(options.output_directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.sessions = {}  # the open ones by id: the current one, and those that changed lately
        self.changes = []  # (timestamp, session from then on or None), oldest first
        now = int(time.time() * 1000)
        self.read = {f"{options.redis_key_prefix}:{topic}:history": now for topic in TOPICS}
        if options.session_id:
            self.changes.append((0, options.session_id))
            self._open(options.session_id)

    async def follow(self):
        pause = 0.1
        while True:
            try:
                async for text in self._messages():
                    pause = 0.1
                    self._handle(text)
            except (redis.RedisError, OSError, asyncio.TimeoutError) as error:
                print(f"Redis: {error}: reconnecting", file=sys.stderr)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)

    async def _messages(self):
        options = self.options
        tls = {"ssl": True, "ssl_ca_certs": options.redis_tls_ca_path}
        client = redis.Redis(
            host=options.redis_host,
            port=options.redis_port,
            username=options.redis_username,
            password=password_of(options),
            db=options.redis_database,
            decode_responses=True,
            socket_connect_timeout=2.0,
            socket_keepalive=True,
            **(tls if options.redis_tls_ca_path else {}),
        )
        try:
            follow = self._histories if options.key_value else self._channels
            async for text in follow(client):
                yield text
        finally:
            await client.close()
            await client.connection_pool.disconnect()

    async def _channels(self, client):
        prefix = self.options.redis_key_prefix
        pubsub = client.pubsub(ignore_subscribe_messages=True)
        await pubsub.subscribe(*(f"{prefix}:{topic}" for topic in TOPICS))
        last_message = time.monotonic()
        while time.monotonic() - last_message < SILENCE_S:
            message = await pubsub.get_message(timeout=1.0)
            if message:
                last_message = time.monotonic()
                yield message["data"]

    async def _histories(self, client):
        while True:
            reply = await asyncio.wait_for(client.xread(self.read, block=1000), SILENCE_S)
            entries = [(entry, stream, fields["envelope"])
                       for stream, entries in reply for entry, fields in entries]
            # Sorted by time, so that the end of a session follows its last metrics.
            for entry, stream, text in sorted(entries, key=lambda each: entry_order(each[0])):
                self.read[stream] = entry
                yield text

    def _handle(self, text):
        try:
            envelope = json.loads(text)
            if has_recording_state(envelope):
                self._on_recording_state(envelope)
            elif envelope["type"] in ("core_metrics", "edge_metrics"):
                self._append(session_of_metrics(envelope) or
                             self._session_at(envelope["timestamp"]), envelope)
        except OSError as error:
            sys.exit(f"Cannot save: {error}")  # a full disk must not go unnoticed
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            print(f"Ignored a message that is not an envelope: {error!r}", file=sys.stderr)

    def _on_recording_state(self, envelope):
        """Adds a change, which may arrive late, after newer ones."""
        timestamp = float(envelope["timestamp"])
        session_id = session_of(envelope) if envelope["payload"]["recording"] else None
        before = self._session_at(timestamp)
        is_first = not self.changes or timestamp < self.changes[0][0]
        if session_id != before or is_first:
            self.changes.append((timestamp, session_id))
            self.changes.sort(key=lambda change: change[0])
            del self.changes[:-1000]
        if session_id != before:
            self._append(before, envelope)
            self._append(session_id, envelope)
            if before and before != self._session_at(float("inf")):
                self._save(before)

    def _session_at(self, timestamp):
        return next((session for since, session in reversed(self.changes) if since <= timestamp),
                    None)

    def _append(self, session_id, envelope):
        if session_id:
            if session_id not in self.sessions:
                self._open(session_id)
            self.sessions[session_id].append(envelope)

    def _open(self, session_id):
        session = self.sessions[session_id] = Session(self.directory, session_id)
        print(f"Saving session {session_id} to {session.json_path}", flush=True)

    def _save(self, session_id):
        session = self.sessions[session_id]
        session.save(session.contents())
        print(f"Saved {session.json_path}", flush=True)

    async def snapshots(self):
        pause = self.options.snapshot_seconds
        while True:
            await asyncio.sleep(pause)
            began = time.monotonic()
            for session_id, session in list(self.sessions.items()):
                if session.changed:
                    await asyncio.to_thread(session.save, session.contents())
                elif session_id != self._session_at(float("inf")):
                    self.sessions.pop(session_id).close()
            # Writing a long session takes a while: spend at most a twentieth of the time on it.
            pause = max(self.options.snapshot_seconds, 20 * (time.monotonic() - began))

    def finish(self):
        for session in self.sessions.values():
            session.close()
            print(f"Saved {session.json_path}", flush=True)


async def run(options):
    saver = Saver(options)
    tasks = [asyncio.create_task(saver.follow()), asyncio.create_task(saver.snapshots())]
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    waiting = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
    for task in (*tasks, waiting):
        task.cancel()
    await asyncio.gather(*tasks, waiting, return_exceptions=True)
    saver.finish()
    for task in done:
        task.result()


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


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_redis_arguments(parser)
    parser.add_argument("--key_value", action="store_true", help="read a server in key-value mode")
    parser.add_argument("--output_directory", default=".")
    parser.add_argument("--snapshot_seconds", type=float, default=30)
    parser.add_argument("--session_id", help="save under this id from the start, until a recording "
                                             "starts or stops")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(run(parse_arguments()))
