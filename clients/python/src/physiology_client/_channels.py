"""Subscriptions of channels, of which each may be on another node of a cluster."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from typing import Any, AsyncGenerator, Dict, List, Optional, Sequence, Tuple

import redis
import redis.asyncio

from ._partition import slot_of

# Time for which one command waits for messages, in seconds.
WAIT_S = 0.5
# Nodes to which a command is redirected at most.
MAX_REDIRECTIONS = 3
# Time for which a server sends frames after the last renewal, in seconds.
LEASE_S = 10
LOG = logging.getLogger("physiology_client")
_SUBSCRIBED = ("subscribe", "psubscribe", "ssubscribe")
_MESSAGES = ("message", "pmessage", "smessage")

# A channel and its message; None when all channels of a connection are subscribed.
Item = Optional[Tuple[bytes, bytes]]


async def follow_channels(
    connection: Dict[str, Any], command: str, channels: Sequence[str], silence_s: float
) -> AsyncGenerator[Item, None]:
    """Yields None once it has subscribed to all channels, and messages, until the connection ends.

    :param command: "SUBSCRIBE", "PSUBSCRIBE", or "SSUBSCRIBE", with a connection for each slot
    :param silence_s: time without any reply after which a connection is lost
    :raises redis.RedisError: when a connection is lost
    """
    by_slot: Dict[int, List[str]] = {}
    for channel in channels:
        by_slot.setdefault(slot_of(channel) if command == "SSUBSCRIBE" else 0, []).append(channel)
    groups = list(by_slot.values())
    queue: asyncio.Queue[Any] = asyncio.Queue(1)
    tasks = [
        asyncio.ensure_future(_follow(connection, command, group, silence_s, queue))
        for group in groups
    ]
    subscribed = 0
    try:
        while True:
            item = await queue.get()
            if isinstance(item, BaseException):
                raise item
            subscribed += item is None
            if item is not None or subscribed == len(groups):
                yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=1)


async def execute(connection: Dict[str, Any], command: str, key: str, *arguments: Any) -> None:
    """Executes a command on the node of a cluster that has the key."""
    for _ in range(MAX_REDIRECTIONS):
        client = redis.asyncio.Redis(**connection)
        try:
            await client.execute_command(command, key, *arguments)
            return
        except redis.ResponseError as error:
            connection = _moved(connection, error)
        finally:
            await client.connection_pool.disconnect()
    raise redis.ConnectionError(f"The node of {key} was not found")


async def lease_frames(connection: Dict[str, Any], prefix: str) -> None:
    """Shows the server that a client reads its frames: in a cluster, it cannot count subscribers."""
    while True:
        try:
            await execute(connection, "SET", f"{prefix}:frame:demand", 1, "EX", LEASE_S)
        except (redis.RedisError, OSError) as error:
            # Without the permission, the server still counts subscribers outside a cluster.
            LOG.debug("Cannot set the lease of frames: %s", error)
        await asyncio.sleep(LEASE_S / 3)


async def _follow(
    connection: Dict[str, Any],
    command: str,
    channels: List[str],
    silence_s: float,
    queue: asyncio.Queue[Any],
) -> None:
    """Passes messages on, and the error that ends it."""
    try:
        for _ in range(MAX_REDIRECTIONS):
            try:
                await _read(connection, command, channels, silence_s, queue)
            except redis.ResponseError as error:
                connection = _moved(connection, error)
        raise redis.ConnectionError(f"The node of {channels[0]} was not found")
    except Exception as error:  # The reader raises it.
        await queue.put(error)


async def _read(
    connection: Dict[str, Any],
    command: str,
    channels: List[str],
    silence_s: float,
    queue: asyncio.Queue[Any],
) -> None:
    client = redis.asyncio.Redis(**connection)
    pubsub = client.pubsub()
    try:
        # As a command, as older versions of redis-py have no ssubscribe().
        await pubsub.execute_command(command, *channels)
        confirmed = 0
        last = pinged = time.monotonic()
        while True:
            message = await pubsub.get_message(timeout=WAIT_S)
            now = time.monotonic()
            if message is None:
                if now - last > silence_s:
                    raise redis.ConnectionError(f"No reply for {silence_s:g} s")
                if now - max(last, pinged) > silence_s / 3:
                    pinged = now
                    await pubsub.ping()
                continue
            last = now
            if message["type"] in _MESSAGES:
                await queue.put((message["channel"], message["data"]))
            elif message["type"] in _SUBSCRIBED:
                confirmed += 1
                if confirmed == len(channels):
                    await queue.put(None)
            elif message["type"] == "sunsubscribe":
                raise redis.ConnectionError(f"{channels[0]} was moved to another node")
    finally:
        await pubsub.reset()
        await client.connection_pool.disconnect()


def _moved(connection: Dict[str, Any], error: Exception) -> Dict[str, Any]:
    """The connection to the node that a cluster names.

    :raises Exception: the error, if it is another one
    """
    moved = re.search(r"(?:MOVED )?\d+ (\S*):(\d+)$", str(error))
    if not moved:
        raise error
    host, port = moved.groups()
    return {**connection, "host": host or connection["host"], "port": int(port)}
