import { JpegShrinker } from "../../ffi/jpeg_shrink.ts";
import type { Frame, Image } from "../../src/capture/frame.ts";
import { EnvelopeFactory } from "../../src/envelopes/envelope_factory.ts";
import { Bus } from "../../src/delivery/bus.ts";
import { FramePacing } from "../../src/frames/pacing.ts";
import { FrameOutput } from "../../src/frames/frame_output.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { type Fault, FaultProxy, type Link } from "./fault_proxy.ts";
import type { MetricOutgoing } from "../../src/envelopes/message.ts";
import { settle } from "./manual_clock.ts";
import { clock, coreMetric, edgeMetric } from "./messages.ts";
import { optionsFor, startOutbox, subscribe } from "./redis_outbox.ts";
import { type RedisServer, startRedis } from "./redis_server.ts";
import { waitFor } from "./wait.ts";

export interface StreamingCameraOptions {
  /** Fault of the link at the start. @default none */
  readonly fault?: Fault;
  /** Opens the link to the server. @default a `FaultProxy` */
  readonly link?: (server: RedisServer) => Link | Promise<Link>;
  /** Also publishes an edge metric with each frame, and metrics of their usual sizes. */
  readonly edgeMetrics?: boolean;
}

/** Usual sizes of the metrics of a person, in bytes. */
const CORE_BYTES = 1500;
const EDGE_BYTES = 1000;

export type StreamingCamera = Awaited<ReturnType<typeof startCamera>>;

/** Publishes 10 metrics/s and 30 frames/s over a link of their own to a real redis-server. */
export async function startCamera(
  jpegs: readonly Uint8Array<ArrayBuffer>[],
  {
    fault = {},
    link: openLink = (server) => new FaultProxy(server),
    edgeMetrics = false,
  }: StreamingCameraOptions = {},
) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startRedis());
  const received = await subscribe(
    server,
    ...["core_metrics", "edge_metrics", "frame"].map((topic) => `physiology:${topic}`),
  );
  const link = stack.use(await openLink(server));
  link.fault = fault;
  const ends = stack.use(startOutbox(optionsFor(link, { host: link.hostname })));
  // A lossy link may lose the first packets, which TCP repeats after 1, 2 and 4 s.
  await waitFor("the connections", () => ends.framesReady(), { timeoutMs: 30_000 });
  const shrinker = new JpegShrinker();
  let compressing = 0;
  const frameOutput = new FrameOutput({
    bus: new Bus([ends.outbox]),
    encoder: { encode: () => Promise.resolve(undefined), async [Symbol.asyncDispose]() {} },
    shrinker: {
      shrink(...args) {
        compressing++;
        return shrinker.shrink(...args).finally(() => compressing--);
      },
    },
    pacing: new FramePacing({ policy: "always" }),
    envelopes: new EnvelopeFactory(clock),
    counters: ends.counters,
    log: silentLog,
  });
  stack.defer(async () => {
    await settle(); // a frame that waits for the one before is compressed next
    await waitFor("the last compression", () => compressing === 0);
  });
  let sequence = 0;
  let frame = 0;
  const timer = setInterval(() => {
    if (edgeMetrics) ends.outbox.offer(padded(edgeMetric(frame), EDGE_BYTES));
    if (frame++ % (edgeMetrics ? 6 : 3) === 0) {
      const metric = coreMetric(++sequence);
      ends.outbox.offer(edgeMetrics ? padded(metric, CORE_BYTES) : metric);
    }
    frameOutput.offer(frameOf(jpegs[frame % jpegs.length]!, frame));
  }, 33);
  stack.defer(() => clearInterval(timer));
  return { ...ends, frameOutput, link, received, stack: stack.move(), offered: () => sequence };
}

/** Pads a metric with spaces, which JSON ignores. */
function padded(metric: MetricOutgoing, bytes: number): MetricOutgoing {
  const padding = new Uint8Array(bytes).fill(0x20);
  padding.set(metric.bytes);
  return { ...metric, bytes: padding };
}

/** Age of the newest core metric that a subscriber has, in milliseconds. */
export function ageOf({ received }: StreamingCamera): number {
  const newest = received.findLast(({ type }) => type === "core_metrics");
  return newest ? (clock.epochUs(clock.monotonicUs()) - newest.timestamp) / 1000 : Infinity;
}

/** A frame with the JPEG of its camera. */
function frameOf(jpeg: Uint8Array<ArrayBuffer>, sequence: number): Frame {
  const image = {} as Image; // the tests never read the pixels
  const timeUs = clock.monotonicUs();
  return { timeUs, sequence, width: 640, height: 480, image, jpeg, [Symbol.dispose]() {} };
}

/** Latency in milliseconds of each core metric from `sequence` on, in order of arrival. */
export function latenciesOf(camera: StreamingCamera, sequence: number) {
  return camera.received.filter(({ type, payload }) =>
    type === "core_metrics" && (payload.metadata?.sequence ?? 0) >= sequence
  ).map(({ timestamp, arrivedUs }) => ({ timestamp, ms: (arrivedUs - timestamp) / 1000 }));
}
