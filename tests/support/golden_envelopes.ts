import { epochUs } from "../../src/base/time.ts";
import type { Envelope, FrameImage } from "../../src/envelopes/envelope.ts";
import { FAKE_START_US, fakeJpeg, fakeRecordingState, fakeStatus } from "./fake_stream.ts";

const FOLDER = new URL("../contract/goldens/", import.meta.url);
export const GOLDEN_SESSION = "golden";
/** Of the golden messages each of this interval is used: a stream of gRPC queues 30 of them. */
const INTERVAL = { core_metrics: 4, edge_metrics: 2 } as const;

/** The golden messages of a topic, as the server published them. */
function metricsOf(topic: keyof typeof INTERVAL): Envelope[] {
  const lines = Deno.readTextFileSync(new URL(`${topic}.jsonl`, FOLDER)).trimEnd().split("\n");
  // The newest message has a value of everything.
  return lines.toReversed().filter((_, index) => index % INTERVAL[topic] === 0).toReversed()
    .map((line) => withTimes(JSON.parse(line)))
    .map(({ type, timestamp, payload }) => {
      // What the golden files leave out, at its documented place.
      const { sequence, ...rest } = payload.metadata;
      const latency = topic === "core_metrics" ? { latency_ms: 12.5 } : {};
      const metadata = { sequence, boot_id: "golden", ...rest, ...latency };
      return { type, timestamp, payload: { ...payload, metadata } } as Envelope;
    });
}

interface Golden {
  readonly type: string;
  readonly timestamp: number;
  readonly payload: { readonly metadata: { readonly sequence: number } };
}

/** The value with its timestamps, which count from the first message, as times of 2026. */
function withTimes(value: Golden): Golden {
  return JSON.parse(
    JSON.stringify(value),
    (key, each) =>
      key.endsWith("timestamp") && typeof each === "number" ? epochUs(FAKE_START_US + each) : each,
  );
}

/**
 * The messages from which every reader must decode the same values: a session with the golden
 * metrics, and a status of each kind.
 */
export function goldenEnvelopes(): readonly Envelope[] {
  return [
    fakeStatus(0, "NO_FACES_FOUND"),
    fakeRecordingState(0, GOLDEN_SESSION),
    ...metricsOf("core_metrics"),
    ...metricsOf("edge_metrics"),
    fakeStatus(1, "OK", GOLDEN_SESSION),
    fakeRecordingState(75),
  ];
}

/** The frame of the golden messages. */
export const GOLDEN_FRAME: FrameImage = {
  timestamp: epochUs(FAKE_START_US + 1),
  sequence: 7,
  width: 1,
  height: 1,
  jpeg: fakeJpeg(),
};
