"""Connections to the nodes of a Redis: one, those of a cluster, or the master of Sentinels."""

from __future__ import annotations

import re
from typing import Any, Dict, Optional, Sequence, Tuple

import redis
import redis.asyncio
import redis.asyncio.sentinel

# The parameters of `redis.asyncio.Redis`.
Connection = Dict[str, Any]
# Nodes to which a command is redirected at most.
MAX_REDIRECTIONS = 3


class NodeClient:
    """Executes commands on the node of a cluster that has their keys."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = redis.asyncio.Redis(**connection)

    async def execute(self, command: str, *arguments: Any) -> Any:
        for _ in range(MAX_REDIRECTIONS):
            try:
                return await self._client.execute_command(command, *arguments)
            except redis.ResponseError as error:
                self._connection = moved(self._connection, error)
            await self.close()
            self._client = redis.asyncio.Redis(**self._connection)
        raise redis.ConnectionError(f"The node for {command} was not found")

    async def close(self) -> None:
        await self._client.connection_pool.disconnect()


async def execute(connection: Connection, command: str, *arguments: Any) -> Any:
    """Executes one command on the node of a cluster that has its key."""
    client = NodeClient(connection)
    try:
        return await client.execute(command, *arguments)
    finally:
        await client.close()


def moved(connection: Connection, error: Exception) -> Connection:
    """The connection to the node that a cluster names.

    :raises Exception: the error, if it is another one
    """
    found = re.search(r"(?:MOVED )?\d+ (\S*):(\d+)$", str(error))
    if not found:
        raise error
    host, port = found.groups()
    return {**connection, "host": host or connection["host"], "port": int(port)}


async def find_master(
    connection: Connection, name: str, sentinels: Sequence[Tuple[str, int]], password: Optional[str]
) -> Connection:
    """The connection to the master that Sentinels know by a name.

    :param password: of the Sentinels
    :raises redis.ConnectionError: if no Sentinel knows it
    """
    shared = ("socket_connect_timeout", "socket_timeout", "ssl", "ssl_ca_certs")
    options = {key: connection[key] for key in shared if key in connection}
    finder = redis.asyncio.sentinel.Sentinel(
        sentinels, sentinel_kwargs={**options, "password": password}
    )
    try:
        host, port = await finder.discover_master(name)
    finally:
        for each in finder.sentinels:
            await each.connection_pool.disconnect()
    return {**connection, "host": host, "port": port}
