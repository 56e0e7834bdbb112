/**
 * The messages of physiology_server. Generated from src/envelopes/fields by `deno task docs`; do
 * not edit. Later versions of the server may add keys, reasons and names of statuses.
 */

export type WithheldReason =
  /** There is no face in the image. */
  | "no_face"
  /** Too little time has passed since the start of the measurement. */
  | "warming_up"
  /** The signal is too noisy for a reliable value. */
  | "low_quality"
  /** The person or the camera moves too much. */
  | "motion"
  /** The light flickers at a frequency that could be taken for a pulse. */
  | "flicker"
  /** The image is too dark. */
  | "too_dark"
  /** The image is too bright. */
  | "too_bright"
  /** The camera delivers too few frames. */
  | "low_frame_rate"
  /** Too little of the chest is in the image. */
  | "no_chest"
  /** The rhythm of the heart has no single rate that deserves its confidence. */
  | "irregular"
  /** The face was not visible for over 0.4 s, or is another one: the measurement starts again. */
  | "face_changed"
  /** The camera repeats the same frame. */
  | "frozen"
  /** The camera is disconnected. */
  | "camera_disconnected";

export type StatusName =
  /** The server was asked to stop, or its input has ended. */
  | "STOPPING"
  /** The source reports it, or no frame arrived for 3 s. */
  | "CAMERA_DISCONNECTED"
  /** The backend is unreachable or too slow: messages are kept back or dropped. */
  | "PUBLISH_DEGRADED"
  /** No frame has been processed since the start or the last reset. */
  | "PROCESSING_NOT_STARTED"
  /** The first second of frames, or brightness moves one way by over 12 % within 1.5 s. */
  | "CAMERA_TUNING"
  /** All frames were identical for 0.5 s. */
  | "PICTURE_FROZEN"
  /** Fewer than 10 frames/s over the last 2 s. */
  | "FRAME_RATE_TOO_LOW"
  /** Luma of the skin (without a face: of the image) is below 28. */
  | "IMAGE_TOO_DARK"
  /** Over 25 % of the skin is clipped (without a face: 50 % of the image). */
  | "IMAGE_TOO_BRIGHT"
  /** No face in over 60 % of the frames of the last second. */
  | "NO_FACES_FOUND"
  /** Several faces in over 60 % of the frames of the last second. */
  | "MORE_THAN_ONE_FACE_FOUND"
  /**
   * The face moves by over 0.5 of its width per second, or changes by over 14 gray levels per
   * frame.
   */
  | "EXCESSIVE_MOTION"
  /** The height of the face is below 0.125 or above 0.9 of that of the image. */
  | "FACE_TOO_BIG_OR_TOO_SMALL"
  /** The center of the face is within 0.12 of an edge, or less than 85 % of it is visible. */
  | "FACE_NOT_CENTERED"
  /** The chest is tracked in fewer than half of the frames of the last 2 s. */
  | "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING"
  /** None of the other conditions holds. */
  | "OK";

/** The one value to show to a person. */
export interface Strict {
  /** The rate per minute. */
  readonly value: number;
  /**
   * Calibrated probability that the value is within 3 beats/min (pulse) or 2 breaths/min
   * (breathing) of the reference.
   */
  readonly confidence: number;
  /** The value describes this time before the timestamp of the message. Unit: s. */
  readonly window_s: number;
}

/** A rate at a time, with the probability that it is right. */
export interface MeasurementWithConfidence {
  /** The rate per minute. */
  readonly value: number;
  /** Calibrated probability that the value is right. */
  readonly confidence: number;
  /** True while the probability is above the threshold below which `strict` is withheld. */
  readonly stable: boolean;
  /** Capture time of the value. Unit: µs since the Unix epoch. */
  readonly timestamp: number;
}

/** A value at a time. */
export interface Measurement {
  /** The value. */
  readonly value: number;
  /** Capture time of the value. Unit: µs since the Unix epoch. */
  readonly timestamp: number;
}

/** One heartbeat. */
export interface Beat {
  /** Time since the beat before. Unit: ms. Present when: The beat before was seen. */
  readonly interval_ms?: number;
  /** Calibrated probability that the rate around the beat is right. */
  readonly confidence: number;
  /** Capture time of the steepest rise of the blood volume pulse. Unit: µs since the Unix epoch. */
  readonly timestamp: number;
}

