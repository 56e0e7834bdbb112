import assert from "node:assert/strict";
import type { ReceivedEnvelope } from "../../../src/envelopes/received.ts";
import { edf } from "../../../src/recording/formats/edf/edf.ts";
import { scriptedEnvelopes } from "../../support/edf_session.ts";
import { FAKE_START_US } from "../../support/fake_stream.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { saveSession } from "../../support/recorded_session.ts";

const MNE = new URL("read_edf.py", import.meta.url).pathname;
const START_US = FAKE_START_US + 250_000;
const RATE_HZ = 20;
/** BioSig keeps times in days, in steps of 20 us, of which this test reads the milliseconds. */
const TIME_ERROR_S = 0.0011;

interface MneFile {
  readonly start: number;
  readonly rate: number;
  readonly signals: Readonly<Record<string, readonly number[]>>;
  readonly annotations: readonly (readonly [onset: number, text: string])[];
}

/** The parts of the JSON of BioSig that are compared. */
interface BiosigFile {
  readonly NumberOfRecords: number;
  readonly StartOfRecording: string;
  readonly Manufacturer: { readonly Name: string };
  readonly CHANNEL: readonly { readonly Label: string; readonly Samplingrate: number }[];
  readonly EVENT: readonly { readonly TimeStamp: string; readonly Description: string }[];
}

