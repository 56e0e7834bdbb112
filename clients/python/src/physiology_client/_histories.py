"""Histories and frames of a server in key-value mode, which may be on several nodes of a cluster."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncGenerator, Dict, Iterator, List, Optional, Sequence, Tuple

import redis

from ._merge import merge
from ._nodes import Connection, NodeClient
from ._partition import slot_of

# Interval at which the newest frame is read, in seconds.
FRAME_INTERVAL_S = 0.2
# Time for which one command waits for entries, in seconds.
WAIT_S = 0.5

# A stored message, and whether it is from before the connection; None when reading begins.
Stored = Optional[Tuple[bytes, bool]]


async def follow_histories(
    connection: Connection,
    keys: Sequence[str],
    read: Dict[str, str],
    *,
    since_ms: Optional[int] = None,
    frame_key: Optional[str] = None,
) -> AsyncGenerator[Stored, None]:
    """Yields None once, and what is added to histories; one that is read from the present on begins
    with the newest message of its key.

    :param keys: whose histories are `{key}:history`
    :param read: the last entry of each history, which is kept up to date
    :param since_ms: begins new histories at this time, instead of the present
    :param frame_key: of the frames, of which the newest one is read again and again
    :raises redis.RedisError: when a connection is lost
    """
    groups = await _groups(connection, keys)
    readers = [_follow(connection, group, read, since_ms) for group in groups]
    if frame_key:
        readers.append(_follow_frames(connection, frame_key))
    messages = merge(readers)
    try:
        async for message in messages:
            yield message
    finally:
        await messages.aclose()


async def _groups(connection: Connection, keys: Sequence[str]) -> Sequence[Sequence[str]]:
    """The keys whose histories one command can read: in a cluster, those of one slot."""
    if not keys:
        return []
    client = NodeClient(connection)
    try:
        histories = [f"{key}:history" for key in keys]
        await client.execute("XREAD", "COUNT", 1, "STREAMS", *histories, *["$" for _ in keys])
        return [keys]
    except redis.ResponseError as error:
        if "hash to the same slot" not in str(error):
            raise
        by_slot: Dict[int, List[str]] = {}
        for key in keys:
            by_slot.setdefault(slot_of(f"{key}:history"), []).append(key)
        return list(by_slot.values())
    finally:
        await client.close()


async def _follow(
    connection: Connection, keys: Sequence[str], read: Dict[str, str], since_ms: Optional[int]
) -> AsyncGenerator[Stored, None]:
    """Reads histories that are on one node."""
    client, latest = NodeClient(connection), NodeClient(connection)
    histories = [f"{key}:history" for key in keys]
    try:
        begun = [key for key, history in zip(keys, histories) if history not in read]
        for key in begun:
            read[f"{key}:history"] = await _start(client, f"{key}:history", since_ms)
        yield None
        # A history that is read from before now has the newest message as well, and in order.
        for key in begun if since_ms is None else []:  # maybe on another node than its history
            data = await latest.execute("GET", key)
            if data is not None:
                yield data, True
        await latest.close()
        while True:
            after = [read[history] for history in histories]
            reply = await client.execute(
                "XREAD", "BLOCK", int(1000 * WAIT_S), "STREAMS", *histories, *after
            )
            for entry, history, data in _by_time(reply or []):
                read[history] = entry
                yield data, False
    finally:
        await client.close()
        await latest.close()


async def _follow_frames(connection: Connection, key: str) -> AsyncGenerator[Stored, None]:
    client = NodeClient(connection)
    last = None
    try:
        yield None
        while True:
            frame = await client.execute("GET", key)
            if frame is not None and frame != last:
                yield frame, False
            last = frame
            await asyncio.sleep(FRAME_INTERVAL_S)
    finally:
        await client.close()


async def _start(client: NodeClient, history: str, since_ms: Optional[int]) -> str:
    """The entry after which a history is read."""
    if since_ms is not None:
        return f"{since_ms - 1}-{2**64 - 1}" if since_ms > 0 else "0-0"
    newest = await client.execute("XREVRANGE", history, "+", "-", "COUNT", 1)
    return str(newest[0][0].decode()) if newest else "0-0"


def _by_time(reply: Any) -> Iterator[Tuple[str, str, bytes]]:
    """The entries of several histories in the order of their ids: (id, history, envelope)."""
    entries = [
        (entry.decode(), history.decode(), fields[b"envelope"])
        for history, entries in reply
        for entry, fields in entries
    ]
    yield from sorted(entries, key=lambda each: [int(part) for part in each[0].split("-")])
