import assert from "node:assert/strict";
import type { ReceivedEnvelope } from "../../../src/envelopes/received.ts";
import { DeviceIntervals } from "../../../src/fhir/device_intervals.ts";
import type { IntervalSummary } from "../../../src/fhir/interval.ts";
import { coreMetrics, START_US, trusted } from "../../support/fhir_intervals.ts";

const SECOND_US = 1e6;

function intervals(): DeviceIntervals {
  return new DeviceIntervals({
    device: "ward-3",
    intervalUs: 60 * SECOND_US,
    quietUs: 2 * SECOND_US,
    waveforms: false,
  });
}

function recordingState(atS: number, recording: boolean): ReceivedEnvelope {
  const timestamp = START_US + atS * SECOND_US;
  return { type: "recording_state", timestamp, payload: { recording } };
}

/** The start of each interval in seconds, and its pulse. */
function describe(summaries: readonly IntervalSummary[]) {
  return summaries.map(({ startUs, pulse }) => [
    (startUs - START_US) / SECOND_US,
    pulse && "measurement" in pulse ? pulse.measurement.value : undefined,
  ]);
}

Deno.test("DeviceIntervals completes an interval after its end, when its messages have arrived", () => {
  const device = intervals();
  device.add(coreMetrics(1, trusted(60)), 0);
  device.add(coreMetrics(59.9, trusted(70)), SECOND_US);
  assert.deepEqual(describe(device.takeComplete(10 * SECOND_US)), []);
  device.add(coreMetrics(60, trusted(80)), 10 * SECOND_US);
  assert.deepEqual(describe(device.takeComplete(10 * SECOND_US)), [[0, 60]]);
  assert.deepEqual(describe(device.takeComplete(11 * SECOND_US)), []);
  assert.deepEqual(describe(device.takeAll()), [[60, 80]]);
});

Deno.test("DeviceIntervals completes the interval of a device that sends nothing more", () => {
  const device = intervals();
  device.add(coreMetrics(1, trusted()), 0);
  assert.deepEqual(device.takeComplete(61.9 * SECOND_US), []);
  assert.equal(device.takeComplete(62 * SECOND_US).length, 1);
});

Deno.test("DeviceIntervals ends an interval at each change of the recording", () => {
  const device = intervals();
  device.add(recordingState(0, false), 0); // repeated for a client that joined
  device.add(coreMetrics(5, trusted(60)), 0);
  device.add(recordingState(10, true), 0);
  device.add(coreMetrics(15, trusted(70)), 0);
  device.add(recordingState(15, true), 0);
  device.add(recordingState(20, false), 0);
  assert.deepEqual(describe(device.takeComplete(2 * SECOND_US)), [[0, 60], [10, 70]]);
  device.add(coreMetrics(25, trusted(80)), 3 * SECOND_US);
  assert.deepEqual(describe(device.takeAll()), [[20, 80]]);
});

Deno.test("DeviceIntervals takes intervals that arrive late, and none twice", () => {
  const device = intervals();
  device.add(coreMetrics(200, trusted(60)), 0);
  device.add(coreMetrics(100, trusted(70)), 0);
  assert.deepEqual(describe(device.takeComplete(2 * SECOND_US)), [[60, 70]]);
  device.add(coreMetrics(100, trusted(70)), 3 * SECOND_US);
  device.add(coreMetrics(101, trusted(70)), 3 * SECOND_US);
  assert.deepEqual(describe(device.takeAll()), [[180, 60]]);
});

Deno.test("DeviceIntervals separates the starts of a server", () => {
  const device = intervals();
  device.add(coreMetrics(1, trusted(60), { boot_id: "a" }), 0);
  device.add(coreMetrics(2, trusted(70), { boot_id: "b" }), 0);
  device.add(coreMetrics(3, trusted(80), { boot_id: 7 }), 0);
  assert.deepEqual(device.takeAll().map(({ bootId }) => bootId), ["a", "b", ""]);
});

Deno.test("DeviceIntervals ignores times that FHIR cannot represent", () => {
  const device = intervals();
  for (const timestamp of [-1, 3e17, 1e300]) {
    device.add({ type: "core_metrics", timestamp, payload: trusted() }, 0);
  }
  assert.deepEqual(device.takeAll(), []);
});
