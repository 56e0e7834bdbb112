import assert from "node:assert/strict";
import { EDF } from "edfjs";
import fc from "fast-check";
import type { ReceivedEnvelope } from "../../../../../src/envelopes/received.ts";
import { edf } from "../../../../../src/recording/formats/edf/edf.ts";
import {
  SCRIPTED_RATE_HZ,
  scriptedEnvelopes,
  type ScriptedSecond,
} from "../../../../support/edf_session.ts";
import { temporaryFolder } from "../../../../support/folders.ts";
import { FAKE_START_US } from "../../../../support/fake_stream.ts";
import { recordedEnvelopes, saveSession } from "../../../../support/recorded_session.ts";

/** What this test reads of edfjs, which has no types. */
interface ReadEdf {
  readonly pid: string;
  readonly type: string;
  readonly num_records: number;
  readonly annotations: readonly { readonly onset: number; readonly label: readonly string[] }[];
  readonly channel_by_label: Readonly<
    Record<string, { readonly blob: Float32Array; readonly physical_maximum: number }>
  >;
}

function savedBytes(envelopes: readonly ReceivedEnvelope[]): Uint8Array<ArrayBuffer> | undefined {
  using folder = temporaryFolder();
  saveSession(folder.path, edf, envelopes);
  const path = `${folder.path}/metrics_visit-7.edf`;
  const isSaved = [...Deno.readDirSync(folder.path)].some(({ name }) => name.endsWith(".edf"));
  return isSaved ? Deno.readFileSync(path) : undefined;
}

function read(envelopes: readonly ReceivedEnvelope[]): ReadEdf {
  const file = new EDF();
  file.read_buffer(savedBytes(envelopes)!.buffer);
  return file;
}

/** The values of a signal with one sample per record; undefined where it is not available. */
function valuesOf({ channel_by_label }: ReadEdf, label: string): (number | undefined)[] {
  return [...channel_by_label[label]!.blob].map((value) =>
    Math.abs(value + 1) < 1e-6 ? undefined : value
  );
}

function textsOf({ annotations }: ReadEdf): [onset: number, text: string][] {
  return annotations.flatMap(({ onset, label }) =>
    label.filter((text) => text !== "").map((text) => [onset, text] as [number, string])
  );
}

const within = (value: number | undefined, expected: number | undefined, tolerance: number) =>
  assert.ok(
    value === undefined || expected === undefined
      ? value === expected
      : Math.abs(value - expected) <= tolerance,
    `${value} instead of ${expected}`,
  );

