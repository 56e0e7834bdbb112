#!/usr/bin/env python3
"""Takes the recording commands of a physiology_server in its place, asynchronously.

    physiology_server --use_camera --noredis_command_queue
    python3 command_queue_consumer.py --redis_host=localhost

Redis gives each command to one consumer only. --noredis_command_queue leaves all of them to this
program; without it, the server would take a part of them. Replace handle() by what your application
does with a command, such as SetRecording over gRPC (see grpc_client.py).

BRPOP with a blocking client would hold up everything else in the program for as long as the list is
empty; redis.asyncio takes a command at once while other tasks run. It requires the Debian package
python3-redis.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time

import redis.asyncio as redis


async def handle(command):
    """Executes a command. A stop of the program waits until it returns."""
    print(f"Received command: recording={command['recording']} "
          f"session_id={command.get('session_id')}", flush=True)


def parse(text):
    """Returns a command, or None if it is invalid or has expired."""
    try:
        command = json.loads(text)
        if not isinstance(command["recording"], bool):
            raise ValueError("recording is neither true nor false")
        if time.time() * 1e6 < (command.get("expires_at") or float("inf")):
            return command
        print("Dropped a command that has expired", file=sys.stderr)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"Dropped an invalid command: {error!r}", file=sys.stderr)
    return None


async def consume(client, keys, stopping):
    """Handles commands until `stopping` is set. Reconnects by itself."""
    while not stopping.is_set():
        try:
            # It ends by its timeout and is never cancelled: a command could be lost with it.
            taken = await client.brpop(keys, timeout=1)
        except (redis.RedisError, OSError) as error:
            print(f"Redis: {error}: reconnecting", file=sys.stderr, flush=True)
            await asyncio.sleep(0.5)
            continue
        command = parse(taken[1]) if taken else None
        if command:
            await handle(command)


async def run(options):
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    tls = {"ssl": True, "ssl_ca_certs": options.redis_tls_ca_path}
    client = redis.Redis(
        host=options.redis_host,
        port=options.redis_port,
        username=options.redis_username,
        password=password_of(options),
        db=options.redis_database,
        decode_responses=True,
        socket_connect_timeout=2.0,
        socket_timeout=5.0,
        socket_keepalive=True,
        **(tls if options.redis_tls_ca_path else {}),
    )
    prefix = options.redis_key_prefix
    try:
        await consume(client, [f"{prefix}:command_queue", f"{prefix}:metrics:command_queue"],
                      stopping)
    finally:
        await client.close()
        await client.connection_pool.disconnect()


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
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(run(parse_arguments()))
