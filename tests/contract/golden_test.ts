/**
 * Compares what the pipeline publishes for a simulated person with the files in `goldens`.
 *
 * After a deliberate change of the measurements, write them anew and review the difference:
 *
 *     deno run -A tests/contract/golden_test.ts --update
 */
import { epochUs, monotonicUs } from "../../src/base/time.ts";
import assert from "node:assert/strict";
import { Appliance } from "../../src/app/appliance.ts";
import { SimulatedCamera } from "../../src/capture/simulator/camera.ts";
import { Recording } from "../../src/control/recording.ts";
import { Bus, type Sink } from "../../src/delivery/bus.ts";
import { EnvelopeFactory } from "../../src/envelopes/envelope_factory.ts";
import type { Message } from "../../src/envelopes/message.ts";
import { FrameOutput } from "../../src/frames/frame_output.ts";
import { FramePacing } from "../../src/frames/pacing.ts";
import type { Clock } from "../../src/telemetry/clock.ts";
import { Counters } from "../../src/telemetry/counters.ts";
import { Health } from "../../src/telemetry/health.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { Vision } from "../../src/vision/vision.ts";
import { createVitalsEngine } from "../../src/vitals/engine.ts";
import { settle } from "../support/manual_clock.ts";
import { goldenLines, originOf } from "./golden.ts";

const FOLDER = new URL("goldens/", import.meta.url);
/** A person who sways a little; small and short, to keep the test quick and the files small. */
const CAMERA = {
  width: 320,
  height: 240,
  fps: 30,
  pulse: 72,
  breathing: 15,
  motion: 2,
  seed: 7,
  durationS: 15,
  realtime: false,
};
const BUFFER_DURATION_S = 0.2;
/** Of the edge metrics every 15th message is kept, to keep the files small. */
const EDGE_INTERVAL = 15;
/** Processors differ in the last bits of a sum, which can change the last published digits. */
const RELATIVE_TOLERANCE = 1e-3;
const DIGIT_TOLERANCE = 2;
/** Keys of counts and times, which must be equal. */
const EXACT = /(?:^|\.)(?:\w*timestamp|sequence|frame_count|subject)$/;

/** A clock that never advances, so that no time of this machine reaches a message. */
const CLOCK: Clock = {
  monotonicUs: () => monotonicUs(1_000_000),
  epochUs: (time) => epochUs(time),
  sleep: settle,
};

class Collector implements Sink {
  readonly #lines = new Map<string, string[]>();

  offer(message: Message): void {
    if (message.kind !== "metric") return;
    const lines = this.#lines.get(message.topic) ?? [];
    this.#lines.set(message.topic, lines);
    lines.push(new TextDecoder().decode(message.bytes));
  }

  linesOf(topic: string): readonly string[] {
    return this.#lines.get(topic) ?? [];
  }
}

/** Runs the whole pipeline on the simulated camera and returns what a sink receives. */
async function runPipeline(): Promise<Collector> {
  const collector = new Collector();
  await using vision = await Vision.open({ log: silentLog });
  const context = {
    bus: new Bus([collector]),
    clock: CLOCK,
    counters: new Counters(),
    health: new Health(CLOCK),
    log: silentLog,
    envelopes: new EnvelopeFactory(CLOCK, { bootId: "golden" }),
  };
  const encoder = {
    encode: () => Promise.resolve(undefined),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const appliance = new Appliance({
    ...context,
    source: new SimulatedCamera({ ...CAMERA, clock: CLOCK }),
    vision,
    engine: createVitalsEngine({ phasicPressure: true, eda: true }),
    recording: new Recording(),
    frames: new FrameOutput({ ...context, encoder, pacing: new FramePacing({ policy: "never" }) }),
  }, {
    bufferDurationS: BUFFER_DURATION_S,
    edgeMetrics: true,
    metricsOnlyWhileRecording: false,
    lockExposure: false,
  });
  await appliance.run(new AbortController().signal);
  return collector;
}

/** The lines of the golden files, by topic. */
async function recordGoldens(): Promise<Readonly<Record<string, readonly string[]>>> {
  const collector = await runPipeline();
  const core = collector.linesOf("core_metrics");
  const edge = collector.linesOf("edge_metrics").filter((_, index) => index % EDGE_INTERVAL === 0);
  const originUs = originOf(core.join("\n"));
  return {
    core_metrics: goldenLines(core.join("\n"), originUs),
    edge_metrics: goldenLines(edge.join("\n"), originUs),
  };
}

const goldenPath = (topic: string) => new URL(`${topic}.jsonl`, FOLDER);

/** The decimals that a number needs, 0 to 15. */
function decimalsOf(value: number): number {
  let decimals = 0;
  while (decimals < 15 && Number(value.toFixed(decimals)) !== value) decimals++;
  return decimals;
}

/** Every number in a value with its path; indexes of arrays are left out of the path. */
function* numbersIn(value: unknown, path = ""): Generator<[path: string, value: number]> {
  if (typeof value === "number") yield [path, value];
  else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      yield* numbersIn(each, Array.isArray(value) ? `${path}[]` : path ? `${path}.${key}` : key);
    }
  }
}