const rate = (max: number) =>
  fc.option(
    fc.tuple(fc.double({ min: 4, max, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
    { nil: undefined },
  );
const trace = fc.option(
  fc.array(fc.double({ min: -50, max: 50, noNaN: true }), {
    minLength: SCRIPTED_RATE_HZ,
    maxLength: SCRIPTED_RATE_HZ,
  }),
  { nil: undefined },
);
const scriptedSecond = fc.record({
  pulse: rate(220),
  breathing: rate(40),
  trace,
  chest: trace,
  beats: fc.uniqueArray(fc.integer({ min: 0, max: 900_000 }), { maxLength: 4 }),
  reason: fc.constantFrom("motion", "no_face"),
});
const script = fc.array(fc.tuple(scriptedSecond, fc.integer({ min: 1, max: 40 })), {
  minLength: 1,
  maxLength: 30,
}).map((parts) => {
  let second = -1;
  return parts.map(([each, pause], k) => ({ ...each, second: second += k === 0 ? 1 : pause }));
});

Deno.test("edf writes signals and annotations that edfjs reads back", () =>
  fc.assert(
    fc.property(
      script,
      fc.integer({ min: 0, max: 19 }).map((k) => k * 1e6 / SCRIPTED_RATE_HZ),
      (seconds, fractionUs) => {
        // The first trace determines the rate of the grid.
        const first: ScriptedSecond = { ...seconds[0]!, trace: Array(20).fill(1) };
        const scripted: readonly ScriptedSecond[] = [first, ...seconds.slice(1)];
        const file = read(scriptedEnvelopes(FAKE_START_US + fractionUs, scripted));
        assert.equal(file.type, "EDF+C");
        const startSample = fractionUs * SCRIPTED_RATE_HZ / 1e6;
        const lastSecond = scripted.at(-1)!.second;
        assert.equal(file.num_records, lastSecond + (fractionUs > 0 ? 2 : 1));
        // A message is 0.96 s after the start of its second.
        const shift = fractionUs >= 50_000 ? 1 : 0;
        const at = new Map(scripted.map((each) => [each.second, each]));
        const [pulse, confidence, breathing] = ["Pulse", "Pulse confidence", "Resp rate"].map(
          (label) => valuesOf(file, label),
        );
        for (let second = 0; second < file.num_records; second++) {
          within(pulse![second], at.get(second - shift)?.pulse?.[0], 0.0051);
          within(confidence![second], at.get(second - shift)?.pulse?.[1], 0.00006);
          within(breathing![second], at.get(second - shift)?.breathing?.[0], 0.0051);
        }
        for (const [label, key] of [["Pleth", "trace"], ["Resp chest", "chest"]] as const) {
          const { blob, physical_maximum: max } = file.channel_by_label[label]!;
          for (let k = 0; k < blob.length; k++) {
            const sample = k - startSample;
            const second = Math.floor(sample / SCRIPTED_RATE_HZ);
            const expected = at.get(second)?.[key]?.[sample - second * SCRIPTED_RATE_HZ] ?? -max;
            within(blob[k], expected, max / 32_767);
          }
        }
        const offset = fractionUs / 1e6;
        const beats = scripted.flatMap(({ second, beats = [] }) =>
          [...beats].sort((a, b) => a - b).map((us) => second + us / 1e6 + offset)
        );
        const onsets = textsOf(file).filter(([, text]) => text === "Beat").map(([onset]) => onset);
        assert.equal(onsets.length, beats.length);
        beats.forEach((beat, k) => within(onsets[k], beat, 1e-6));
      },
    ),
    { numRuns: 30 },
  ));

Deno.test("edf annotates changes of the rates, of the status and of the recording", () => {
  const file = read(scriptedEnvelopes(FAKE_START_US + 250_000, [
    { second: 0, trace: Array(20).fill(0), reason: "warming_up", status: "OK" },
    { second: 1, pulse: [72, 0.9], breathing: [15, 0.8] },
    { second: 2, pulse: [72, 0.9], breathing: [15, 0.8], beats: [100_000] },
    { second: 3, breathing: [15, 0.8], reason: "motion", status: "EXCESSIVE_MOTION" },
  ]));
  assert.deepEqual(textsOf(file), [
    [0.25, "Recording started"],
    [0.250001, "Status: OK"],
    [1.21, "Pulse withheld: warming_up"],
    [1.21, "Breathing withheld: warming_up"],
    [2.21, "Pulse measured"],
    [2.21, "Breathing measured"],
    [2.35, "Beat"],
    [3.250001, "Status: EXCESSIVE_MOTION"],
    [4.21, "Pulse withheld: motion"],
    [4.249999, "Recording ended"],
  ]);
  assert.equal(file.pid, "X X X X");
  assert.doesNotMatch(JSON.stringify(textsOf(file)), /visit/);
});

Deno.test("edf represents what was withheld by the smallest value, also without any value", () => {
  const file = read(scriptedEnvelopes(FAKE_START_US, [{ second: 0 }, { second: 1 }]));
  for (const label of ["Pulse", "Pulse confidence", "Resp rate", "Resp confidence"]) {
    assert.deepEqual(valuesOf(file, label), [undefined, undefined], label);
  }
  const { blob, physical_maximum: max } = file.channel_by_label["Pleth"]!;
  assert.ok(blob.every((value) => value === -max), `${blob}`);
});

Deno.test("edf leaves out data records in a long interruption (EDF+D), and keeps the time of the others", () => {
  const start = FAKE_START_US + 500_000;
  const bytes = savedBytes(scriptedEnvelopes(start, [
    { second: 0, trace: Array(20).fill(1) },
    { second: 100_000, pulse: [60, 0.9], breathing: [12, 0.9] },
  ]))!;
  const text = new TextDecoder("latin1").decode(bytes);
  assert.match(text.slice(192, 244), /^EDF\+D {39}3 {7}$/);
  assert.ok(text.includes("+0\x14\x14\0+0.5\x14Recording started\x14\0"), text);
  assert.ok(text.includes("+100001\x14\x14\0+100001.46\x14Pulse measured\x14\0"), text);
});

Deno.test("edf has a local start, and names the difference from UTC", () => {
  const script = `
    import { headerRecord } from "./src/recording/formats/edf/header.ts";
    const at = (startUs) => new TextDecoder().decode(headerRecord({ startUs, equipment: "x",
      isContinuous: true, records: 0, recordSeconds: 1, signals: [] })).slice(88, 184);
    console.log(at(${FAKE_START_US - 1e6}) + "\\n" + at(Date.UTC(1970, 0, 1) * 1000));`;
  const { stdout } = new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    cwd: new URL("../../../../..", import.meta.url),
    env: { TZ: "Asia/Kolkata" },
  }).outputSync();
  const [now, boot] = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assert.match(now!, /^Startdate 01-JAN-2026 X X x UTC\+05:30 +01\.01\.2605\.29\.59$/);
  // Two digits cannot name a year before 1985.
  assert.match(boot!, /^Startdate 01-JAN-1970 X X x UTC\+05:30 +01\.01\.yy05\.30\.00$/);
});

Deno.test("edf writes none without metrics, nor for a time that no calendar has", () => {
  assert.equal(savedBytes(recordedEnvelopes(0)), undefined);
  const metrics = { type: "core_metrics", payload: {} };
  assert.equal(savedBytes([{ ...metrics, timestamp: 1e300 }]), undefined);
  for (const timestamp of [8.63e18, -8.63e18, -1.5, 0]) {
    assert.ok(savedBytes([{ ...metrics, timestamp }, { ...metrics, timestamp: timestamp + 1e9 }]));
  }
});

Deno.test("edf writes a file of any session", () => {
  const number = fc.oneof(fc.integer(), fc.double({ noNaN: true }), fc.constant(FAKE_START_US));
  const sample = fc.record({ timestamp: number, value: number });
  const envelope = fc.record({
    type: fc.constantFrom("core_metrics", "status", "recording_state"),
    timestamp: number.filter(Number.isFinite),
    payload: fc.record({
      pulse: fc.record({
        trace: fc.array(sample),
        beats: fc.array(sample),
        strict: fc.record({ value: number, confidence: number }),
      }),
      withheld: fc.record({ breathing: fc.string() }),
      name: fc.string(),
      recording: fc.boolean(),
    }, { requiredKeys: [] }),
  });
  fc.assert(
    fc.property(fc.array(envelope, { maxLength: 20 }), (envelopes) => {
      const bytes = savedBytes(envelopes);
      if (!bytes) return;
      const header = new TextDecoder("latin1").decode(bytes.subarray(0, 256));
      assert.match(header, /^0 {7}X X X X {73}/);
      // The size of all data records follows from the header.
      const signals = Number(header.slice(252, 256));
      const counts = new TextDecoder().decode(bytes.subarray(256 + signals * 216));
      const samples = Array.from(
        { length: signals },
        (_, k) => Number(counts.slice(8 * k, 8 * k + 8)),
      );
      const recordBytes = 2 * samples.reduce((sum, count) => sum + count, 0);
      assert.equal(
        bytes.length,
        256 * (1 + signals) + Number(header.slice(236, 244)) * recordBytes,
      );
    }),
    { numRuns: 60 },
  );
});
