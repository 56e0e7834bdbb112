#!/usr/bin/env python3
r"""One of several workers that share the core metrics of a fleet in key-value mode.

    physiology_server --use_camera --noredis_use_pubsub --redis_host=node-1 --redis_tls \
      --redis_key_prefix=ward-1
    python3 analytics_worker.py --redis_host=node-1 --redis_tls --devices='ward-*'

The workers are a consumer group of each device's stream: each entry goes to one of them, and stays
pending until it is acknowledged. Entries of a worker that dies are claimed by another one after
--claim_after_s. What process() returns is stored exactly once for each boot id and sequence number:
one script stores it, remembers the message for --window_s, and acknowledges the entry. process()
itself may run again after a worker was killed, so it must have no other effect. It requires redis-py,
and Redis or Valkey 7.
"""

import argparse
import json
import os
import socket
import sys
import time

import redis

STORE = """
local new = redis.call('ZADD', KEYS[2], 'NX', ARGV[3], ARGV[4])
if new == 1 then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', 'message', ARGV[4], 'result', ARGV[5])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3] - ARGV[7])
end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return new
"""


def process(envelope):
    """Replace this by your analysis; the result is a text."""
    strict = envelope["payload"].get("pulse", {}).get("strict")
    return json.dumps({"pulse": strict["value"] if strict else None})


def store(client, stream, entry, fields, options):
    """Stores the result of an entry and acknowledges it, both or neither."""
    try:
        envelope = json.loads(fields[b"envelope"])
        metadata = envelope["payload"]["metadata"]
        message = f"{metadata['boot_id']} {metadata['sequence']}"
        result = process(envelope)
    except (ValueError, KeyError, TypeError) as error:
        print(f"Ignored the entry {entry.decode()} of {stream}: {error!r}", file=sys.stderr)
        client.xack(stream, options.group, entry)
        return
    # What is in braces keeps the keys on the cluster node of the stream.
    name = stream if stream.startswith("{") else f"{{{stream}}}"
    keys = stream, f"{name}:{options.group}:seen", f"{name}:{options.group}:results"
    client.eval(STORE, 3, *keys, options.group, entry, envelope["timestamp"] // 1000, message,
                result, options.max_results, int(options.window_s * 1000))


def streams_of(client, options):
    """Returns the streams of the devices, each with the group."""
    names = client.scan_iter(f"{options.devices}:core_metrics:history", count=1000)
    streams = sorted(name.decode() for name in names)
    for stream in streams:
        try:
            client.xgroup_create(stream, options.group, id="0")
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
    return streams


def batches_of(streams, options):
    """Groups the streams that one command can read: in a cluster, those of one partition."""
    batches = {}
    for stream in streams:
        partition = stream.partition("}")[0] if stream.startswith("{") else stream
        batches.setdefault(partition if options.redis_cluster else "", []).append(stream)
    return list(batches.values())


def work(client, options):
    """Processes entries until the connection is lost."""
    batches, search_at, claim_at = [], 0.0, 0.0
    while True:
        if time.monotonic() >= search_at:
            search_at = time.monotonic() + options.search_interval_s
            batches = batches_of(streams_of(client, options), options)
        pending = time.monotonic() >= claim_at
        if pending:  # Entries of workers that died.
            claim_at = time.monotonic() + options.claim_after_s / 2
        found = 0
        for streams in batches:
            taken = []
            for stream in streams if pending else []:
                idle_ms = int(options.claim_after_s * 1000)
                taken.append((stream, client.xautoclaim(stream, options.group, options.consumer,
                                                        idle_ms, count=100)[1]))
            new = client.xreadgroup(options.group, options.consumer, dict.fromkeys(streams, ">"),
                                    count=100)
            taken += [(stream.decode(), entries) for stream, entries in new or []]
            for stream, entries in taken:
                for entry, fields in entries:
                    if fields:  # None: the server has trimmed the entry.
                        store(client, stream, entry, fields, options)
                found += len(entries)
        if found == 0:
            time.sleep(options.poll_s)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--redis_host", default="localhost")
    parser.add_argument("--redis_port", type=int, default=6379)
    parser.add_argument("--redis_username")
    parser.add_argument("--redis_password_file", type=argparse.FileType())
    parser.add_argument("--redis_tls", action="store_true")
    parser.add_argument("--redis_cluster", action="store_true")
    parser.add_argument("--devices", default="*", help="prefixes of the devices, as a pattern")
    parser.add_argument("--group", default="analytics")
    parser.add_argument("--consumer", default=f"{socket.gethostname()}-{os.getpid()}")
    parser.add_argument("--claim_after_s", type=float, default=30.0)
    parser.add_argument("--window_s", type=float, default=3600.0)
    parser.add_argument("--max_results", type=int, default=100_000)
    parser.add_argument("--search_interval_s", type=float, default=5.0)
    parser.add_argument("--poll_s", type=float, default=0.2)
    options = parser.parse_args()
    password = options.redis_password_file and options.redis_password_file.read().strip()
    connect = redis.RedisCluster if options.redis_cluster else redis.Redis
    while True:
        try:
            work(connect(host=options.redis_host, port=options.redis_port,
                         username=options.redis_username,
                         password=password, ssl=options.redis_tls, socket_timeout=10), options)
        except (redis.RedisError, redis.exceptions.RedisClusterException, OSError) as error:
            print(f"Redis: {error}: reconnecting", file=sys.stderr, flush=True)
            time.sleep(1)


if __name__ == "__main__":
    main()
