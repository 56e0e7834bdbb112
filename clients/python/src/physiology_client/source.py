"""What a client reads from: Redis, or the page of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, AsyncIterator, Mapping, Optional, Sequence, Tuple, Type, Union

from ._envelopes import Topic

# What a client reads unless it names its topics. Edge metrics and frames cost the device bandwidth.
DEFAULT_TOPICS: Tuple[Topic, ...] = ("core_metrics", "status", "recording_state")
# The status is published at least every 5 s: a longer silence is a lost connection.
SILENCE_S = 15.0


@dataclass(frozen=True)
class Connected:
    """Everything from now on arrives."""


@dataclass(frozen=True)
class Received:
    """A message as it was published."""

    device: str
    data: Mapping[str, Any]
    # It was kept for clients that join, and is not new.
    kept: bool = False


@dataclass(frozen=True)
class Command:
    """A request to start or stop a recording."""

    recording: bool
    session_id: Optional[str] = None
    device: Optional[str] = None
    timeout_s: float = 6.0


class RecordingError(Exception):
    """A recording did not start or stop.

    :ivar outcome: "unconfirmed" (the device did not answer), "silent" (it is not running),
        "unreachable" (the broker is not reachable), or "refused"
    """

    def __init__(self, outcome: str, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome


class Source:
    """A connection to one or several devices."""

    @property
    def errors(self) -> Tuple[Type[BaseException], ...]:
        """What `connect` raises when the connection is lost."""
        raise NotImplementedError

    def connect(
        self, topics: Optional[Sequence[Topic]] = None
    ) -> AsyncIterator[Union[Connected, Received]]:
        """Connects and yields messages until the connection is lost.

        :param topics: instead of those of the source
        """
        raise NotImplementedError

    async def record(self, command: Command) -> None:
        """:raises RecordingError: unless the device confirmed it in time"""
        raise NotImplementedError