/** Heart rate variability over 30 to 60 s of intervals between heartbeats. */
export interface Hrv {
  /** Root mean square of the differences of successive intervals. Unit: ms. */
  readonly rmssd: number;
  /** Standard deviation of the intervals. Unit: ms. */
  readonly sdnn: number;
  /** Mean interval. Unit: ms. */
  readonly mean_nn: number;
  /** Probability that RMSSD is within 10 ms of that of a contact sensor. */
  readonly confidence: number;
}

/** Pulse, in beats/min. */
export interface Pulse {
  /**
   * The pulse to show to a person. Unit: beats/min. Present when: The estimate deserves it;
   * otherwise `withheld.pulse` gives the reason.
   */
  readonly strict?: Strict;
  /**
   * Every new estimate of the pulse, reliable or not. Unit: beats/min. Present when: There is a new
   * estimate.
   */
  readonly rate?: readonly MeasurementWithConfidence[];
  /**
   * Blood volume pulse; systole goes up. Samples newer than the last message. A later correction
   * repeats its timestamp. Unit: arbitrary units. Present when: There are new samples.
   */
  readonly trace?: readonly Measurement[];
  /**
   * Heartbeats that became certain since the last message, a second after their time. Present when:
   * There are new ones, and the pulse is reliable or its rhythm irregular.
   */
  readonly beats?: readonly Beat[];
  /** Heart rate variability. Present when: Enough reliable heartbeats were seen. */
  readonly hrv?: Hrv;
  /** Heartbeats per breath. Present when: Pulse and breathing are both reliable. */
  readonly pulse_respiration_quotient?: readonly Measurement[];
}

/** Whether something was detected at a time. */
export interface DetectionStatus {
  /** True while it is detected. */
  readonly detected: boolean;
  /** True while the detection is reliable. */
  readonly stable: boolean;
  /** Capture time of the value. Unit: µs since the Unix epoch. */
  readonly timestamp: number;
}

/** Breathing, in breaths/min. */
export interface Breathing {
  /**
   * The breathing rate to show to a person. Unit: breaths/min. Present when: The estimate deserves
   * it; otherwise `withheld.breathing` gives the reason.
   */
  readonly strict?: Strict;
  /**
   * Every new estimate of the breathing rate, reliable or not. Unit: breaths/min. Present when:
   * There is a new estimate.
   */
  readonly rate?: readonly MeasurementWithConfidence[];
  /**
   * Position of the chest without its slow drift; inhaling goes up. Samples newer than the last
   * message. A later correction repeats its timestamp. Unit: image heights. Present when: There are
   * new samples.
   */
  readonly upper_trace?: readonly Measurement[];
  /**
   * Depth of each breath, from its trough to its peak. Unit: image heights. Present when: A breath
   * has ended and the rate is reliable.
   */
  readonly amplitude?: readonly Measurement[];
  /** Whether breathing has paused. Present when: There is a new assessment. */
  readonly apnea?: readonly DetectionStatus[];
  /**
   * Length of the curve of the trace per second, over the last 10 s. Unit: image heights/s. Present
   * when: Once a second while the chest is tracked.
   */
  readonly respiratory_line_length?: readonly Measurement[];
  /**
   * Level of the chest at the end of each exhalation, against the trend of the last 20 s. Unit:
   * image heights. Present when: A breath has ended.
   */
  readonly baseline?: readonly Measurement[];
  /**
   * Time of inhaling divided by the time of exhaling, of each breath. Present when: A breath has
   * ended.
   */
  readonly inhale_exhale_ratio?: readonly Measurement[];
}

/** Why a strict value is absent. */
export interface Withheld {
  /** Why `pulse.strict` is absent. Present when: `pulse.strict` is absent. */
  readonly pulse?: WithheldReason;
  /** Why `breathing.strict` is absent. Present when: `breathing.strict` is absent. */
  readonly breathing?: WithheldReason;
}

/** Phasic blood pressure: relative, without unit, not calibrated. */
export interface BloodPressure {
  /** Relative course of the blood pressure within each beat. Unit: arbitrary units. */
  readonly phasic: readonly Measurement[];
}

