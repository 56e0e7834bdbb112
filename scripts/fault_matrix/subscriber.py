"""Follows everything that servers publish to a Redis, as a client with redis-py does.

Shares no code with the server. It is controlled by lines on stdin: `begin`, `settle`, `end` or
`end arrived`, and `report`, which prints the counts of the ledger as a line of JSON.
"""

import argparse
import json
import sys
import threading
import time

import redis

from ledger import Ledger

RETRY_S = 0.02


def now_us():
    return time.time_ns() // 1000


class Subscriber:
    """Receives from Redis in a thread, and subscribes again whenever the connection is lost."""

    def __init__(self, options):
        self.options = options
        self.ledger = Ledger(options.prefix)
        self.lock = threading.Lock()
        self.subscribed = threading.Event()
        self.positions = {f"{options.prefix}:core_metrics:history": "0-0"}

    def run(self):
        receive = self.read_streams if self.options.key_value else self.read_channels
        for password in self.passwords():
            try:
                with redis.Redis(port=self.options.port, password=password) as client:
                    receive(client)
            except redis.RedisError:
                time.sleep(RETRY_S)

    def passwords(self):
        """No password and the given one in turns, as one may be set at any time."""
        while True:
            yield None
            if self.options.password:
                yield self.options.password

    def read_channels(self, client):
        with client.pubsub(ignore_subscribe_messages=False) as pubsub:
            pubsub.psubscribe("*")
            while True:
                message = pubsub.get_message(timeout=1)
                if message is None:
                    continue
                if message["type"] == "psubscribe":
                    self.subscribed.set()
                else:
                    self.take(message["channel"].decode(), message["data"])

    def read_streams(self, client):
        while True:
            found = client.xread(self.positions, count=500, block=500) or []
            self.subscribed.set()
            for stream, entries in found:
                for entry, fields in entries:
                    self.positions[stream.decode()] = entry
                    self.take(stream.decode().removesuffix(":history"), fields[b"envelope"])

    def take(self, channel, data):
        arrived_us = now_us()
        if channel.endswith(":frame"):
            return  # read, as a client would, but not judged
        envelope = json.loads(data)
        with self.lock:
            self.ledger.take(channel, envelope, arrived_us)

    def control(self, command, *arguments):
        with self.lock:
            return getattr(self.ledger, command)(now_us(), *arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--prefix", default="physiology")
    parser.add_argument("--password", help="tried beside none")
    parser.add_argument("--key_value", action="store_true", help="reads histories, not channels")
    subscriber = Subscriber(parser.parse_args())
    threading.Thread(target=subscriber.run, daemon=True).start()
    subscriber.subscribed.wait()
    print("subscribed", flush=True)
    for line in sys.stdin:
        reply = subscriber.control(*line.split())
        if reply is not None:
            print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
