import { NO_SECRET } from "../config/secret.ts";
import { dirname, resolve } from "node:path";
import { AppError, reasonOf } from "../base/errors.ts";
import type { RegionSample } from "../vision/region_sample.ts";
import { parseCsv } from "./csv.ts";
import { type InputSettings, openInput, type ValidationInput } from "./input.ts";
import { deviceOf } from "./reference_device.ts";
import type { Exclusion, RecordingInput, Study } from "./study.ts";
import { TableError } from "./table.ts";

/** Columns of a manifest with a meaning; every other column is a stratum. */
const COLUMNS = [
  "recording",
  "subject",
  "video",
  "video_times",
  "trace",
  "signals",
  "reference",
  "reference_column",
  "reference_device",
  "reference_range",
  "start_s",
  "end_s",
  "exclude",
] as const;
type Cells = Readonly<Partial<Record<typeof COLUMNS[number], string>>>;

/**
 * Reads a manifest: a CSV file with one row for each recording of a study.
 *
 * @throws {TableError} if the manifest, or a file that it names, cannot be used
 */
export function readManifest(path: string, settings: InputSettings): Study {
  const rows = readRows(path);
  const recordings: RecordingInput[] = [];
  const exclusions: Exclusion[] = [];
  for (const [index, row] of rows.entries()) {
    const cells: Cells = row;
    const input = cells.video ?? cells.trace;
    const name = cells.recording ?? input?.split("/").at(-1) ?? `row ${index + 1}`;
    if (cells.exclude) {
      exclusions.push({ recording: name, reason: cells.exclude });
      continue;
    }
    try {
      recordings.push(recordingOf(row, { name, folder: dirname(path), settings }));
    } catch (cause) {
      const { message } = AppError.from(cause);
      throw new TableError(`Cannot use row ${index + 1} of ${path}: ${message}`, { cause });
    }
  }
  if (!recordings.length) {
    throw new TableError(`Cannot use ${path}: it must have a recording that is not excluded`);
  }
  return { description: `${rows.length} recordings of ${path}`, recordings, exclusions };
}

/** Returns the cells of each row by the names of the header; empty cells are absent. */
function readRows(path: string): Record<string, string>[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    throw new TableError(`Cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
  const [names = [], ...rows] = parseCsv(text);
  if (!names.includes("subject") || !(names.includes("video") || names.includes("trace"))) {
    throw new TableError(
      `Cannot use ${path} as a manifest: the header line must name subject, and video or trace: ` +
        `current value is ${names.join(",")}`,
    );
  }
  return rows.map((cells, index) => {
    if (cells.length !== names.length) {
      throw new TableError(
        `Cannot read ${path}: row ${
          index + 1
        } has ${cells.length} cells, the header line has ${names.length}`,
      );
    }
    return Object.fromEntries(
      names.map((name, column) => [name, cells[column]!]).filter(([, cell]) => cell !== ""),
    );
  });
}

interface RowContext {
  readonly name: string;
  readonly folder: string;
  readonly settings: InputSettings;
}

function recordingOf(
  row: Readonly<Record<string, string>>,
  { name, folder, settings }: RowContext,
): RecordingInput {
  const cells: Cells = row;
  const { subject } = cells;
  if (subject === undefined) throw new TableError("it must name a subject");
  const part = partOf(cells);
  const rowSettings = settingsOf(cells, { folder, settings });
  const open = (): ValidationInput => {
    const { durationS, ...input } = openInput(rowSettings);
    if (part) return { ...input, samples: samplesIn(part, input.samples) };
    return durationS === undefined ? input : { ...input, durationS };
  };
  // Reports a file that cannot be used before the first recording is measured.
  open();
  const { inputPath } = rowSettings.video;
  if (inputPath !== undefined && !inputPath.includes("://")) statFile(inputPath);
  return {
    name,
    subject,
    strata: Object.fromEntries(
      Object.entries(row).filter(([column]) => !(COLUMNS as readonly string[]).includes(column)),
    ),
    device: deviceOf(
      cells.reference_device ?? settings.validate.referenceDevice,
      cells.reference_range ?? settings.validate.referenceRange,
    ),
    open,
  };
}

/** Returns the settings of a run that measures one row alone. */
function settingsOf(
  { video, video_times, trace, reference, reference_column, signals }: Cells,
  { folder, settings }: Omit<RowContext, "name">,
): InputSettings {
  const { validate } = settings;
  const pathOf = (path: string) => path.includes("://") ? path : resolve(folder, path);
  return {
    ...settings,
    validate: {
      ...validate,
      manifestPath: undefined,
      inputTracePath: trace && pathOf(trace),
      referencePath: reference && pathOf(reference),
      referenceColumn: reference_column ??
        (trace || reference ? validate.referenceColumn : undefined),
      signals: signals?.split(/[\s,;]+/) ?? (trace ? validate.signals : []),
    },
    video: {
      ...settings.video,
      inputPath: video && pathOf(video),
      inputUrl: NO_SECRET,
      inputTimePath: video_times && pathOf(video_times),
    },
  };
}

interface Part {
  readonly startS: number;
  readonly endS: number;
}

/** Returns the part of a trace that the row selects, by the times of the trace. */
function partOf({ start_s, end_s, trace }: Cells): Part | undefined {
  if (start_s === undefined && end_s === undefined) return undefined;
  const part = { startS: Number(start_s ?? -Infinity), endS: Number(end_s ?? Infinity) };
  if (trace === undefined || !(part.startS < part.endS)) {
    throw new TableError(
      "start_s and end_s must be increasing times of a trace: " +
        `current values are ${start_s ?? "none"} and ${end_s ?? "none"}`,
    );
  }
  return part;
}

async function* samplesIn(
  { startS, endS }: Part,
  samples: ValidationInput["samples"],
): AsyncGenerator<RegionSample> {
  for await (const sample of samples) {
    const timeS = sample.timeUs / 1e6;
    if (timeS >= startS && timeS < endS) yield sample;
  }
}

function statFile(path: string): void {
  try {
    Deno.statSync(path);
  } catch (cause) {
    throw new TableError(`Cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
}
