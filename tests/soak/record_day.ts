/**
 * Saves a session of many hours as fast as possible, and checks that the memory of `record` does not
 * depend on its length and that its files are whole.
 *
 *   deno run -A tests/soak/record_day.ts --hours=24
 *
 * It needs 0.6 GB of disk for each hour. Exits with status 1 if a check fails.
 */
import { parseArgs } from "node:util";
import { encodeEnvelope } from "../../src/envelopes/envelope.ts";
import { edf } from "../../src/recording/formats/edf/edf.ts";
import { SessionSaver } from "../../src/recording/saver.ts";
import { SystemClock } from "../../src/telemetry/clock.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { fakeMetrics, fakeRecordingState } from "../support/fake_stream.ts";

const { values } = parseArgs({ options: { hours: { type: "string", default: "24" } } });
const periods = Number(values.hours) * 3600 * 5;
const MAX_MB = 200;
/** Messages of edge metrics for each of core metrics: 30 and 5 per second. */
const EDGE_PER_CORE = 6;
const EDGE_STEP_US = 33_333;

const folder = await Deno.makeTempDir();
const startMs = performance.now();
const seconds = () => ((performance.now() - startMs) / 1000).toFixed(0);
try {
  await using saver = new SessionSaver({
    directory: folder,
    formats: [edf],
    log: silentLog,
    clock: new SystemClock(),
  });
  const decoder = new TextDecoder();
  const add = (envelope: Parameters<typeof encodeEnvelope>[0]) =>
    saver.add(decoder.decode(encodeEnvelope(envelope)));
  add(fakeRecordingState(0, "day"));
  for (let n = 1; n <= periods; n++) {
    const [core, edge] = fakeMetrics(n);
    add(core!);
    for (let k = 0; k < EDGE_PER_CORE; k++) {
      add({ ...edge!, timestamp: edge!.timestamp + k * EDGE_STEP_US } as typeof edge & object);
    }
    if (n % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  add(fakeRecordingState(periods + 1));
  console.log(`${periods * (1 + EDGE_PER_CORE)} messages in ${seconds()} s, ${peakMb()} MB`);
  await saver.derive();
  console.log(`derived after ${seconds()} s, ${peakMb()} MB`);
} catch (error) {
  await Deno.remove(folder, { recursive: true });
  throw error;
}
const size = (ending: string) => Deno.statSync(`${folder}/metrics_day.${ending}`).size;
for (const ending of ["jsonl", "json", "csv", "edf"]) {
  console.log(`metrics_day.${ending}: ${(size(ending) / 1e6).toFixed(0)} MB`);
}
const sequences = await sequencesInJson();
await Deno.remove(folder, { recursive: true });
const failures = [
  ...peakMb() > MAX_MB ? [`${peakMb()} MB of memory`] : [],
  ...sequences !== periods ? [`${sequences} of ${periods} core metrics in the JSON`] : [],
];
for (const failure of failures) console.error(failure);
Deno.exitCode = failures.length > 0 ? 1 : 0;

/** The largest resident set size of this process. */
function peakMb(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(status)![1]) / 1000);
}

/** Counts the rows of the metadata of core metrics, without reading the whole file at once. */
async function sequencesInJson(): Promise<number> {
  using file = await Deno.open(`${folder}/metrics_day.json`);
  let text = "", isInside = false, commas = 0;
  for await (const chunk of file.readable.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (!isInside) {
      const start = text.indexOf('"core_metrics.metadata":{"timestamp":[');
      if (start < 0) {
        text = text.slice(-100);
        continue;
      }
      isInside = true;
      text = text.slice(start);
    }
    const end = text.indexOf("]");
    for (const character of end < 0 ? text : text.slice(0, end)) if (character === ",") commas++;
    if (end >= 0) return commas + 1;
    text = "";
  }
  return 0;
}
