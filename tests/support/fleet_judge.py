"""Counts what redis-py receives of a fleet until stdin is closed, and prints it as JSON.

    fleet_judge.py PORT PATTERN
"""

import json
import select
import sys

import redis

port, pattern = sys.argv[1:]
client = redis.Redis(port=int(port))
pubsub = client.pubsub()
received, duplicates, latencies = set(), 0, []


def take(message, seconds):
    global duplicates
    if message is None or message["type"] != "pmessage":
        return
    envelope = json.loads(message["data"])
    metadata = envelope["payload"]["metadata"]
    key = (message["channel"].decode(), metadata["boot_id"], metadata["sequence"])
    duplicates += key in received
    received.add(key)
    latencies.append(seconds - envelope["timestamp"] / 1e6)


def now():
    seconds, microseconds = client.time()
    return seconds + microseconds / 1e6


pubsub.psubscribe(pattern)
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        take(pubsub.get_message(timeout=0.05), now())
    except redis.RedisError:
        pass
print(json.dumps({
    "received": len(received),
    "duplicates": duplicates,
    "series": len({key[:2] for key in received}),
    "smallest_latency_s": min(latencies, default=None),
}))