/** What the message says about itself. */
export interface Metadata {
  /** Number of this message among those of its type since the start of the server. */
  readonly sequence: number;
  /** Random identifier of this run of the server; `sequence` starts again with it. */
  readonly boot_id: string;
  /** Capture time of the newest frame that was used. Unit: µs since the Unix epoch. */
  readonly frame_timestamp: number;
  /** Frames processed since the start of the server. */
  readonly frame_count: number;
  /** Time from the capture of that frame to the creation of this message. Unit: ms. */
  readonly latency_ms: number;
  /**
   * Number of the measured person since the start of the server, from 1. A face that was not
   * visible for over 0.4 s counts as another person, and no value passes from one to the next.
   * Present when: A face has been measured.
   */
  readonly subject?: number;
  /**
   * Identifier of the session that was recorded at the timestamp of this message. Present when: A
   * session was recorded.
   */
  readonly session_id?: string;
  /**
   * Marks values of the simulated camera: they describe no person. Present when: The input is the
   * simulated camera (`--simulate`).
   */
  readonly simulated?: true;
  /**
   * Marks a message that is delivered late; its timestamp is that of the event. Present when: The
   * message waited for the broker, or is sent again after a lost connection.
   */
  readonly replayed?: true;
}

/** Vital signs. */
export interface CoreMetrics {
  /** Pulse and what follows from it. Present when: There is anything new about the pulse. */
  readonly pulse?: Pulse;
  /** Breathing and what follows from it. Present when: There is anything new about breathing. */
  readonly breathing?: Breathing;
  /** Why a strict value is absent. Present when: A strict value is absent. */
  readonly withheld?: Withheld;
  /**
   * Relative blood pressure. Present when: The server runs with `--enable_phasic_bp` and the pulse
   * is reliable.
   */
  readonly blood_pressure?: BloodPressure;
  /** What the message says about itself. */
  readonly metadata: Metadata;
}

/** Breathing, in breaths/min. */
export interface EdgeMetricsBreathing {
  /** Position of the chest, as in `core_metrics`. Unit: image heights. */
  readonly upper_trace: readonly Measurement[];
}

/** A rectangle of the published frame. */
export interface Box {
  /** Left edge. Unit: px. */
  readonly x: number;
  /** Top edge. Unit: px. */
  readonly y: number;
  /** Width. Unit: px. */
  readonly width: number;
  /** Height. Unit: px. */
  readonly height: number;
}

/** A point of the published frame; 0, 0 is its top left corner. */
export interface Point2dFloat {
  /** Distance from the left edge. Unit: px. */
  readonly x: number;
  /** Distance from the top edge. Unit: px. */
  readonly y: number;
}

/** Key points of the face at a time. */
export interface Landmarks {
  /**
   * Right eye, left eye, nose, mouth, right ear, left ear; right and left as the person has them.
   */
  readonly value: readonly Point2dFloat[];
  /** False in the first message of a face. */
  readonly stable: boolean;
  /** True in the first message of a face. */
  readonly reset: boolean;
  /** Capture time of the frame. Unit: µs since the Unix epoch. */
  readonly timestamp: number;
}

/** The measured face. */
export interface Face {
  /** Position of the face. */
  readonly box: Box;
  /** Key points of the face. */
  readonly landmarks: readonly Landmarks[];
  /**
   * Whether the eyes blink. Present when: Never in this version: the name and the number are
   * reserved.
   */
  readonly blinking?: readonly DetectionStatus[];
  /**
   * Whether the person talks. Present when: Never in this version: the name and the number are
   * reserved.
   */
  readonly talking?: readonly DetectionStatus[];
}

/** Movement since the frame before. */
export interface Motion {
  /** Speed of the face. Unit: face widths/s. Present when: There is a face. */
  readonly face_speed?: number;
  /**
   * Mean absolute difference of luma to the frame before, on the face if there is one. Unit: gray
   * levels, 0 to 255.
   */
  readonly difference: number;
}

/** Quality of the image and of the signal, for the person who sets up the camera. */
export interface Signal {
  /** Signal-to-noise ratio of the pulse. Unit: dB. Present when: One was computed. */
  readonly snr_db?: number;
  /** Mean luma of the image. */
  readonly brightness: number;
  /** Fraction of the pixels that are clipped. */
  readonly saturated_fraction: number;
  /** Frame rate of the camera over the last seconds. Unit: frames/s. */
  readonly fps: number;
  /**
   * How far published frames are reduced in rate and quality for a slow link. Present when: Frames
   * are reduced.
   */
  readonly frame_degradation?: number;
  /**
   * JPEG quality to which published frames are reduced. Present when: Frames are compressed again
   * for a slow link.
   */
  readonly frame_quality?: number;
}

