import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { VERSION } from "../../base/version.ts";
import { ReplacedFile } from "../replaced_file.ts";
import { readSignals, type SessionSignals } from "../session_signals.ts";
import type { RecordingFormat, SavedSession } from "./format.ts";

/** Rows that are compressed at once: a file may have several gzip members (RFC 1952, section 2.2). */
const ROWS = 4096;
const TASK = "task-recording";

const DESCRIPTION = {
  Name: "Pulse and breathing from a camera",
  BIDSVersion: "1.8.0",
  DatasetType: "raw",
  GeneratedBy: [{ Name: "physiology_server", Version: VERSION }],
};

const README = `Pulse and breathing from a camera, recorded by physiology_server ${VERSION}.

Each session is a subject. Waveforms have a common rate, vital signs one row for each second; n/a is
a gap, or a value that was withheld because it was not reliable. physiology_server is not a medical
device.
`;

/** One table of a session. */
interface PhysioTable {
  readonly recording: "waveforms" | "vitals";
  readonly rateHz: number;
  readonly columns: readonly PhysioColumn[];
}

interface PhysioColumn {
  readonly name: string;
  readonly description: string;
  readonly units: string;
  readonly values: Float32Array;
  readonly digits: number;
}

/**
 * Physiological recordings of BIDS 1.8 (Brain Imaging Data Structure): a dataset in the folder
 * `bids`, with a subject for each session.
 */
export const bids: RecordingFormat = {
  *write(session) {
    const signals = yield* readSignals(() => session.envelopes());
    if (!signals) return;
    const root = `${session.directory}/bids`;
    const subject = `sub-${labelOf(session)}`;
    const folder = `${root}/${subject}/beh`;
    Deno.mkdirSync(folder, { recursive: true });
    const scans: string[] = [];
    for (const table of tablesOf(signals)) {
      const name = `${subject}_${TASK}_recording-${table.recording}_physio`;
      yield* writeTable(`${folder}/${name}`, table);
      scans.push(`beh/${name}.tsv.gz\t${new Date(signals.startUs / 1000).toISOString()}`);
    }
    writeText(`${root}/${subject}/${subject}_scans.tsv`, ["filename\tacq_time", ...scans]);
    const names = [...Deno.readDirSync(root)].map(({ name }) => name);
    // Researchers complete them, for example by the authors.
    if (!names.includes("README")) writeText(`${root}/README`, [README.trimEnd()]);
    if (!names.includes("dataset_description.json")) {
      writeText(`${root}/dataset_description.json`, [JSON.stringify(DESCRIPTION, null, 2)]);
    }
    const subjects = names.filter((name) => name.startsWith("sub-")).sort();
    writeText(`${root}/participants.tsv`, ["participant_id", ...subjects]);
  },
};

function tablesOf({ waveforms, seconds }: SessionSignals): PhysioTable[] {
  const { pulse, breathing } = seconds;
  return [{
    recording: "waveforms",
    rateHz: waveforms.rateHz,
    columns: [
      column("cardiac", "Blood volume pulse; systole goes up", "arbitrary", waveforms.pulse, 5),
      column("respiratory", "Chest; inhaling goes up", "arbitrary", waveforms.breathing, 5),
    ],
  }, {
    recording: "vitals",
    rateHz: 1,
    columns: [
      column("pulse", "Last trusted pulse of the second", "1/min", pulse.value, 2),
      column("pulse_confidence", "Within 3 beats/min", "probability", pulse.confidence, 3),
      column("breathing", "Last trusted rate of the second", "1/min", breathing.value, 2),
      column(
        "breathing_confidence",
        "Within 2 breaths/min",
        "probability",
        breathing.confidence,
        3,
      ),
    ],
  }];
}

function column(
  name: string,
  description: string,
  units: string,
  values: Float32Array,
  digits: number,
): PhysioColumn {
  return { name, description, units, values, digits };
}

function* writeTable(stem: string, { rateHz, columns }: PhysioTable): Generator<void, void, void> {
  const rows = columns[0]!.values.length;
  using file = new ReplacedFile(`${stem}.tsv.gz`);
  for (let begin = 0; begin < Math.max(1, rows); begin += ROWS) {
    let text = "";
    for (let k = begin; k < Math.min(rows, begin + ROWS); k++) {
      text += columns.map(({ values, digits }) => cell(values[k]!, digits)).join("\t") + "\n";
    }
    file.write(gzipSync(text));
    yield;
  }
  const sidecar: Record<string, unknown> = {
    SamplingFrequency: rateHz,
    StartTime: 0,
    Columns: columns.map(({ name }) => name),
    Manufacturer: "physiology_server",
    SoftwareVersions: VERSION,
  };
  for (const { name, description: Description, units: Units } of columns) {
    sidecar[name] = { Description, Units };
  }
  writeText(`${stem}.json`, [JSON.stringify(sidecar, null, 2)]);
  file.complete();
}

function cell(value: number, digits: number): string {
  return Number.isNaN(value) ? "n/a" : value.toFixed(digits);
}

function writeText(path: string, lines: readonly string[]): void {
  using file = new ReplacedFile(path);
  for (const line of lines) file.write(line + "\n");
  file.complete();
}

/** Returns the id with letters and digits only; ids that differ have labels that differ. */
function labelOf({ sessionId }: SavedSession): string {
  const label = sessionId.replaceAll(/[^A-Za-z0-9]/g, "").slice(0, 60);
  if (label === sessionId) return label;
  return label + createHash("sha256").update(sessionId).digest("hex").slice(0, 8);
}
