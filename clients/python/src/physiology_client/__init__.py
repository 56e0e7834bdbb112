"""Reads pulse and breathing from physiology_server.

    from physiology_client import PhysiologyClient, RedisSource

    with PhysiologyClient(RedisSource("localhost")) as client:
        for envelope in client:
            if envelope.type == "core_metrics":
                pulse = client.latest.pulse
                print(pulse.value if pulse else client.latest.reason("pulse"))
"""

from ._decode import EnvelopeError, to_dict
from ._envelopes import (
    TOPICS,
    CoreMetricsEnvelope,
    EdgeMetricsEnvelope,
    Envelope,
    FrameEnvelope,
    RecordingStateEnvelope,
    StatusEnvelope,
    Strict,
    Topic,
    decode_envelope,
)
from ._version import VERSION as __version__
from .client import AsyncPhysiologyClient, PhysiologyClient
from .latest import Latest
from .redis_source import RedisSource
from .source import RecordingError, Source
from .tables import to_pandas
from .websocket_source import WebSocketSource

__all__ = [
    "TOPICS",
    "AsyncPhysiologyClient",
    "CoreMetricsEnvelope",
    "EdgeMetricsEnvelope",
    "Envelope",
    "EnvelopeError",
    "FrameEnvelope",
    "Latest",
    "PhysiologyClient",
    "RecordingError",
    "RecordingStateEnvelope",
    "RedisSource",
    "Source",
    "StatusEnvelope",
    "Strict",
    "Topic",
    "WebSocketSource",
    "__version__",
    "decode_envelope",
    "to_dict",
    "to_pandas",
]
