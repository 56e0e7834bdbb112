import { csvLines, SeriesTable } from "./series.ts";

/** What a message must be to be saved: nothing more is asked of a foreign publisher. */
export interface SavedEnvelope {
  readonly type: string;
  readonly timestamp: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * The files of one session in one folder: `metrics_{id}.jsonl`, written line by line as envelopes
 * come, and `metrics_{id}.json` and `metrics_{id}.csv`, replaced as wholes. An id that was saved
 * before is gone on with.
 */
export class SessionFiles implements Disposable {
  readonly sessionId: string;
  readonly jsonPath: string;
  readonly #csvPath: string;
  readonly #lines: Deno.FsFile;
  readonly #series = new SeriesTable();
  #startUs: number | null = null;
  #endUs: number | null = null;

  /** @throws {Error} of the file system, where the folder cannot be written */
  constructor(
    { directory, sessionId }: { readonly directory: string; readonly sessionId: string },
  ) {
    this.sessionId = sessionId;
    const stem = `${directory}/metrics_${fileNamePart(sessionId)}`;
    this.jsonPath = `${stem}.json`;
    this.#csvPath = `${stem}.csv`;
    const linesPath = `${stem}.jsonl`;
    this.#lines = Deno.openSync(linesPath, { create: true, append: true, read: true });
    const whole = this.#readWhatIsThere(linesPath);
    this.#lines.truncateSync(whole);
  }

  /** Takes one envelope: a whole line on the disk, or none. */
  append(envelope: SavedEnvelope): void {
    this.#take(envelope);
    const line = new TextEncoder().encode(JSON.stringify(envelope) + "\n");
    for (let written = 0; written < line.length;) {
      written += this.#lines.writeSync(line.subarray(written));
    }
  }

  /** Writes the series as they stand. */
  save(): void {
    replaceFile(this.jsonPath, [JSON.stringify({
      session_id: this.sessionId,
      start_timestamp: this.#startUs,
      end_timestamp: this.#endUs,
      series: this.#series,
    })]);
    replaceFile(this.#csvPath, csvLines(this.#series));
  }

  [Symbol.dispose](): void {
    this.#lines.close();
  }

  #take(envelope: SavedEnvelope): void {
    if (isRecordingState(envelope)) {
      const ours = envelope.payload["recording"] === true &&
        sessionIdOf(envelope) === this.sessionId;
      this.#endUs = ours ? null : envelope.timestamp;
    } else {
      this.#series.add(envelope);
    }
    this.#startUs ??= envelope.timestamp;
  }

  /** Returns the length in bytes of the whole lines: a crash may have cut the last one short. */
  #readWhatIsThere(path: string): number {
    const bytes = Deno.readFileSync(path);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const envelope = parseEnvelope(new TextDecoder().decode(bytes.subarray(start, end)));
      if (envelope) this.#take(envelope);
      start = end + 1;
    }
    return start;
  }
}

/** True for what tells the present state: a change, or a status that does not come late. */
export function isRecordingState({ type, payload }: SavedEnvelope): boolean {
  if (type === "recording_state") return true;
  const { recording, metadata } = payload as {
    readonly recording?: unknown;
    readonly metadata?: { readonly replayed?: unknown } | null;
  };
  return type === "status" && typeof recording === "boolean" && metadata?.replayed !== true;
}

/** The session of a `recording_state`; one that came without an id is named by its start. */
export function sessionIdOf({ timestamp, payload }: SavedEnvelope): string {
  return String(payload["session_id"] || timestamp);
}

/** An envelope from text that anybody may have published, or undefined. */
export function parseEnvelope(text: string): SavedEnvelope | undefined {
  try {
    const value = JSON.parse(text);
    const good = typeof value?.type === "string" && Number.isFinite(value.timestamp) &&
      typeof value.payload === "object" && value.payload !== null && !Array.isArray(value.payload);
    return good ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An id may come from any publisher; a name of a file has 255 bytes and no separator. */
function fileNamePart(sessionId: string): string {
  // deno-lint-ignore no-control-regex
  const safe = sessionId.replaceAll(/[/\\\x00-\x1f\x7f]/g, "_");
  const bytes = new TextEncoder().encode(safe).subarray(0, 200);
  return new TextDecoder().decode(bytes).replaceAll("\ufffd", "");
}

const BLOCK_CHARACTERS = 1 << 20;

function replaceFile(path: string, parts: Iterable<string>): void {
  const temporary = `${path}.tmp`;
  {
    using file = Deno.openSync(temporary, { create: true, write: true, truncate: true });
    let block = "";
    const flush = () => {
      const bytes = new TextEncoder().encode(block);
      for (let written = 0; written < bytes.length;) {
        written += file.writeSync(bytes.subarray(written));
      }
      block = "";
    };
    for (const part of parts) {
      block += part;
      if (block.length > BLOCK_CHARACTERS) flush();
    }
    flush();
    file.syncSync();
  }
  Deno.renameSync(temporary, path);
}
