import type { ReceivedEnvelope } from "../envelopes/received.ts";
import type { RecordingFormat, SavedSession } from "./formats/format.ts";
import { ColumnFile } from "./column_file.ts";
import { readAt } from "./files.ts";
import { orderedEnvelopes } from "./ordered_envelopes.ts";
import { ReplacedFile } from "./replaced_file.ts";
import { isRecordingState, sessionIdOf } from "./saved_envelope.ts";
import { CSV_HEADER, SeriesWriter } from "./series.ts";
import type { Vault } from "./vault.ts";
import { newSealKey, openPlain, SealedFile, type SealKey, type WorkFile } from "./work_file.ts";

/** Bytes that are searched at once for the end of the last complete line. */
const TAIL_BYTES = 1 << 16;
const NEW_LINE = 10;
/** Ending of the lines of a session with a vault, while its run lasts. */
const SEALED_ENDING = ".jsonl.sealed";
/** Ending of a series that is not encrypted for the recipients yet. */
const WORK_ENDING = ".work";

const encoder = new TextEncoder();

/**
 * The files of one session: `metrics_{id}.jsonl`, to which each envelope is appended immediately,
 * and `metrics_{id}.json` and `metrics_{id}.csv`, which are derived from it and replaced atomically,
 * as are the files of further formats.
 * If the files of the session exist already, it is continued. No file stays open, and the memory
 * does not depend on the length of the session.
 *
 * With a vault, the id is a random number, and all files end with `.age`. The lines are in
 * `metrics_{id}.jsonl.sealed` until the run ends, and a later run of the session has further files.
 */
export class SessionFiles {
  readonly sessionId: string;
  readonly jsonPath: string;
  readonly #csvPath: string;
  readonly #linesPath: string;
  readonly #formats: readonly RecordingFormat[];
  readonly #vault: Vault | undefined;
  readonly #directory: string;
  readonly #name: string;
  /** Size of the sealed lines, in bytes. */
  #sealedBytes = 0;
  /** Keys of the derived files until they are encrypted, by their paths. */
  readonly #seriesKeys = new Map<string, SealKey>();

  /** @throws {Error} if the directory cannot be written */
  constructor({ directory, sessionId, formats = [], vault }: {
    readonly directory: string;
    readonly sessionId: string;
    /** @default none but JSON Lines, JSON and CSV */
    readonly formats?: readonly RecordingFormat[];
    readonly vault?: Vault | undefined;
  }) {
    this.sessionId = sessionId;
    this.#formats = formats;
    this.#vault = vault;
    this.#directory = directory;
    this.#name = vault?.newName() ?? fileNamePart(sessionId);
    const stem = `${directory}/metrics_${this.#name}`;
    this.jsonPath = `${stem}.json`;
    this.#csvPath = `${stem}.csv`;
    this.#linesPath = stem + (vault ? SEALED_ENDING : ".jsonl");
    if (!vault) removeTornLine(this.#linesPath);
  }

  /** Appends one envelope to the lines. */
  append(envelope: ReceivedEnvelope): void {
    const bytes = encoder.encode(JSON.stringify(envelope) + "\n");
    using file = this.#openLines();
    file.append(bytes);
    this.#sealedBytes += bytes.length;
  }

  /**
   * Writes the further formats, and then the series as JSON and CSV. Yields often, so that the
   * caller can do other work: a session of a day takes minutes.
   */
  *derive(): Generator<void, void, void> {
    const openScratch = this.#vault && ((path: string) => new SealedFile(path, newSealKey()));
    using lines = this.#openLines();
    for (const format of this.#formats) yield* format.write(this.#savedSession(lines));
    using columns = new ColumnFile(`${this.jsonPath}.columns`, openScratch);
    using json = this.#replace(this.jsonPath);
    using csv = this.#replace(this.#csvPath);
    const series = new SeriesWriter({ columns, csv });
    csv.write(CSV_HEADER);
    let startUs: number | null = null;
    const states: ReceivedEnvelope[] = [];
    for (const envelope of orderedEnvelopes(lines)) {
      yield;
      if (!envelope) continue;
      startUs = Math.min(startUs ?? envelope.timestamp, envelope.timestamp);
      if (isRecordingState(envelope)) states.push(envelope);
      else if (envelope.type !== "status") series.add(envelope);
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

  /** Encrypts lines and series for the recipients of the vault; does nothing without one. */
  async encrypt(): Promise<void> {
    const vault = this.#vault;
    if (!vault) return;
    {
      using lines = this.#openLines();
      await vault.encrypt(lines, this.#linesPath.replace(SEALED_ENDING, ".jsonl.age"));
    }
    for (const [path, key] of this.#seriesKeys) {
      {
        using series = new SealedFile(path, key);
        await vault.encrypt(series, path.replace(WORK_ENDING, ".age"));
      }
      Deno.removeSync(path);
    }
    this.#seriesKeys.clear();
  }

  /** Removes the sealed lines, after the last `encrypt`. */
  removeSealed(): void {
    if (this.#vault) Deno.removeSync(this.#linesPath);
  }

  /** @throws {Error} if another program has changed sealed lines: no part of a key is used twice */
  #openLines(): WorkFile {
    if (!this.#vault) return openPlain(this.#linesPath);
    const file = this.#vault.openLines(this.#linesPath, this.#name);
    if (file.bytes === this.#sealedBytes) return file;
    file[Symbol.dispose]();
    throw new Error(`another program has changed ${this.#linesPath}`);
  }

  #savedSession(lines: WorkFile): SavedSession {
    return {
      sessionId: this.sessionId,
      directory: this.#directory,
      replace: (ending) => this.#replace(`${this.#directory}/metrics_${this.#name}${ending}`),
      envelopes: () => orderedEnvelopes(lines),
    };
  }

  #replace(path: string): ReplacedFile {
    if (!this.#vault) return new ReplacedFile(path);
    const key = newSealKey();
    this.#seriesKeys.set(path + WORK_ENDING, key);
    return new ReplacedFile(path + WORK_ENDING, (temporary) => new SealedFile(temporary, key));
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

/** Returns the number of sessions whose lines a run with a vault has left that did not end. */
export function sealedSessions(directory: string): number {
  return [...Deno.readDirSync(directory)].filter(({ name }) => name.endsWith(SEALED_ENDING)).length;
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