/** The last published digit of each path: the finest that any of the messages has. */
function unitsOf(messages: readonly unknown[]): ReadonlyMap<string, number> {
  const decimals = new Map<string, number>();
  for (const [path, value] of numbersIn(messages)) {
    decimals.set(path, Math.max(decimals.get(path) ?? 0, decimalsOf(value)));
  }
  return new Map([...decimals].map(([path, digits]) => [path, 10 ** -digits]));
}

/** The message with each number that is within its tolerance replaced by the expected one. */
function aligned(actual: unknown, expected: unknown, unit: (path: string) => number, path = "[]") {
  if (typeof actual === "number" && typeof expected === "number") {
    if (EXACT.test(path)) return actual;
    // A little more than the digits, for the rounding of the difference itself.
    const tolerance = Math.max(
      RELATIVE_TOLERANCE * Math.abs(expected),
      DIGIT_TOLERANCE * unit(path) * (1 + 1e-6),
    );
    return Math.abs(actual - expected) <= tolerance ? expected : actual;
  }
  if (
    typeof actual !== "object" || actual === null || typeof expected !== "object" ||
    expected === null
  ) return actual;
  if (Array.isArray(actual)) {
    const others = expected as readonly unknown[];
    return actual.map((each, i): unknown => aligned(each, others[i], unit, `${path}[]`));
  }
  const others = expected as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(actual).map(([key, each]): [string, unknown] => [
      key,
      aligned(each, others[key], unit, `${path}.${key}`),
    ]),
  );
}

Deno.test("pipeline publishes the golden messages for the simulated person", async (t) => {
  const recorded = await recordGoldens();
  for (const [topic, lines] of Object.entries(recorded)) {
    await t.step(topic, async () => {
      const golden = (await Deno.readTextFile(goldenPath(topic))).trimEnd().split("\n");
      assert.equal(lines.length, golden.length, "number of messages");
      const messages = golden.map((line) => JSON.parse(line));
      const units = unitsOf(messages);
      const unit = (path: string) => units.get(path) ?? 0;
      for (const [index, line] of lines.entries()) {
        const message = aligned(JSON.parse(line), messages[index], unit);
        // As text, since the order of the keys is part of the contract.
        assert.equal(JSON.stringify(message), golden[index], `message ${index}: see --update`);
      }
    });
  }
});

Deno.test("pipeline reaches a pulse and a breathing rate in the golden messages", async () => {
  const golden = await Deno.readTextFile(goldenPath("core_metrics"));
  const { payload } = JSON.parse(golden.trimEnd().split("\n").at(-1) ?? "{}");
  assert(Math.abs(payload.pulse.strict.value - CAMERA.pulse) < 3, `${payload.pulse.strict.value}`);
  assert(payload.breathing.upper_trace.length > 0);
});

if (import.meta.main && Deno.args.includes("--update")) {
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const [topic, lines] of Object.entries(await recordGoldens())) {
    await Deno.writeTextFile(goldenPath(topic), lines.join("\n") + "\n");
  }
}
