import { CORE_METRICS } from "./core_metrics.ts";
import { EDGE_METRICS } from "./edge_metrics.ts";
import type { GroupType } from "./field.ts";
import { FRAME, RECORDING_STATE, STATUS } from "./state.ts";

/** One kind of message. */
export interface TopicRow {
  readonly title: string;
  /** When the server publishes it. */
  readonly cadence: string;
  /** What the envelope's timestamp stands for. */
  readonly timestamp: string;
  readonly payload: GroupType;
  /** Protobuf field that carries the envelope's timestamp. */
  readonly protoTimestamp?: number;
}

/** The kinds of message; each key is also the last part of the channel's name. */
export const TOPIC_TABLE = {
  core_metrics: {
    title: "Vital signs",
    cadence: "Every `--buffer_duration` seconds from the first frame on.",
    timestamp: "Capture time of the newest frame, or the present while frames are missing.",
    payload: CORE_METRICS,
  },
  edge_metrics: {
    title: "Measurements of each frame",
    cadence: "For each frame, unless `--noenable_edge_metrics` is given.",
    timestamp: "Capture time of the frame.",
    payload: EDGE_METRICS,
    protoTimestamp: 101,
  },
  status: {
    title: "Condition of the measurement",
    cadence: "On each change, and at least every 5 s.",
    timestamp: "Time of publication.",
    payload: STATUS,
    protoTimestamp: 2,
  },
  frame: {
    title: "Video frame",
    cadence: "For each frame while a client receives them (`--frame_publish`, `--frame_rate`).",
    timestamp: "Capture time of the frame.",
    payload: FRAME,
  },
  recording_state: {
    title: "Start and end of a recording",
    cadence: "On each change.",
    timestamp: "Time of the change.",
    payload: RECORDING_STATE,
  },
} as const satisfies Readonly<Record<string, TopicRow>>;

export type Topic = keyof typeof TOPIC_TABLE;
export const TOPICS = Object.keys(TOPIC_TABLE) as readonly Topic[];

/** The Redis lists from which recording commands are taken, after the prefix and a colon. */
export const COMMAND_QUEUES = ["command_queue", "metrics:command_queue"] as const;
