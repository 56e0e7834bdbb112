"""Reads devices that publish to Redis."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import (
    Any,
    AsyncGenerator,
    Dict,
    Literal,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
    Union,
)

import redis
import redis.asyncio

from ._channels import follow_channels, lease_frames
from ._envelopes import COMMAND_QUEUES, TOPICS, Topic
from ._histories import follow_histories
from ._nodes import Connection, execute, find_master
from ._partition import tagged_prefix, untagged_prefix
from .source import (
    DEFAULT_TOPICS,
    SILENCE_S,
    Command,
    Connected,
    Received,
    RecordingError,
    Source,
)

Mode = Literal["pubsub", "sharded", "history"]
LOG = logging.getLogger("physiology_client")


class RedisSource(Source):
    """Devices whose server runs with `--streaming_backend=redis`, the default.

    :param key_prefix: of the server (`--redis_key_prefix`). A pattern such as `ward-*` reads all
        devices whose prefix matches, in the mode "pubsub".
    :param mode: "pubsub"; "sharded" for a server with `--redis_sharded_publish`, whose host may be
        any node of a cluster; or "history" for one with `--noredis_use_pubsub`. A history also has
        what was published while this client was not connected.
    :param partitions: of the server (`--redis_partitions`)
    :param sentinels: addresses of Sentinels, which know the server by `sentinel_name` instead of
        `host` and `port`, and their password
    :param since_ms: begins with the history from this time on, in milliseconds since the Unix
        epoch, instead of the present
    :param tls_ca_path: connects with TLS and trusts the CA certificates of this file
    :param silence_s: time without any reply after which the connection is renewed
    """

    def __init__(
        self,
        host: str = "localhost",
        port: int = 6379,
        *,
        key_prefix: str = "physiology",
        username: Optional[str] = None,
        password: Optional[str] = None,
        database: int = 0,
        tls_ca_path: Optional[str] = None,
        topics: Sequence[Topic] = DEFAULT_TOPICS,
        mode: Mode = "pubsub",
        partitions: int = 0,
        sentinels: Sequence[Tuple[str, int]] = (),
        sentinel_name: str = "mymaster",
        sentinel_password: Optional[str] = None,
        since_ms: Optional[int] = None,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.key_prefix = key_prefix
        self.topics = tuple(topics)
        self.mode = mode
        self.partitions = partitions
        self._prefix = tagged_prefix(key_prefix, partitions)
        self.is_pattern = any(character in key_prefix for character in "*?[")
        if self.is_pattern and mode != "pubsub":
            raise ValueError(f"A pattern of prefixes needs the mode pubsub: current value is {mode}")
        self._sentinels = (sentinel_name, tuple(sentinels), sentinel_password)
        self._since_ms = since_ms
        self._silence_s = silence_s
        self._read: Dict[str, str] = {}  # the last entry of each history
        self._connection: Connection = {
            "host": host,
            "port": port,
            "username": username,
            "password": password,
            "db": database,
            "socket_connect_timeout": 5.0,
            "socket_timeout": silence_s,
            "socket_keepalive": True,
            **({"ssl": True, "ssl_ca_certs": tls_ca_path} if tls_ca_path else {}),
        }

    @property
    def errors(self) -> Tuple[Type[BaseException], ...]:
        return (redis.RedisError, OSError, asyncio.TimeoutError)

    async def connect(
        self, topics: Optional[Sequence[Topic]] = None
    ) -> AsyncGenerator[Union[Connected, Received], None]:
        chosen = self.topics if topics is None else tuple(topics)
        # `record` reads only what happens from now on, and leaves the place of the client alone.
        read = self._read if topics is None else {}
        connection = await self._find()
        messages = (
            self._follow_histories(connection, chosen, read)
            if self.mode == "history"
            else self._follow_channels(connection, chosen)
        )
        try:
            async for message in messages:
                yield message
        finally:
            await messages.aclose()

    async def record(self, command: Command) -> None:
        device = command.device or self.key_prefix
        if any(character in device for character in "*?["):
            raise ValueError("A recording needs the name of its device")
        source = RedisSource(
            key_prefix=device,
            mode=self.mode,
            partitions=self.partitions,
            topics=("recording_state", "status"),
        )
        source._connection = self._connection
        source._sentinels = self._sentinels
        try:
            await asyncio.wait_for(source._confirm(command), command.timeout_s)
        except asyncio.TimeoutError:
            raise RecordingError("unconfirmed", f"{device} did not answer the command") from None
        except self.errors as error:
            raise RecordingError("unreachable", f"Redis is not reachable: {error}") from error

    async def _confirm(self, command: Command) -> None:
        """Sends a command when the answer can be received, and waits for it."""
        messages = self.connect(self.topics)
        try:
            async for message in messages:
                if isinstance(message, Connected):
                    # A command that waits while the server is away must not be executed later.
                    expires_at = int((time.time() + command.timeout_s) * 1e6)
                    request: Dict[str, Any] = {
                        "recording": command.recording,
                        **({"session_id": command.session_id} if command.session_id else {}),
                        "expires_at": expires_at,
                    }
                    key = f"{self._prefix}:{COMMAND_QUEUES[0]}"
                    await execute(await self._find(), "LPUSH", key, json.dumps(request))
                elif not message.kept and _agrees(message.data, command):
                    return
        finally:
            await messages.aclose()
        raise redis.ConnectionError("The connection was lost")

    async def _find(self) -> Connection:
        """The connection to the server; with Sentinels, to the present master."""
        name, sentinels, password = self._sentinels
        if not sentinels:
            return self._connection
        return await find_master(self._connection, name, sentinels, password)

    async def _follow_channels(
        self, connection: Connection, topics: Sequence[Topic]
    ) -> AsyncGenerator[Union[Connected, Received], None]:
        command = "SSUBSCRIBE" if self.mode == "sharded" else "SUBSCRIBE"
        command = "PSUBSCRIBE" if self.is_pattern else command
        channels = [f"{self._prefix}:{topic}" for topic in topics]
        leasing = "frame" in topics and not self.is_pattern
        lease = asyncio.ensure_future(
            lease_frames(connection, self._prefix) if leasing else asyncio.sleep(0)
        )
        items = follow_channels(connection, command, channels, self._silence_s)
        try:
            async for item in items:
                received = self._received(*item) if item else Connected()
                if received:
                    yield received
        finally:
            lease.cancel()
            await items.aclose()

    def _received(self, channel: bytes, data: bytes) -> Optional[Received]:
        prefix, _, _ = channel.decode().rpartition(":")
        return _parse(untagged_prefix(prefix), data)

    async def _follow_histories(
        self, connection: Connection, topics: Sequence[Topic], read: Dict[str, str]
    ) -> AsyncGenerator[Union[Connected, Received], None]:
        messages = follow_histories(
            connection,
            sorted(f"{self._prefix}:{topic}" for topic in set(topics) - {"frame"}),
            read,
            since_ms=self._since_ms,
            frame_key=f"{self._prefix}:frame" if "frame" in topics else None,
        )
        try:
            async for message in messages:
                received = _parse(self.key_prefix, *message) if message else Connected()
                if received:
                    yield received
        finally:
            await messages.aclose()


def _parse(device: str, data: Optional[bytes], kept: bool = False) -> Optional[Received]:
    """Returns None for a message that is not a JSON object."""
    if data is None:
        return None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return Received(device, value, kept)
    LOG.warning("Ignored a message of %s that is not a JSON object", device)
    return None


def _agrees(data: Mapping[str, Any], command: Command) -> bool:
    payload = data.get("payload")
    if data.get("type") not in TOPICS or not isinstance(payload, dict):
        return False
    if payload.get("recording") is not command.recording:
        return False
    late = (payload.get("metadata") or {}).get("replayed")
    same = not command.session_id or payload.get("session_id") == command.session_id
    return not late and (same or not command.recording)
