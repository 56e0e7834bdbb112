"""The messages of physiology_server as dataclasses.

Generated from src/envelopes/fields by `deno task docs`; do not edit. A value that is None, or a
series that is empty, is absent from the message. Later versions of the server may add keys and
values of the Literal types: unknown keys are ignored, and unknown values are passed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Literal, Mapping, Optional, Tuple, Union

from ._decode import (
    EnvelopeError,
    boolean,
    choice,
    from_base64,
    integer,
    items,
    mapping,
    number,
    optional,
    required,
    text,
    true,
)


Topic = Literal[
    "core_metrics",
    "edge_metrics",
    "status",
    "frame",
    "recording_state",
]
TOPICS: Tuple[Topic, ...] = (
    "core_metrics",
    "edge_metrics",
    "status",
    "frame",
    "recording_state",
)
# The Redis lists that take recording commands, after the prefix and a colon.
COMMAND_QUEUES = ("command_queue", "metrics:command_queue")
WithheldReason = Literal[
    "no_face",
    "warming_up",
    "low_quality",
    "motion",
    "flicker",
    "too_dark",
    "too_bright",
    "low_frame_rate",
    "no_chest",
    "irregular",
    "face_changed",
    "frozen",
    "camera_disconnected",
]
StatusName = Literal[
    "STOPPING",
    "CAMERA_DISCONNECTED",
    "PUBLISH_DEGRADED",
    "PROCESSING_NOT_STARTED",
    "CAMERA_TUNING",
    "PICTURE_FROZEN",
    "FRAME_RATE_TOO_LOW",
    "IMAGE_TOO_DARK",
    "IMAGE_TOO_BRIGHT",
    "NO_FACES_FOUND",
    "MORE_THAN_ONE_FACE_FOUND",
    "EXCESSIVE_MOTION",
    "FACE_TOO_BIG_OR_TOO_SMALL",
    "FACE_NOT_CENTERED",
    "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING",
    "OK",
]


@dataclass(frozen=True)
class Strict:
    """The one value to show to a person."""

    value: float
    """The rate per minute."""
    confidence: float
    """Calibrated probability that the value is within 3 beats/min (pulse) or 2 breaths/min
    (breathing) of the reference."""
    window_s: float
    """The value describes this time before the timestamp of the message. Unit: s."""

    @classmethod
    def decode(cls, value: Any) -> Strict:
        data = mapping(value)
        return cls(
            value=required(data, "value", number),
            confidence=required(data, "confidence", number),
            window_s=required(data, "window_s", number),
        )


@dataclass(frozen=True)
class MeasurementWithConfidence:
    """A rate at a time, with the probability that it is right."""

    value: float
    """The rate per minute."""
    confidence: float
    """Calibrated probability that the value is right."""
    stable: bool
    """True while the probability is above the threshold below which `strict` is withheld."""
    timestamp: int
    """Capture time of the value. Unit: µs since the Unix epoch."""

    @classmethod
    def decode(cls, value: Any) -> MeasurementWithConfidence:
        data = mapping(value)
        return cls(
            value=required(data, "value", number),
            confidence=required(data, "confidence", number),
            stable=required(data, "stable", boolean),
            timestamp=required(data, "timestamp", integer),
        )


@dataclass(frozen=True)
class Measurement:
    """A value at a time."""

    value: float
    """The value."""
    timestamp: int
    """Capture time of the value. Unit: µs since the Unix epoch."""

    @classmethod
    def decode(cls, value: Any) -> Measurement:
        data = mapping(value)
        return cls(
            value=required(data, "value", number),
            timestamp=required(data, "timestamp", integer),
        )


@dataclass(frozen=True)
class Beat:
    """One heartbeat."""

    confidence: float
    """Calibrated probability that the rate around the beat is right."""
    timestamp: int
    """Capture time of the steepest rise of the blood volume pulse. Unit: µs since the Unix
    epoch."""
    interval_ms: Optional[float] = None
    """Time since the beat before. Unit: ms. Present when: The beat before was seen."""

    @classmethod
    def decode(cls, value: Any) -> Beat:
        data = mapping(value)
        return cls(
            confidence=required(data, "confidence", number),
            timestamp=required(data, "timestamp", integer),
            interval_ms=optional(data, "interval_ms", number),
        )


@dataclass(frozen=True)
class Hrv:
    """Heart rate variability over 30 to 60 s of intervals between heartbeats."""

    rmssd: float
    """Root mean square of the differences of successive intervals. Unit: ms."""
    sdnn: float
    """Standard deviation of the intervals. Unit: ms."""
    mean_nn: float
    """Mean interval. Unit: ms."""
    confidence: float
    """Probability that RMSSD is within 10 ms of that of a contact sensor."""

    @classmethod
    def decode(cls, value: Any) -> Hrv:
        data = mapping(value)
        return cls(
            rmssd=required(data, "rmssd", number),
            sdnn=required(data, "sdnn", number),
            mean_nn=required(data, "mean_nn", number),
            confidence=required(data, "confidence", number),
        )


@dataclass(frozen=True)
class Pulse:
    """Pulse, in beats/min."""

    strict: Optional[Strict] = None
    """The pulse to show to a person. Unit: beats/min. Present when: The estimate deserves it;
    otherwise `withheld.pulse` gives the reason."""
    rate: Tuple[MeasurementWithConfidence, ...] = ()
    """Every new estimate of the pulse, reliable or not. Unit: beats/min. Present when: There is
    a new estimate."""
    trace: Tuple[Measurement, ...] = ()
    """Blood volume pulse; systole goes up. Samples newer than the last message. A later
    correction repeats its timestamp. Unit: arbitrary units. Present when: There are new
    samples."""
    beats: Tuple[Beat, ...] = ()
    """Heartbeats that became certain since the last message, a second after their time. Present
    when: There are new ones, and the pulse is reliable or its rhythm irregular."""
    hrv: Optional[Hrv] = None
    """Heart rate variability. Present when: Enough reliable heartbeats were seen."""
    pulse_respiration_quotient: Tuple[Measurement, ...] = ()
    """Heartbeats per breath. Present when: Pulse and breathing are both reliable."""

    @classmethod
    def decode(cls, value: Any) -> Pulse:
        data = mapping(value)
        return cls(
            strict=optional(data, "strict", Strict.decode),
            rate=items(data, "rate", MeasurementWithConfidence.decode),
            trace=items(data, "trace", Measurement.decode),
            beats=items(data, "beats", Beat.decode),
            hrv=optional(data, "hrv", Hrv.decode),
            pulse_respiration_quotient=items(data, "pulse_respiration_quotient", Measurement.decode),
        )


@dataclass(frozen=True)
class DetectionStatus:
    """Whether something was detected at a time."""

    detected: bool
    """True while it is detected."""
    stable: bool
    """True while the detection is reliable."""
    timestamp: int
    """Capture time of the value. Unit: µs since the Unix epoch."""

    @classmethod
    def decode(cls, value: Any) -> DetectionStatus:
        data = mapping(value)
        return cls(
            detected=required(data, "detected", boolean),
            stable=required(data, "stable", boolean),
            timestamp=required(data, "timestamp", integer),
        )


@dataclass(frozen=True)
class Breathing:
    """Breathing, in breaths/min."""

    strict: Optional[Strict] = None
    """The breathing rate to show to a person. Unit: breaths/min. Present when: The estimate
    deserves it; otherwise `withheld.breathing` gives the reason."""
    rate: Tuple[MeasurementWithConfidence, ...] = ()
    """Every new estimate of the breathing rate, reliable or not. Unit: breaths/min. Present
    when: There is a new estimate."""
    upper_trace: Tuple[Measurement, ...] = ()
    """Position of the chest without its slow drift; inhaling goes up. Samples newer than the
    last message. A later correction repeats its timestamp. Unit: image heights. Present when:
    There are new samples."""
    amplitude: Tuple[Measurement, ...] = ()
    """Depth of each breath, from its trough to its peak. Unit: image heights. Present when: A
    breath has ended and the rate is reliable."""
    apnea: Tuple[DetectionStatus, ...] = ()
    """Whether breathing has paused. Present when: There is a new assessment."""
    respiratory_line_length: Tuple[Measurement, ...] = ()
    """Length of the curve of the trace per second, over the last 10 s. Unit: image heights/s.
    Present when: Once a second while the chest is tracked."""
    baseline: Tuple[Measurement, ...] = ()
    """Level of the chest at the end of each exhalation, against the trend of the last 20 s.
    Unit: image heights. Present when: A breath has ended."""
    inhale_exhale_ratio: Tuple[Measurement, ...] = ()
    """Time of inhaling divided by the time of exhaling, of each breath. Present when: A breath
    has ended."""

    @classmethod
    def decode(cls, value: Any) -> Breathing:
        data = mapping(value)
        return cls(
            strict=optional(data, "strict", Strict.decode),
            rate=items(data, "rate", MeasurementWithConfidence.decode),
            upper_trace=items(data, "upper_trace", Measurement.decode),
            amplitude=items(data, "amplitude", Measurement.decode),
            apnea=items(data, "apnea", DetectionStatus.decode),
            respiratory_line_length=items(data, "respiratory_line_length", Measurement.decode),
            baseline=items(data, "baseline", Measurement.decode),
            inhale_exhale_ratio=items(data, "inhale_exhale_ratio", Measurement.decode),
        )


@dataclass(frozen=True)
class Withheld:
    """Why a strict value is absent."""

    pulse: Optional[WithheldReason] = None
    """Why `pulse.strict` is absent. Present when: `pulse.strict` is absent."""
    breathing: Optional[WithheldReason] = None
    """Why `breathing.strict` is absent. Present when: `breathing.strict` is absent."""

    @classmethod
    def decode(cls, value: Any) -> Withheld:
        data = mapping(value)
        return cls(
            pulse=optional(data, "pulse", choice),
            breathing=optional(data, "breathing", choice),
        )


@dataclass(frozen=True)
class BloodPressure:
    """Phasic blood pressure: relative, without unit, not calibrated."""

    phasic: Tuple[Measurement, ...]
    """Relative course of the blood pressure within each beat. Unit: arbitrary units."""

    @classmethod
    def decode(cls, value: Any) -> BloodPressure:
        data = mapping(value)
        return cls(
            phasic=items(data, "phasic", Measurement.decode),
        )


@dataclass(frozen=True)
class Metadata:
    """What the message says about itself."""

    sequence: int
    """Number of this message among those of its type since the start of the server."""
    boot_id: str
    """Random identifier of this run of the server; `sequence` starts again with it."""
    frame_timestamp: int
    """Capture time of the newest frame that was used. Unit: µs since the Unix epoch."""
    frame_count: int
    """Frames processed since the start of the server."""
    latency_ms: float
    """Time from the capture of that frame to the creation of this message. Unit: ms."""
    subject: Optional[int] = None
    """Number of the measured person since the start of the server, from 1. A face that was not
    visible for over 0.4 s counts as another person, and no value passes from one to the next.
    Present when: A face has been measured."""
    session_id: Optional[str] = None
    """Identifier of the session that was recorded at the timestamp of this message. Present
    when: A session was recorded."""
    simulated: Optional[Literal[True]] = None
    """Marks values of the simulated camera: they describe no person. Present when: The input is
    the simulated camera (`--simulate`)."""
    replayed: Optional[Literal[True]] = None
    """Marks a message that is delivered late; its timestamp is that of the event. Present when:
    The message waited for the broker, or is sent again after a lost connection."""

    @classmethod
    def decode(cls, value: Any) -> Metadata:
        data = mapping(value)
        return cls(
            sequence=required(data, "sequence", integer),
            boot_id=required(data, "boot_id", text),
            frame_timestamp=required(data, "frame_timestamp", integer),
            frame_count=required(data, "frame_count", integer),
            latency_ms=required(data, "latency_ms", number),
            subject=optional(data, "subject", integer),
            session_id=optional(data, "session_id", text),
            simulated=optional(data, "simulated", true),
            replayed=optional(data, "replayed", true),
        )


@dataclass(frozen=True)
class CoreMetrics:
    """Vital signs."""

    metadata: Metadata
    """What the message says about itself."""
    pulse: Optional[Pulse] = None
    """Pulse and what follows from it. Present when: There is anything new about the pulse."""
    breathing: Optional[Breathing] = None
    """Breathing and what follows from it. Present when: There is anything new about breathing."""
    withheld: Optional[Withheld] = None
    """Why a strict value is absent. Present when: A strict value is absent."""
    blood_pressure: Optional[BloodPressure] = None
    """Relative blood pressure. Present when: The server runs with `--enable_phasic_bp` and the
    pulse is reliable."""

    @classmethod
    def decode(cls, value: Any) -> CoreMetrics:
        data = mapping(value)
        return cls(
            metadata=required(data, "metadata", Metadata.decode),
            pulse=optional(data, "pulse", Pulse.decode),
            breathing=optional(data, "breathing", Breathing.decode),
            withheld=optional(data, "withheld", Withheld.decode),
            blood_pressure=optional(data, "blood_pressure", BloodPressure.decode),
        )


@dataclass(frozen=True)
class EdgeMetricsBreathing:
    """Breathing, in breaths/min."""

    upper_trace: Tuple[Measurement, ...]
    """Position of the chest, as in `core_metrics`. Unit: image heights."""

    @classmethod
    def decode(cls, value: Any) -> EdgeMetricsBreathing:
        data = mapping(value)
        return cls(
            upper_trace=items(data, "upper_trace", Measurement.decode),
        )


@dataclass(frozen=True)
class Box:
    """A rectangle of the published frame."""

    x: float
    """Left edge. Unit: px."""
    y: float
    """Top edge. Unit: px."""
    width: float
    """Width. Unit: px."""
    height: float
    """Height. Unit: px."""

    @classmethod
    def decode(cls, value: Any) -> Box:
        data = mapping(value)
        return cls(
            x=required(data, "x", number),
            y=required(data, "y", number),
            width=required(data, "width", number),
            height=required(data, "height", number),
        )


@dataclass(frozen=True)
class Point2dFloat:
    """A point of the published frame; 0, 0 is its top left corner."""

    x: float
    """Distance from the left edge. Unit: px."""
    y: float
    """Distance from the top edge. Unit: px."""

    @classmethod
    def decode(cls, value: Any) -> Point2dFloat:
        data = mapping(value)
        return cls(
            x=required(data, "x", number),
            y=required(data, "y", number),
        )


@dataclass(frozen=True)
class Landmarks:
    """Key points of the face at a time."""

    value: Tuple[Point2dFloat, ...]
    """Right eye, left eye, nose, mouth, right ear, left ear; right and left as the person has
    them."""
    stable: bool
    """False in the first message of a face."""
    reset: bool
    """True in the first message of a face."""
    timestamp: int
    """Capture time of the frame. Unit: µs since the Unix epoch."""

    @classmethod
    def decode(cls, value: Any) -> Landmarks:
        data = mapping(value)
        return cls(
            value=items(data, "value", Point2dFloat.decode),
            stable=required(data, "stable", boolean),
            reset=required(data, "reset", boolean),
            timestamp=required(data, "timestamp", integer),
        )


@dataclass(frozen=True)
class Face:
    """The measured face."""

    box: Box
    """Position of the face."""
    landmarks: Tuple[Landmarks, ...]
    """Key points of the face."""
    blinking: Tuple[DetectionStatus, ...] = ()
    """Whether the eyes blink. Present when: Never in this version: the name and the number are
    reserved."""
    talking: Tuple[DetectionStatus, ...] = ()
    """Whether the person talks. Present when: Never in this version: the name and the number are
    reserved."""

    @classmethod
    def decode(cls, value: Any) -> Face:
        data = mapping(value)
        return cls(
            box=required(data, "box", Box.decode),
            landmarks=items(data, "landmarks", Landmarks.decode),
            blinking=items(data, "blinking", DetectionStatus.decode),
            talking=items(data, "talking", DetectionStatus.decode),
        )


@dataclass(frozen=True)
class Motion:
    """Movement since the frame before."""

    difference: float
    """Mean absolute difference of luma to the frame before, on the face if there is one. Unit:
    gray levels, 0 to 255."""
    face_speed: Optional[float] = None
    """Speed of the face. Unit: face widths/s. Present when: There is a face."""

    @classmethod
    def decode(cls, value: Any) -> Motion:
        data = mapping(value)
        return cls(
            difference=required(data, "difference", number),
            face_speed=optional(data, "face_speed", number),
        )


@dataclass(frozen=True)
class Signal:
    """Quality of the image and of the signal, for the person who sets up the camera."""

    brightness: float
    """Mean luma of the image."""
    saturated_fraction: float
    """Fraction of the pixels that are clipped."""
    fps: float
    """Frame rate of the camera over the last seconds. Unit: frames/s."""
    snr_db: Optional[float] = None
    """Signal-to-noise ratio of the pulse. Unit: dB. Present when: One was computed."""
    frame_degradation: Optional[float] = None
    """How far published frames are reduced in rate and quality for a slow link. Present when:
    Frames are reduced."""
    frame_quality: Optional[int] = None
    """JPEG quality to which published frames are reduced. Present when: Frames are compressed
    again for a slow link."""

    @classmethod
    def decode(cls, value: Any) -> Signal:
        data = mapping(value)
        return cls(
            brightness=required(data, "brightness", number),
            saturated_fraction=required(data, "saturated_fraction", number),
            fps=required(data, "fps", number),
            snr_db=optional(data, "snr_db", number),
            frame_degradation=optional(data, "frame_degradation", number),
            frame_quality=optional(data, "frame_quality", integer),
        )


@dataclass(frozen=True)
class EdgeMetricsMetadata:
    """What the message says about itself."""

    sequence: int
    """Number of this message among those of its type since the start of the server. A gap shows
    messages that a slow link had no room for."""
    boot_id: str
    """Random identifier of this run of the server; `sequence` starts again with it."""
    session_id: Optional[str] = None
    """Identifier of the session that was recorded at the timestamp of this message. Present
    when: A session was recorded."""
    simulated: Optional[Literal[True]] = None
    """Marks values of the simulated camera: they describe no person. Present when: The input is
    the simulated camera (`--simulate`)."""
    replayed: Optional[Literal[True]] = None
    """Marks a message that is delivered late; its timestamp is that of the event. Present when:
    The message waited for the broker, or is sent again after a lost connection."""

    @classmethod
    def decode(cls, value: Any) -> EdgeMetricsMetadata:
        data = mapping(value)
        return cls(
            sequence=required(data, "sequence", integer),
            boot_id=required(data, "boot_id", text),
            session_id=optional(data, "session_id", text),
            simulated=optional(data, "simulated", true),
            replayed=optional(data, "replayed", true),
        )


@dataclass(frozen=True)
class EdgeMetrics:
    """What is computed on the device for each frame."""

    signal: Signal
    """Quality of image and signal."""
    metadata: EdgeMetricsMetadata
    """What the message says about itself."""
    breathing: Optional[EdgeMetricsBreathing] = None
    """Movement of the chest. Present when: There are new samples."""
    face: Optional[Face] = None
    """The measured face. Present when: There is a face."""
    motion: Optional[Motion] = None
    """Movement since the frame before. Present when: There was a frame before."""
    eda: Tuple[Measurement, ...] = ()
    """Electrodermal activity: an experimental proxy from peripheral blood flow, relative. Unit:
    arbitrary units. Present when: The server runs with `--enable_eda` and there are new
    samples."""

    @classmethod
    def decode(cls, value: Any) -> EdgeMetrics:
        data = mapping(value)
        return cls(
            signal=required(data, "signal", Signal.decode),
            metadata=required(data, "metadata", EdgeMetricsMetadata.decode),
            breathing=optional(data, "breathing", EdgeMetricsBreathing.decode),
            face=optional(data, "face", Face.decode),
            motion=optional(data, "motion", Motion.decode),
            eda=items(data, "eda", Measurement.decode),
        )


@dataclass(frozen=True)
class ReplayMetadata:
    """What a late message says about itself."""

    replayed: Optional[Literal[True]] = None
    """Marks a message that is delivered late; its timestamp is that of the event. Present when:
    The message waited for the broker, or is sent again after a lost connection."""

    @classmethod
    def decode(cls, value: Any) -> ReplayMetadata:
        data = mapping(value)
        return cls(
            replayed=optional(data, "replayed", true),
        )


@dataclass(frozen=True)
class Status:
    """Condition of the measurement."""

    code: int
    """Number of the status; see the table of status codes."""
    name: StatusName
    """Name of the status."""
    message: str
    """The condition, for a person."""
    hint: str
    """What to do about it, for a person."""
    since: int
    """When the condition began. Unit: µs since the Unix epoch."""
    sequence: int
    """Number of this message among those of its type since the start of the server."""
    recording: bool
    """True while a session is recorded."""
    session_id: Optional[str] = None
    """Identifier of the recorded session. Present when: A session is recorded."""
    metadata: Optional[ReplayMetadata] = None
    """What the message says about itself. Present when: The message is delivered late."""

    @classmethod
    def decode(cls, value: Any) -> Status:
        data = mapping(value)
        return cls(
            code=required(data, "code", integer),
            name=required(data, "name", choice),
            message=required(data, "message", text),
            hint=required(data, "hint", text),
            since=required(data, "since", integer),
            sequence=required(data, "sequence", integer),
            recording=required(data, "recording", boolean),
            session_id=optional(data, "session_id", text),
            metadata=optional(data, "metadata", ReplayMetadata.decode),
        )


@dataclass(frozen=True)
class Frame:
    """A video frame."""

    data: bytes
    """The JPEG."""
    width: int
    """Width of the image. Unit: px."""
    height: int
    """Height of the image. Unit: px."""
    format: str
    """Format of `data`."""
    sequence: int
    """Number of this message among those of its type since the start of the server. A gap shows
    messages that a slow link had no room for."""

    @classmethod
    def decode(cls, value: Any) -> Frame:
        data = mapping(value)
        return cls(
            data=required(data, "data", from_base64),
            width=required(data, "width", integer),
            height=required(data, "height", integer),
            format=required(data, "format", text),
            sequence=required(data, "sequence", integer),
        )


@dataclass(frozen=True)
class RecordingState:
    """Start and end of a recording."""

    recording: bool
    """True while a session is recorded."""
    session_id: Optional[str] = None
    """Identifier of the recorded session. Present when: A session is recorded."""
    resumed: Optional[Literal[True]] = None
    """The session was recorded when the server crashed, and continues after a gap. Present when:
    The server resumed a session."""
    metadata: Optional[ReplayMetadata] = None
    """What the message says about itself. Present when: The message is delivered late."""

    @classmethod
    def decode(cls, value: Any) -> RecordingState:
        data = mapping(value)
        return cls(
            recording=required(data, "recording", boolean),
            session_id=optional(data, "session_id", text),
            resumed=optional(data, "resumed", true),
            metadata=optional(data, "metadata", ReplayMetadata.decode),
        )


@dataclass(frozen=True)
class CoreMetricsEnvelope:
    """Vital signs. Every `--buffer_duration` seconds from the first frame on."""

    timestamp: int
    """Capture time of the newest frame, or the present while frames are missing. In microseconds
    since the Unix epoch."""
    payload: CoreMetrics
    device: str = ""
    """Name of the device: the key prefix in Redis, or the name that the page shows."""
    type: Literal["core_metrics"] = "core_metrics"


@dataclass(frozen=True)
class EdgeMetricsEnvelope:
    """Measurements of each frame. For each frame, unless `--noenable_edge_metrics` is given."""

    timestamp: int
    """Capture time of the frame. In microseconds since the Unix epoch."""
    payload: EdgeMetrics
    device: str = ""
    """Name of the device: the key prefix in Redis, or the name that the page shows."""
    type: Literal["edge_metrics"] = "edge_metrics"


@dataclass(frozen=True)
class StatusEnvelope:
    """Condition of the measurement. On each change, and at least every 5 s."""

    timestamp: int
    """Time of publication. In microseconds since the Unix epoch."""
    payload: Status
    device: str = ""
    """Name of the device: the key prefix in Redis, or the name that the page shows."""
    type: Literal["status"] = "status"


@dataclass(frozen=True)
class FrameEnvelope:
    """Video frame. For each frame while a client receives them (`--frame_publish`,
    `--frame_rate`)."""

    timestamp: int
    """Capture time of the frame. In microseconds since the Unix epoch."""
    payload: Frame
    device: str = ""
    """Name of the device: the key prefix in Redis, or the name that the page shows."""
    type: Literal["frame"] = "frame"


@dataclass(frozen=True)
class RecordingStateEnvelope:
    """Start and end of a recording. On each change."""

    timestamp: int
    """Time of the change. In microseconds since the Unix epoch."""
    payload: RecordingState
    device: str = ""
    """Name of the device: the key prefix in Redis, or the name that the page shows."""
    type: Literal["recording_state"] = "recording_state"


Envelope = Union[
    CoreMetricsEnvelope,
    EdgeMetricsEnvelope,
    StatusEnvelope,
    FrameEnvelope,
    RecordingStateEnvelope,
]


_DECODERS: Dict[str, Callable[[int, Any, str], Envelope]] = {
    "core_metrics": lambda timestamp, payload, device: CoreMetricsEnvelope(
        timestamp, CoreMetrics.decode(payload), device
    ),
    "edge_metrics": lambda timestamp, payload, device: EdgeMetricsEnvelope(
        timestamp, EdgeMetrics.decode(payload), device
    ),
    "status": lambda timestamp, payload, device: StatusEnvelope(
        timestamp, Status.decode(payload), device
    ),
    "frame": lambda timestamp, payload, device: FrameEnvelope(
        timestamp, Frame.decode(payload), device
    ),
    "recording_state": lambda timestamp, payload, device: RecordingStateEnvelope(
        timestamp, RecordingState.decode(payload), device
    ),
}


def decode_envelope(data: Mapping[str, Any], device: str = "") -> Envelope:
    """Returns the envelope of a parsed JSON object.

    :raises EnvelopeError: if it is not an envelope of a known type
    """
    kind = required(data, "type", text)
    decode = _DECODERS.get(kind)
    if decode is None:
        raise EnvelopeError(f"Unknown type of envelope: {kind}")
    return decode(required(data, "timestamp", integer), required(data, "payload", mapping), device)
