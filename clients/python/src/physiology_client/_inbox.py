"""What waits between a connection and the program that reads from it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import Deque, Hashable

from ._envelopes import Envelope

# Envelopes that wait for the program; a minute of all metrics at 30 frames per second. *Chosen.*
CAPACITY = 2048
# Messages of which a repetition is recognized: ten minutes of all metrics. *Chosen.*
REMEMBERED = 20_000


class Inbox:
    """Envelopes in order, and of the frames of a device only the newest.

    A full inbox makes the connection wait for a program that reads from it. It drops the oldest
    envelopes, counted, while the program has never read: it uses only the latest state.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.dropped = 0
        self._capacity = capacity
        self._waiting: Deque[Envelope] = deque()
        self._changed = asyncio.Condition()
        self._reading = False

    async def put(self, envelope: Envelope) -> None:
        async with self._changed:
            if envelope.type == "frame":
                self._drop_frame(envelope.device)
            if not self._reading and len(self._waiting) >= self._capacity:
                self._waiting.popleft()
                self.dropped += 1
            await self._changed.wait_for(lambda: len(self._waiting) < self._capacity)
            self._waiting.append(envelope)
            self._changed.notify_all()

    async def get(self) -> Envelope:
        self._reading = True
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._waiting) > 0)
            envelope = self._waiting.popleft()
            self._changed.notify_all()
            return envelope

    def _drop_frame(self, device: str) -> None:
        for waiting in self._waiting:
            if waiting.type == "frame" and waiting.device == device:
                self._waiting.remove(waiting)
                self.dropped += 1
                return


class Repetitions:
    """Recognizes messages that arrive again, as after a lost acknowledgement or connection."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._seen: OrderedDict[Hashable, None] = OrderedDict()
        self._remembered = remembered

    def is_new(self, envelope: Envelope) -> bool:
        """Returns False for a message that arrived before."""
        if envelope.type == "frame":
            return True  # Frames are never sent again.
        key: Hashable
        if envelope.type == "core_metrics" or envelope.type == "edge_metrics":
            metadata = envelope.payload.metadata
            key = (envelope.device, envelope.type, metadata.boot_id, metadata.sequence)
        else:
            key = (envelope.device, envelope.type, envelope.timestamp)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return True
