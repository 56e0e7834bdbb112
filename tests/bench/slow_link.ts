/**
 * Latency of metrics beside frames on a link that becomes slow, second by second, over a proxy and
 * over real TCP with three queue lengths before the link. Requires root.
 *
 *   deno run -A tests/bench/slow_link.ts --seconds=20
 *   deno run -A tests/bench/slow_link.ts --from_start
 *   deno run -A tests/bench/slow_link.ts --from_start --megabits=0.24 --delay_ms=10 --edge_metrics
 */
import { parseArgs } from "node:util";
import { cameraJpegs } from "../support/camera_jpegs.ts";
import { clock } from "../support/messages.ts";
import { NarrowNetwork } from "../support/narrow_network.ts";
import {
  ageOf,
  latenciesOf,
  startCamera,
  type StreamingCameraOptions,
} from "../support/streaming_camera.ts";
import { waitFor } from "../support/wait.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    from_start: { type: "boolean", default: false },
    megabits: { type: "string", default: "1" },
    delay_ms: { type: "string", default: "150" },
    edge_metrics: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const slow = {
  bytesPerSecond: Number(values.megabits) * 125_000,
  delayMs: Number(values.delay_ms),
};

const CAMERAS = [{ quantiser: 6 }, { quantiser: 2 }, { quantiser: 1, noise: 4 }];
const LINKS: readonly (readonly [string, StreamingCameraOptions["link"]])[] = [
  ["proxy", undefined],
  ...[64_000, 200_000, 1e9].map((bufferBytes) =>
    [
      `TCP, queue of ${bufferBytes < 1e9 ? `${bufferBytes / 1000} KB` : "unlimited size"}`,
      ({ socketPath }: { socketPath: string }) => NarrowNetwork.create(socketPath, { bufferBytes }),
    ] as const
  ),
];

for (const camera of CAMERAS) {
  const jpegs = await cameraJpegs(camera);
  for (const [name, link] of LINKS) {
    console.log(`\n${name}, JPEGs of ${Math.round(jpegs[0]!.length / 1000)} KB`);
    await measure(jpegs, link ? { link } : {});
  }
}
Deno.exit(0);

async function measure(
  jpegs: readonly Uint8Array<ArrayBuffer>[],
  options: StreamingCameraOptions,
): Promise<void> {
  const camera = await startCamera(jpegs, {
    ...options,
    edgeMetrics: values.edge_metrics,
    ...values.from_start ? { fault: slow } : {},
  });
  await using _camera = camera.stack;
  const { received, link, outbox, offered } = camera;
  const frames = () => received.filter(({ type }) => type === "frame");
  if (!values.from_start) await waitFor("frames", () => frames().length > 60);
  link.fault = slow;
  const startUs = clock.epochUs(clock.monotonicUs());
  const first = offered() + 1;
  const degradation: number[] = [];
  const ages: number[] = [];
  for (let second = 0; second < seconds; second++) {
    let maxAgeMs = 0;
    for (let sample = 0; sample < 20; sample++) {
      await clock.sleep(50);
      maxAgeMs = Math.max(maxAgeMs, ageOf(camera));
    }
    degradation.push(outbox.frameDegradation);
    ages.push(Math.round(maxAgeMs));
  }
  const last = offered();
  await waitFor("the last metric", () => latenciesOf(camera, last).length > 0, {
    timeoutMs: 30_000,
  });
  const latencies = latenciesOf(camera, first);
  const maxima = Array.from({ length: seconds }, (_, second) => {
    const within = latencies.filter(({ timestamp }) =>
      Math.floor((timestamp - startUs) / 1e6) === second
    );
    return Math.round(Math.max(...within.map(({ ms }) => ms)));
  });
  const latenciesMs = latencies.map(({ ms }) => ms);
  const frameCount = frames().filter(({ timestamp }) => timestamp > startUs).length;
  console.log(`  maximum of each second, ms: ${maxima.join(" ")}`);
  console.log(`  age of the newest core metric, maximum of each second, ms: ${ages.join(" ")}`);
  console.log(`  degradation: ${degradation.join(" ")}; ${frameCount} frames received`);
  console.log(
    `  latency of ${latenciesMs.length} metrics: p99 ${Math.round(p99Of(latenciesMs))} ms, ` +
      `${latenciesMs.filter((ms) => ms > 1000).length} over 1 s`,
  );
}

/** The 99th percentile. */
function p99Of(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Infinity;
}