function output(command: string, ...args: readonly string[]): string {
  const { stdout, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
  const text = new TextDecoder().decode(stdout);
  assert.notEqual(text, "", new TextDecoder().decode(stderr));
  return text;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}

const hasMne = exists("/usr/lib/python3/dist-packages/mne");
const hasBiosig = exists("/usr/bin/save2gdf");

function saved(folder: string, envelopes: readonly ReceivedEnvelope[]): string {
  saveSession(folder, edf, envelopes);
  return `${folder}/metrics_visit-7.edf`;
}

/** A wave with the frequency of a pulse, at seconds since the epoch. */
const waveAt = (seconds: number) => Math.sin(2 * Math.PI * 1.2 * seconds);

function session(seconds: readonly number[]): ReceivedEnvelope[] {
  return scriptedEnvelopes(
    START_US,
    seconds.map((second) => {
      const samples = Array.from({ length: RATE_HZ }, (_, k) => waveAt(second + k / RATE_HZ));
      const isMeasured = second % 10 < 7;
      return {
        second,
        trace: samples,
        chest: samples.map((value) => value / 1000),
        beats: [100_000, 933_334],
        pulse: isMeasured ? [60 + second % 50, 0.95] as const : undefined,
        breathing: isMeasured ? [12.34, 0.5] as const : undefined,
        reason: "motion",
        status: isMeasured ? "OK" : "EXCESSIVE_MOTION",
      };
    }),
  );
}

/** Texts and times of a session, in seconds since the epoch, from the envelopes alone. */
function expectedAnnotations(seconds: readonly number[]): [number, string][] {
  const start = START_US / 1e6;
  const annotations: [number, string][] = [[start, "Recording started"]];
  let was: boolean | undefined;
  for (const second of seconds) {
    const is = second % 10 < 7;
    if (is !== was) {
      annotations.push([start + second + 1e-6, `Status: ${is ? "OK" : "EXCESSIVE_MOTION"}`]);
      const state = is ? "measured" : "withheld: motion";
      for (const vital of ["Pulse", "Breathing"]) {
        annotations.push([start + second + 0.96, `${vital} ${state}`]);
      }
    }
    was = is;
    for (const at of [0.1, 0.933_334]) annotations.push([start + second + at, "Beat"]);
  }
  annotations.push([start + seconds.at(-1)! + 0.999_999, "Recording ended"]);
  return sorted(annotations);
}

/** By time; those at the same time, within the error of a reader, by text. */
function sorted(annotations: readonly (readonly [number, string])[]): [number, string][] {
  return annotations.map(([at, text]) => [at, text] as [number, string]).sort((a, b) =>
    Math.abs(a[0] - b[0]) > 1e-3 ? a[0] - b[0] : a[1].localeCompare(b[1])
  );
}

function assertSameAnnotations(
  read: readonly (readonly [number, string])[],
  expected: readonly (readonly [number, string])[],
  tolerance: number,
): void {
  assert.deepEqual(sorted(read).map(([, text]) => text), expected.map(([, text]) => text));
  for (const [k, [at]] of sorted(read).entries()) {
    assert.ok(Math.abs(at - expected[k]![0]) <= tolerance, `${at}: ${expected[k]}`);
  }
}

Deno.test({
  name: hasMne ? "edf is read by MNE" : "edf is read by MNE (skipped: python3-mne is missing)",
  ignore: !hasMne,
  fn: () => {
    using folder = temporaryFolder();
    const present = Array.from({ length: 40 }, (_, k) => k).filter((k) => k < 20 || k >= 25);
    const path = saved(folder.path, session(present));
    const file: MneFile = JSON.parse(output("/usr/bin/python3", MNE, path));
    assert.equal(file.rate, RATE_HZ);
    assert.equal(file.start, Math.floor(START_US / 1e6));
    const read = file.annotations.map(([onset, text]) => [file.start + onset, text] as const);
    assertSameAnnotations(read, expectedAnnotations(present), 1e-6);

    const { Pulse: pulse, "Pulse confidence": confidence, "Resp rate": breathing } = file.signals;
    assert.equal(pulse!.length, 41);
    for (let second = 0; second < 40; second++) {
      // The message of a second comes 0.96 s after its start, which is 0.25 s after that of a record.
      const at = second + 1;
      const isMeasured = present.includes(second) && second % 10 < 7;
      const close = (value: number, expected: number) =>
        assert.ok(Math.abs(value - (isMeasured ? expected : -1)) < 0.0051, `${second}: ${value}`);
      close(pulse![at]!, 60 + second % 50);
      close(confidence![at]!, 0.95);
      close(breathing![at]!, 12.34);
    }
    assert.equal(pulse![0], -1);

    const { Pleth: pleth, "Resp chest": chest } = file.signals;
    const gap = [Math.min(...pleth!), Math.min(...chest!)];
    for (let k = 0; k < pleth!.length; k++) {
      const seconds = k / RATE_HZ - 0.25;
      const isPresent = seconds >= 0 && seconds < 40 && present.includes(Math.floor(seconds));
      const expected = isPresent ? waveAt(seconds) : undefined;
      assert.ok(Math.abs(pleth![k]! - (expected ?? gap[0]!)) < 1e-4, `${k}: ${pleth![k]}`);
      assert.ok(
        Math.abs(chest![k]! - (expected === undefined ? gap[1]! : expected / 1000)) < 1e-5,
        `${k}`,
      );
    }
    assert.ok(gap[0]! < -1.005 && gap[1]! < -0.001005, `${gap}`);
  },
});

Deno.test({
  name: hasBiosig ? "edf is read by BioSig" : "edf is read by BioSig (skipped: biosig-tools)",
  ignore: !hasBiosig,
  fn: async (test) => {
    const read = (seconds: readonly number[]): BiosigFile => {
      using folder = temporaryFolder();
      const path = saved(folder.path, session(seconds));
      const text = output("save2gdf", "-JSON", path);
      return JSON.parse(text.slice(text.indexOf("{")));
    };
    const eventsOf = ({ EVENT }: BiosigFile) =>
      EVENT.map((
        { TimeStamp, Description },
      ) => [Date.parse(`${TimeStamp.replace(" ", "T")}Z`) / 1000, Description] as const)
        .filter(([, text]) => !text.startsWith("start of a new segment"));
    await test.step("with its header and annotations", () => {
      const seconds = [0, 1, 2, 3, 7, 8];
      const file = read(seconds);
      assert.equal(file.NumberOfRecords, 10);
      assert.match(file.StartOfRecording, /^2026-01-01 00:00:00$/);
      assert.match(file.Manufacturer.Name, /^physiology_server_\d/);
      assert.deepEqual(file.CHANNEL.map(({ Label, Samplingrate }) => [Label, Samplingrate]), [
        ["Pleth", RATE_HZ],
        ["Resp chest", RATE_HZ],
        ["Pulse", 1],
        ["Pulse confidence", 1],
        ["Resp rate", 1],
        ["Resp confidence", 1],
        ["EDF Annotations", file.CHANNEL.at(-1)!.Samplingrate],
      ]);
      assertSameAnnotations(eventsOf(file), expectedAnnotations(seconds), TIME_ERROR_S);
    });
    await test.step("with the times after an interruption (EDF+D)", () => {
      const seconds = [0, 1, 200_000, 200_001];
      const file = read(seconds);
      assert.equal(file.NumberOfRecords, 5);
      assertSameAnnotations(eventsOf(file), expectedAnnotations(seconds), TIME_ERROR_S);
    });
    await test.step("with its values", () => {
      using folder = temporaryFolder();
      const path = saved(folder.path, session([0, 1, 2]));
      output("save2gdf", "-CSV", path, `${folder.path}/edf.csv`);
      const [names, ...rows] = Deno.readTextFileSync(`${folder.path}/edf.csv`).trim().split("\n");
      assert.match(names!, /^"Pleth \[.*\]","Resp chest \[.*\]","Pulse \[/);
      const cells = rows.map((row) => row.split(",").map(Number));
      assert.equal(cells.length, 4 * RATE_HZ);
      for (const [k, [pleth, , pulse, confidence]] of cells.entries()) {
        const seconds = k / RATE_HZ - 0.25;
        const second = Math.floor(k / RATE_HZ);
        if (seconds >= 0 && seconds < 3) assert.ok(Math.abs(pleth! - waveAt(seconds)) < 1e-4);
        assert.equal(pulse, second === 0 ? -1 : 59 + second);
        assert.equal(confidence, second === 0 ? -1 : 0.95);
      }
    });
  },
});
