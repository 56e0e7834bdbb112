"""Subscriptions of channels, of which each may be on another node of a cluster."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import AsyncGenerator, Dict, List, Optional, Sequence, Tuple

import redis
import redis.asyncio

from ._merge import merge
from ._nodes import MAX_REDIRECTIONS, Connection, execute, moved
from ._partition import slot_of

# Time for which one command waits for messages, in seconds.
WAIT_S = 0.5
# Time for which a server sends frames after the last renewal, in seconds.
LEASE_S = 10
LOG = logging.getLogger("physiology_client")
_SUBSCRIBED = ("subscribe", "psubscribe", "ssubscribe")
_MESSAGES = ("message", "pmessage", "smessage")

# A channel and its message; None when all channels of a connection are subscribed.
Item = Optional[Tuple[bytes, bytes]]


async def follow_channels(
    connection: Connection, command: str, channels: Sequence[str], silence_s: float
) -> AsyncGenerator[Item, None]:
    """Yields None once it has subscribed to all channels, and messages, until the connection ends.

    :param command: "SUBSCRIBE", "PSUBSCRIBE", or "SSUBSCRIBE", with a connection for each slot
    :param silence_s: time without any reply after which a connection is lost
    :raises redis.RedisError: when a connection is lost
    """
    by_slot: Dict[int, List[str]] = {}
    for channel in channels:
        by_slot.setdefault(slot_of(channel) if command == "SSUBSCRIBE" else 0, []).append(channel)
    items = merge([_follow(connection, command, each, silence_s) for each in by_slot.values()])
    try:
        async for item in items:
            yield item
    finally:
        await items.aclose()


async def lease_frames(connection: Connection, prefix: str) -> None:
    """Shows the server that a client reads its frames: in a cluster, it cannot count subscribers."""
    while True:
        try:
            await execute(connection, "SET", f"{prefix}:frame:demand", 1, "EX", LEASE_S)
        except (redis.RedisError, OSError) as error:
            # Without the permission, the server still counts subscribers outside a cluster.
            LOG.debug("Cannot set the lease of frames: %s", error)
        await asyncio.sleep(LEASE_S / 3)


async def _follow(
    connection: Connection, command: str, channels: List[str], silence_s: float
) -> AsyncGenerator[Item, None]:
    """Reads channels at the node of a cluster that has them."""
    for _ in range(MAX_REDIRECTIONS):
        items = _read(connection, command, channels, silence_s)
        try:
            async for item in items:
                yield item
        except redis.ResponseError as error:
            connection = moved(connection, error)
        finally:
            await items.aclose()
    raise redis.ConnectionError(f"The node of {channels[0]} was not found")


async def _read(
    connection: Connection, command: str, channels: List[str], silence_s: float
) -> AsyncGenerator[Item, None]:
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
                yield message["channel"], message["data"]
            elif message["type"] in _SUBSCRIBED:
                confirmed += 1
                if confirmed == len(channels):
                    yield None
            elif message["type"] == "sunsubscribe":
                raise redis.ConnectionError(f"{channels[0]} was moved to another node")
    finally:
        await pubsub.reset()
        await client.connection_pool.disconnect()
