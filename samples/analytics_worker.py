#!/usr/bin/env python3
"""One of several workers that share the core metrics of a server in key-value mode.

    physiology_server --use_camera --noredis_use_pubsub
    python3 analytics_worker.py --redis_host=localhost --consumer=worker-1

The workers are a consumer group of the history: each entry goes to one of them, and stays pending
until it is acknowledged. If a worker is killed, another one claims its pending entries. An entry
may therefore be processed twice: make process() idempotent, by boot_id and sequence. It requires
the package physiology-client (clients/python).
"""

import argparse
import json
import os
import socket
import sys
import time

import redis
from physiology_client import EnvelopeError, decode_envelope
from physiology_client.cli import add_redis_arguments, redis_connection


def process(envelope):
    """Replace this by your analysis."""
    pulse = envelope.payload.pulse
    strict = pulse.strict if pulse else None
    metadata = envelope.payload.metadata
    print(f"{metadata.boot_id} {metadata.sequence}: {strict.value if strict else 'withheld'}",
          flush=True)


def work(client, stream, options):
    """Processes and acknowledges entries until the connection is lost."""
    try:
        client.xgroup_create(stream, options.group, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise
    claim_at = 0.0
    while True:
        entries = []
        if time.monotonic() >= claim_at:  # Entries of workers that were killed.
            claim_at = time.monotonic() + options.claim_after_s / 2
            entries = client.xautoclaim(stream, options.group, options.consumer,
                                        int(options.claim_after_s * 1000), count=100)[1]
            if entries:
                print(f"Claimed {len(entries)} entries", flush=True)
        for _, new in client.xreadgroup(options.group, options.consumer, {stream: ">"},
                                        count=100, block=1 if entries else 1000) or []:
            entries += new
        for entry, fields in entries:
            try:
                process(decode_envelope(json.loads(fields[b"envelope"])))
            except (EnvelopeError, ValueError, KeyError) as error:
                print(f"Ignored the entry {entry}: {error}", file=sys.stderr)
            client.xack(stream, options.group, entry)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_redis_arguments(parser)
    parser.add_argument("--group", default="analytics")
    parser.add_argument("--consumer", default=f"{socket.gethostname()}-{os.getpid()}")
    parser.add_argument("--claim_after_s", type=float, default=30.0)
    options = parser.parse_args()
    client = redis.Redis(**redis_connection(options), socket_timeout=10)
    while True:
        try:
            work(client, f"{options.redis_key_prefix}:core_metrics:history", options)
        except (redis.RedisError, OSError) as error:
            print(f"Redis: {error}: reconnecting", file=sys.stderr, flush=True)
            time.sleep(1)


if __name__ == "__main__":
    main()
