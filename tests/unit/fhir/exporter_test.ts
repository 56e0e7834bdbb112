import assert from "node:assert/strict";
import { Exporter } from "../../../src/fhir/exporter.ts";
import type { Bundle } from "../../../src/fhir/resources.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { coreMetrics, MAPPING, START_US, trusted } from "../../support/fhir_intervals.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { waitFor } from "../../support/wait.ts";

function startExporter(add?: (bundle: Bundle, startUs: number) => void) {
  const written: (readonly [Bundle, number])[] = [];
  const sink = { add: add ?? ((...each: [Bundle, number]) => void written.push(each)) };
  const clock = new ManualClock();
  const log = new CollectingLog();
  const stop = new AbortController();
  const options = { sink, mapping: MAPPING, intervalS: 60, waveforms: false, log, clock };
  const exporter = new Exporter(options);
  const run = exporter.run(stop.signal);
  const take = (device: string, atS: number) =>
    exporter.take({ device, topic: "core_metrics", envelope: coreMetrics(atS, trusted()) });
  return { written, clock, log, stop, run, take };
}

Deno.test("Exporter writes complete intervals while it runs, and the rest at the end", async () => {
  const { written, clock, stop, run, take } = startExporter();
  take("a", 1);
  take("b", 2);
  take("a", 60);
  await waitFor("the pause", () => clock.sleepers === 1);
  await clock.advance(2_000);
  await waitFor("the complete interval", () => written.length === 1);
  stop.abort();
  await run;
  assert.deepEqual(
    written.map(([{ entry }, startUs]) => {
      const [{ resource }] = entry as [typeof entry[number]];
      return [
        resource.resourceType === "Device" && resource.deviceName[0]!.name,
        startUs - START_US,
      ];
    }),
    [["a", 0], ["a", 60e6], ["b", 0]],
  );
});

Deno.test("Exporter ends if nothing can be written", async () => {
  const { run, take, stop } = startExporter(() => {
    throw new Error("full");
  });
  take("a", 1);
  stop.abort();
  await assert.rejects(run, /full/);
});

Deno.test("Exporter ignores devices beyond a thousand", async () => {
  const { written, stop, run, take, log } = startExporter();
  for (let k = 0; k < 1_010; k++) take(`device-${k}`, 1);
  stop.abort();
  await run;
  assert.equal(written.length, 1_000);
  assert.equal(log.linesWith("there are too many").length, 1);
});