/** What the message says about itself. */
export interface EdgeMetricsMetadata {
  /**
   * Number of this message among those of its type since the start of the server. A gap shows
   * messages that a slow link had no room for.
   */
  readonly sequence: number;
  /** Random identifier of this run of the server; `sequence` starts again with it. */
  readonly boot_id: string;
  /**
   * Identifier of the session that was recorded at the timestamp of this message. Present when: A
   * session was recorded.
   */
  readonly session_id?: string;
  /**
   * Marks values of the simulated camera: they describe no person. Present when: The input is the
   * simulated camera (`--simulate`).
   */
  readonly simulated?: true;
  /**
   * Marks a message that is delivered late; its timestamp is that of the event. Present when: The
   * message waited for the broker, or is sent again after a lost connection.
   */
  readonly replayed?: true;
}

/** What is computed on the device for each frame. */
export interface EdgeMetrics {
  /** Movement of the chest. Present when: There are new samples. */
  readonly breathing?: EdgeMetricsBreathing;
  /** The measured face. Present when: There is a face. */
  readonly face?: Face;
  /** Movement since the frame before. Present when: There was a frame before. */
  readonly motion?: Motion;
  /** Quality of image and signal. */
  readonly signal: Signal;
  /**
   * Electrodermal activity: an experimental proxy from peripheral blood flow, relative. Unit:
   * arbitrary units. Present when: The server runs with `--enable_eda` and there are new samples.
   */
  readonly eda?: readonly Measurement[];
  /** What the message says about itself. */
  readonly metadata: EdgeMetricsMetadata;
}

/** What a late message says about itself. */
export interface ReplayMetadata {
  /**
   * Marks a message that is delivered late; its timestamp is that of the event. Present when: The
   * message waited for the broker, or is sent again after a lost connection.
   */
  readonly replayed?: true;
}

/** Condition of the measurement. */
export interface Status {
  /** Number of the status; see the table of status codes. */
  readonly code: number;
  /** Name of the status. */
  readonly name: StatusName;
  /** The condition, for a person. */
  readonly message: string;
  /** What to do about it, for a person. */
  readonly hint: string;
  /** When the condition began. Unit: µs since the Unix epoch. */
  readonly since: number;
  /** Number of this message among those of its type since the start of the server. */
  readonly sequence: number;
  /** True while a session is recorded. */
  readonly recording: boolean;
  /** Identifier of the recorded session. Present when: A session is recorded. */
  readonly session_id?: string;
  /** What the message says about itself. Present when: The message is delivered late. */
  readonly metadata?: ReplayMetadata;
}

/** A video frame. */
export interface Frame {
  /** The JPEG. In base64. */
  readonly data: string;
  /** Width of the image. Unit: px. */
  readonly width: number;
  /** Height of the image. Unit: px. */
  readonly height: number;
  /** Format of `data`. */
  readonly format: "jpeg";
  /**
   * Number of this message among those of its type since the start of the server. A gap shows
   * messages that a slow link had no room for.
   */
  readonly sequence: number;
}

/** Start and end of a recording. */
export interface RecordingState {
  /** True while a session is recorded. */
  readonly recording: boolean;
  /** Identifier of the recorded session. Present when: A session is recorded. */
  readonly session_id?: string;
  /**
   * The session was recorded when the server crashed, and continues after a gap. Present when: The
   * server resumed a session.
   */
  readonly resumed?: true;
  /** What the message says about itself. Present when: The message is delivered late. */
  readonly metadata?: ReplayMetadata;
}

/** The payload of each kind of message. */
export interface Payloads {
  /** Vital signs. Every `--buffer_duration` seconds from the first frame on. */
  readonly core_metrics: CoreMetrics;
  /** Measurements of each frame. For each frame, unless `--noenable_edge_metrics` is given. */
  readonly edge_metrics: EdgeMetrics;
  /** Condition of the measurement. On each change, and at least every 5 s. */
  readonly status: Status;
  /**
   * Video frame. For each frame while a client receives them (`--frame_publish`, `--frame_rate`).
   */
  readonly frame: Frame;
  /** Start and end of a recording. On each change. */
  readonly recording_state: RecordingState;
}

/** The kinds of message. */
export type Topic = keyof Payloads;

export const TOPICS: readonly Topic[] = [
  "core_metrics",
  "edge_metrics",
  "status",
  "frame",
  "recording_state",
];

/** The Redis lists that take recording commands, after the prefix and a colon. */
export const COMMAND_QUEUES: readonly string[] = ["command_queue","metrics:command_queue"];
