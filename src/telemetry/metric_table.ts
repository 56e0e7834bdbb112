/** Everything that is documented about one metric family of `/metrics`. */
export interface MetricRow {
  /** Counters only grow; gauges go up and down; histograms count values by their size. */
  readonly kind: "counter" | "gauge" | "histogram";
  /** What is measured, in one sentence without a full stop. */
  readonly help: string;
  /** Unit of the value; it is also the end of the name, without `_total`. */
  readonly unit?: "seconds" | "bytes" | "bpm" | "fps";
  /** Names of the labels, apart from `device`, which most samples have. */
  readonly labels?: readonly string[];
  /** When there are samples; always if absent. */
  readonly when?: string;
  /** Upper bounds of the buckets of a histogram in ascending order, without infinity. */
  readonly bounds?: readonly number[];
}

/** Prefix of the names on `/metrics`. */
export const METRIC_PREFIX = "physiology_";

/**
 * Every metric family of `/metrics`, without `METRIC_PREFIX`. A counter, gauge or histogram takes a
 * row here; the type checker rejects names without one.
 */
export const METRIC_TABLE = {
  pulse_bpm: {
    kind: "gauge",
    help: "Pulse in beats per minute, as published in pulse.strict",
    unit: "bpm",
    when: "The value is published and no older than 1.5 s.",
  },
  pulse_confidence: {
    kind: "gauge",
    help: "Probability that the pulse is within 3 beats per minute, from 0 to 1",
    when: "With `pulse_bpm`.",
  },
  breathing_bpm: {
    kind: "gauge",
    help: "Breathing rate in breaths per minute, as published in breathing.strict",
    unit: "bpm",
    when: "The value is published and no older than 1.5 s.",
  },
  breathing_confidence: {
    kind: "gauge",
    help: "Probability that the breathing rate is within 2 breaths per minute, from 0 to 1",
    when: "With `breathing_bpm`.",
  },
  withheld: {
    kind: "gauge",
    help: "Always 1: the value of this vital sign is withheld for this reason",
    labels: ["vital", "reason"],
    when: "The newest core metrics withhold the value and arrived at most 1.5 s ago.",
  },
  core_metrics_age_seconds: {
    kind: "gauge",
    help: "Time since the last core metrics message",
    unit: "seconds",
    when: "After the first message.",
  },
  device_age_seconds: {
    kind: "gauge",
    help: "Time since the last message of any type, which arrives at least every 5 s",
    unit: "seconds",
    when: "After the first message.",
  },
  status_code: {
    kind: "gauge",
    help: "Code of the current status: 0 is OK, 100 is a disconnected camera",
    when: "The newest status message is no older than 10 s.",
  },
  frame_rate_fps: {
    kind: "gauge",
    help: "Frame rate of the camera in frames per second over the last seconds",
    unit: "fps",
    when: "Edge metrics are published, and the newest are no older than 1.5 s.",
  },
  frames_captured_total: { kind: "counter", help: "Frames received from the source" },
  camera_grayscale: {
    kind: "gauge",
    help: "Whether the images of the camera are grayscale, without a pulse: 1, else 0",
    when: "After the first estimate.",
  },
  frames_published_total: {
    kind: "counter",
    help: "Frames offered to the transport and the web page",
  },
  frames_shrunk_total: { kind: "counter", help: "Frames compressed again for a slow link" },
  frames_damaged_total: {
    kind: "counter",
    help: "Frames of a video or stream that could not be decoded",
  },
  dropped_total: {
    kind: "counter",
    help: "Frames dropped before the transport",
    labels: ["class", "reason"],
  },
  camera_disconnected_total: { kind: "counter", help: "Disconnections of the camera" },
  camera_frames_lost_total: {
    kind: "counter",
    help: "Frames of a camera of this machine that were lost before they were processed",
    labels: ["reason"],
  },
  camera_arrival_times_total: {
    kind: "counter",
    help: "Frames of a camera that are stamped with their arrival, for want of a capture time",
  },
  source_restarts_total: { kind: "counter", help: "Restarts of ffmpeg or rpicam-vid" },
  publication_latency_seconds: {
    kind: "histogram",
    help: "Time from the capture of the newest frame to the acknowledgement of the message",
    unit: "seconds",
    labels: ["topic"],
    bounds: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
  },
  outbox_acknowledgement_seconds: {
    kind: "histogram",
    help: "Time from sending a message to its acknowledgement",
    unit: "seconds",
    labels: ["class"],
    bounds: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
  },
  outbox_sent_total: {
    kind: "counter",
    help: "Messages that the transport has acknowledged",
    labels: ["class"],
  },
  outbox_sent_bytes_total: {
    kind: "counter",
    help: "Bytes of the messages that the transport has acknowledged",
    unit: "bytes",
    labels: ["class"],
  },
  outbox_replayed_total: {
    kind: "counter",
    help: "Messages that were acknowledged late, after an outage",
    labels: ["class"],
  },
  outbox_dropped_total: {
    kind: "counter",
    help: "Messages dropped by the transport; thinned are edge metrics left out on a slow link",
    labels: ["class", "reason"],
  },
  outbox_receivers: {
    kind: "gauge",
    help: "Subscribers that received the last message of this topic",
    labels: ["topic"],
  },
  outbox_receivers_lost_total: {
    kind: "counter",
    help: "Subscribers that stopped receiving this topic",
    labels: ["topic"],
  },
  outbox_reconnects_total: { kind: "counter", help: "Reconnections of the transport" },
  outbox_queue_bytes: {
    kind: "gauge",
    help: "Bytes of the messages that wait in memory",
    unit: "bytes",
  },
  outbox_spool_bytes: {
    kind: "gauge",
    help: "Bytes of the messages that wait on disk",
    unit: "bytes",
  },
  outbox_spool_foreign_bytes: {
    kind: "gauge",
    help: "Bytes of another server's messages in the spool folder",
    unit: "bytes",
  },
  outbox_frame_degradation: {
    kind: "gauge",
    help: "How far frames are reduced in rate and quality for a slow link, from 0 to 1",
  },
  recording_commands_total: {
    kind: "counter",
    help: "Recording commands by origin and result",
    labels: ["origin", "result"],
  },
  grpc_connections_total: { kind: "counter", help: "Connections to the gRPC server" },
  grpc_open_connections: { kind: "gauge", help: "Open connections to the gRPC server" },
  grpc_streams: { kind: "gauge", help: "Open streams of the gRPC server" },
  grpc_requests_total: {
    kind: "counter",
    help: "Calls of the gRPC server",
    labels: ["method"],
  },
  grpc_refused_total: {
    kind: "counter",
    help: "Connections and calls that the gRPC server refused",
    labels: ["reason"],
  },
  grpc_dropped_total: {
    kind: "counter",
    help: "Messages that a gRPC client was too slow to receive",
    labels: ["stream"],
  },
  mqtt_connections_total: { kind: "counter", help: "Connections to the MQTT broker" },
  mqtt_connection_failures_total: {
    kind: "counter",
    help: "Attempts to connect to the MQTT broker that failed",
  },
  mqtt_published_total: {
    kind: "counter",
    help: "Messages sent to the MQTT broker",
    labels: ["type"],
  },
  mqtt_dropped_total: {
    kind: "counter",
    help:
      "Messages dropped, as there was no connection to the MQTT broker, it was too slow, or a picture too large",
    labels: ["type", "reason"],
  },
  lsl_published_total: {
    kind: "counter",
    help: "Samples handed to liblsl",
    labels: ["stream"],
  },
  lsl_failed_total: {
    kind: "counter",
    help: "Samples that liblsl refused",
    labels: ["stream"],
  },
  video_push_frames_total: { kind: "counter", help: "Frames pushed to the RTSP server" },
  video_push_dropped_total: {
    kind: "counter",
    help: "Frames not pushed, as the RTSP server was too slow or they were too large",
    labels: ["reason"],
  },
  video_push_restarts_total: {
    kind: "counter",
    help: "Times that ffmpeg was started again for the video push",
  },
  alarm_changes_total: {
    kind: "counter",
    help: "Alarms of the page that were raised, ended, acknowledged or removed",
    labels: ["change", "priority"],
  },
  http_login_failures_total: {
    kind: "counter",
    help: "Wrong tokens for HTTP",
    labels: ["reason"],
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof METRIC_TABLE;
/** Names of one kind. */
export type NameOf<K extends MetricRow["kind"]> = {
  [N in MetricName]: typeof METRIC_TABLE[N]["kind"] extends K ? N : never;
}[MetricName];
