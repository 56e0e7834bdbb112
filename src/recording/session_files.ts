import type { ReceivedEnvelope } from "../envelopes/received.ts";
import type { RecordingFormat, SavedSession } from "./formats/format.ts";
import { ColumnFile } from "./column_file.ts";
import { readAt, ReplacedFile } from "./files.ts";
import { orderedEnvelopes } from "./ordered_envelopes.ts";
import { isRecordingState, sessionIdOf } from "./saved_envelope.ts";
import { CSV_HEADER, SeriesWriter } from "./series.ts";

/** Bytes that are searched at once for the end of the last complete line. */
const TAIL_BYTES = 1 << 16;
const NEW_LINE = 10;

/**
 * The files of one session: `metrics_{id}.jsonl`, to which each envelope is appended immediately,
 * and `metrics_{id}.json` and `metrics_{id}.csv`, which are derived from it and replaced atomically,
 * as are the files of further formats.
 * If the files of the session exist already, it is continued. No file stays open, and the memory
 * does not depend on the length of the session.
 */
export class SessionFiles {
  readonly sessionId: string;
  readonly jsonPath: string;
  readonly #csvPath: string;
  readonly #linesPath: string;
  readonly #formats: readonly RecordingFormat[];
  readonly #session: SavedSession;

  /** @throws {Error} if the directory cannot be written */
  constructor({ directory, sessionId, formats = [] }: {
    readonly directory: string;
    readonly sessionId: string;
    /** @default none but JSON Lines, JSON and CSV */
    readonly formats?: readonly RecordingFormat[];
  }) {
    this.sessionId = sessionId;
    this.#formats = formats;
    const name = fileNamePart(sessionId);
    const stem = `${directory}/metrics_${name}`;
    const envelopes = () => orderedEnvelopes(this.#linesPath);
    this.#session = { sessionId, directory, name, envelopes };
    this.jsonPath = `${stem}.json`;
    this.#csvPath = `${stem}.csv`;
    this.#linesPath = `${stem}.jsonl`;
    removeTornLine(this.#linesPath);
  }

  /** Appends one envelope to the JSON Lines file. */
  append(envelope: ReceivedEnvelope): void {
    Deno.writeTextFileSync(this.#linesPath, JSON.stringify(envelope) + "\n", { append: true });
  }

  /**
   * Writes the further formats, and then the series as JSON and CSV. Yields often, so that the caller can do other work: a session
   * of a day takes minutes.
   */
  *derive(): Generator<void, void, void> {
    for (const format of this.#formats) yield* format.write(this.#session);
    using columns = new ColumnFile(`${this.jsonPath}.columns`);
    using json = new ReplacedFile(this.jsonPath);
    using csv = new ReplacedFile(this.#csvPath);
    const series = new SeriesWriter({ columns, csv });
    csv.write(CSV_HEADER);
    let startUs: number | null = null;
    const states: ReceivedEnvelope[] = [];
    for (const envelope of orderedEnvelopes(this.#linesPath)) {
      yield;
      if (!envelope) continue;
      startUs = Math.min(startUs ?? envelope.timestamp, envelope.timestamp);
      if (isRecordingState(envelope)) states.push(envelope);
      else series.add(envelope);
    }
    json.write(`{"session_id":${JSON.stringify(this.sessionId)}`);
    json.write(`,"start_timestamp":${startUs}`);
    json.write(`,"end_timestamp":${this.#endOf(states)},"series":`);
    for (const part of series.json()) {
      json.write(part);
      yield;
    }
    json.write("}");
    csv.complete();
    json.complete();
  }

  /** The first end after the last start; null if the session has not ended. */
  #endOf(states: ReceivedEnvelope[]): number | null {
    let endUs: number | null = null;
    for (const state of states.sort((a, b) => a.timestamp - b.timestamp)) {
      const { timestamp, payload } = state;
      const isOpen = payload["recording"] === true && sessionIdOf(state) === this.sessionId;
      endUs = isOpen ? null : endUs ?? timestamp;
    }
    return endUs;
  }
}

/** Returns the ids of the sessions whose series are missing or older than their lines. */
export function unfinishedSessions(directory: string): string[] {
  const modifiedMs = (path: string) => {
    try {
      return Deno.statSync(path).mtime?.getTime() ?? 0;
    } catch {
      return -Infinity;
    }
  };
  return [...Deno.readDirSync(directory)].flatMap(({ name }) => {
    const stem = /^(metrics_(.*))\.jsonl$/.exec(name);
    if (!stem) return [];
    const jsonMs = modifiedMs(`${directory}/${stem[1]}.json`);
    return jsonMs < modifiedMs(`${directory}/${name}`) ? [stem[2]!] : [];
  });
}

/** Creates the file, or shortens it to its last complete line. */
function removeTornLine(path: string): void {
  using file = Deno.openSync(path, { create: true, read: true, write: true });
  const { size } = file.statSync();
  let end = size;
  while (end > 0) {
    const offset = Math.max(0, end - TAIL_BYTES);
    const tail = new Uint8Array(end - offset);
    readAt(file, offset, tail);
    const last = tail.lastIndexOf(NEW_LINE);
    end = offset + last + 1;
    if (last >= 0) break;
  }
  if (end < size) file.truncateSync(end);
}

/** Converts an untrusted id to a part of a file name (at most 255 bytes, no separators). */
function fileNamePart(sessionId: string): string {
  // deno-lint-ignore no-control-regex
  const safe = sessionId.replaceAll(/[/\\\x00-\x1f\x7f]/g, "_");
  const bytes = new TextEncoder().encode(safe).subarray(0, 200);
  return new TextDecoder().decode(bytes).replaceAll("\ufffd", "");
}
