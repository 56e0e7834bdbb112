"""Clients that read envelopes, reconnect by themselves, and know the present state."""

from __future__ import annotations

import asyncio
import logging
import threading
from types import TracebackType
from typing import (
    Any,
    AsyncIterator,
    Coroutine,
    Dict,
    Iterator,
    Optional,
    Type,
    TypeVar,
)

from ._decode import EnvelopeError
from ._envelopes import Envelope, decode_envelope
from ._inbox import Inbox, Repetitions
from .latest import STALE_AFTER_S, Latest
from .source import Command, Connected, Received, Source

# Pause before a further attempt to connect, in seconds: the first one, and the longest.
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
LOG = logging.getLogger("physiology_client")
T = TypeVar("T")


class AsyncPhysiologyClient:
    """Reads the envelopes of one or several devices.

    It connects when it is entered, and again whenever the connection is lost. An envelope that
    arrives twice is yielded once.

    :param source: `RedisSource` or `WebSocketSource`
    :param stale_after_s: silence after which values are not shown any more, in seconds
    """

    def __init__(self, source: Source, *, stale_after_s: float = STALE_AFTER_S) -> None:
        # True while envelopes can arrive.
        self.connected = False
        # The state of each device that has sent anything, by its name.
        self.devices: Dict[str, Latest] = {}
        self._source = source
        self._stale_after_s = stale_after_s
        self._inbox = Inbox()
        self._repetitions = Repetitions()
        self._following: Optional[asyncio.Task[None]] = None

    @property
    def latest(self) -> Latest:
        """The state of the device.

        :raises ValueError: if there are several; use `devices`
        """
        if len(self.devices) > 1:
            raise ValueError(f"There are {len(self.devices)} devices: use devices[NAME]")
        return next(iter(self.devices.values()), Latest(self._stale_after_s))

    @property
    def dropped(self) -> int:
        """Envelopes that were not read in time: replaced frames, and others if none are read."""
        return self._inbox.dropped

    async def receive(self, timeout_s: Optional[float] = None) -> Optional[Envelope]:
        """Returns the next envelope, or None if there is none in time."""
        try:
            return await asyncio.wait_for(self._inbox.get(), timeout_s)
        except asyncio.TimeoutError:
            return None

    async def record(
        self,
        recording: bool,
        *,
        session_id: Optional[str] = None,
        device: Optional[str] = None,
        timeout_s: float = 6.0,
    ) -> None:
        """Starts or stops a recording, and returns when the device has confirmed it.

        :param session_id: its name; chosen by the server by default
        :param device: needed if the source reads several devices
        :raises RecordingError: unless it was confirmed in time; the command then expires
        """
        await self._source.record(Command(recording, session_id, device, timeout_s))

    def __aiter__(self) -> AsyncIterator[Envelope]:
        return self

    async def __anext__(self) -> Envelope:
        return await self._inbox.get()

    async def __aenter__(self) -> AsyncPhysiologyClient:
        self._following = asyncio.ensure_future(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._following and not self._following.done():
            # Libraries may swallow a cancellation that meets a result.
            self._following.cancel()
            await asyncio.wait([self._following], timeout=0.1)
        self.connected = False

    async def _follow(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                async for message in self._source.connect():
                    if isinstance(message, Connected):
                        LOG.info("Connected")
                        self.connected = True
                        pause = FIRST_PAUSE_S
                    else:
                        await self._take(message)
                LOG.warning("No message for a long time: reconnecting")
            except self._source.errors as error:
                LOG.warning("Connection lost: reconnecting: %s", error)
            self.connected = False
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _take(self, message: Received) -> None:
        try:
            envelope = decode_envelope(message.data, message.device)
        except EnvelopeError as error:
            LOG.warning("Ignored a message of %s: %s", message.device, error)
            return
        if not self._repetitions.is_new(envelope):
            return
        metadata = getattr(envelope.payload, "metadata", None)
        late = message.kept or bool(metadata and metadata.replayed)
        if message.device not in self.devices:
            self.devices[message.device] = Latest(self._stale_after_s)
        self.devices[message.device].take(envelope, late)
        await self._inbox.put(envelope)


class PhysiologyClient:
    """As `AsyncPhysiologyClient`, without asyncio.

    It reads in a thread of its own, also in programs and notebooks that run an event loop.
    """

    def __init__(self, source: Source, *, stale_after_s: float = STALE_AFTER_S) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = self._call(_create(source, stale_after_s))

    @property
    def connected(self) -> bool:
        """True while envelopes can arrive."""
        return self._client.connected

    @property
    def devices(self) -> Dict[str, Latest]:
        """The state of each device that has sent anything, by its name."""
        return dict(self._client.devices)

    @property
    def latest(self) -> Latest:
        """The state of the device.

        :raises ValueError: if there are several; use `devices`
        """
        return self._client.latest

    @property
    def dropped(self) -> int:
        """Envelopes that were not read in time: replaced frames, and others if none are read."""
        return self._client.dropped

    def receive(self, timeout_s: Optional[float] = None) -> Optional[Envelope]:
        """Returns the next envelope, or None if there is none in time."""
        return self._call(self._client.receive(timeout_s))

    def record(
        self,
        recording: bool,
        *,
        session_id: Optional[str] = None,
        device: Optional[str] = None,
        timeout_s: float = 6.0,
    ) -> None:
        """Starts or stops a recording, and returns when the device has confirmed it.

        :raises RecordingError: unless it was confirmed in time; the command then expires
        """
        self._call(
            self._client.record(
                recording, session_id=session_id, device=device, timeout_s=timeout_s
            )
        )

    def __iter__(self) -> Iterator[Envelope]:
        while True:
            yield self._call(self._client.__anext__())

    def __enter__(self) -> PhysiologyClient:
        self._call(self._client.__aenter__())
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self._call(self._client.__aexit__())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:  # Ctrl-C, while it waits
            future.cancel()
            raise


async def _create(source: Source, stale_after_s: float) -> AsyncPhysiologyClient:
    # In the event loop, as Python 3.9 binds conditions to the loop in which they are created.
    return AsyncPhysiologyClient(source, stale_after_s=stale_after_s)
