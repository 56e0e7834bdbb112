"""The present state of a device."""

from __future__ import annotations

import time
from typing import Callable, Optional

from ._envelopes import (
    CoreMetricsEnvelope,
    EdgeMetricsEnvelope,
    Envelope,
    FrameEnvelope,
    RecordingStateEnvelope,
    StatusEnvelope,
    Strict,
)

# Silence of the device after which its values are not shown any more, in seconds.
STALE_AFTER_S = 5.0


class Latest:
    """The newest message of each type of one device, and whether its values are still valid.

    `pulse` and `breathing` are None while the server withholds them, and when they are stale: then
    `reason()` is why. A value that was measured before this client connected is stale until the
    device sends the next one.
    """

    def __init__(
        self,
        stale_after_s: float = STALE_AFTER_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.core_metrics: Optional[CoreMetricsEnvelope] = None
        self.edge_metrics: Optional[EdgeMetricsEnvelope] = None
        self.status: Optional[StatusEnvelope] = None
        self.recording_state: Optional[RecordingStateEnvelope] = None
        self.frame: Optional[FrameEnvelope] = None
        self._stale_after_s = stale_after_s
        self._monotonic = monotonic
        # When `core_metrics` arrived; None if it was late.
        self._arrived: Optional[float] = None

    @property
    def age_s(self) -> Optional[float]:
        """Time since the newest core metrics arrived, in seconds; None before the first."""
        return None if self._arrived is None else self._monotonic() - self._arrived

    @property
    def is_stale(self) -> bool:
        """True before the first core metrics, and when the device is silent."""
        age = self.age_s
        return age is None or age > self._stale_after_s

    @property
    def pulse(self) -> Optional[Strict]:
        """The pulse to show to a person, in beats/min."""
        core = None if self.is_stale else self.core_metrics
        return core.payload.pulse.strict if core and core.payload.pulse else None

    @property
    def breathing(self) -> Optional[Strict]:
        """The breathing rate to show to a person, in breaths/min."""
        core = None if self.is_stale else self.core_metrics
        return core.payload.breathing.strict if core and core.payload.breathing else None

    @property
    def recording(self) -> Optional[bool]:
        """Whether a session is recorded, by the newer of recording state and status."""
        state, status = self.recording_state, self.status
        if state and (status is None or state.timestamp >= status.timestamp):
            return state.payload.recording
        return status.payload.recording if status else None

    def reason(self, vital: str) -> Optional[str]:
        """Why `pulse` or `breathing` is None: "stale" or a reason of the server; None if it is not.

        :param vital: "pulse" or "breathing"
        """
        if self.is_stale:
            return "stale"
        withheld = self.core_metrics.payload.withheld if self.core_metrics else None
        if vital == "pulse":
            return withheld.pulse if withheld else None
        if vital == "breathing":
            return withheld.breathing if withheld else None
        raise ValueError(f"vital must be pulse or breathing: current value is {vital}")

    def take(self, envelope: Envelope, late: bool = False) -> None:
        """Keeps an envelope.

        :param late: It was replayed or kept for clients that join: it replaces only older ones.
        """
        before = getattr(self, envelope.type)
        if late and before and before.timestamp >= envelope.timestamp:
            return
        setattr(self, envelope.type, envelope)
        if envelope.type == "core_metrics":
            self._arrived = None if late else self._monotonic()
