import {
  isRecordingState,
  parseEnvelope,
  type SavedEnvelope,
  sessionIdOf,
} from "./saved_envelope.ts";
import { csvLines, SeriesTable } from "./series.ts";

/**
 * The files of one session: `metrics_{id}.jsonl`, to which each envelope is appended immediately,
 * and `metrics_{id}.json` and `metrics_{id}.csv`, which are replaced atomically. If the files of
 * the session exist already, it is continued.
 */
export class SessionFiles implements Disposable {
  readonly sessionId: string;
  readonly jsonPath: string;
  readonly #csvPath: string;
  readonly #lines: Deno.FsFile;
  readonly #series = new SeriesTable();
  #startUs: number | null = null;
  #endUs: number | null = null;

  /** @throws {Error} if the directory cannot be written */
  constructor(
    { directory, sessionId }: { readonly directory: string; readonly sessionId: string },
  ) {
    this.sessionId = sessionId;
    const stem = `${directory}/metrics_${fileNamePart(sessionId)}`;
    this.jsonPath = `${stem}.json`;
    this.#csvPath = `${stem}.csv`;
    const linesPath = `${stem}.jsonl`;
    this.#lines = Deno.openSync(linesPath, { create: true, append: true, read: true });
    this.#lines.truncateSync(this.#readExisting(linesPath));
  }

  /** Appends one envelope to the JSON Lines file. */
  append(envelope: SavedEnvelope): void {
    this.#add(envelope);
    const line = new TextEncoder().encode(JSON.stringify(envelope) + "\n");
    for (let written = 0; written < line.length;) {
      written += this.#lines.writeSync(line.subarray(written));
    }
  }

  /** Writes the series as they are now, as JSON and CSV. */
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

  #add(envelope: SavedEnvelope): void {
    if (isRecordingState(envelope)) {
      const isThisSession = envelope.payload["recording"] === true &&
        sessionIdOf(envelope) === this.sessionId;
      this.#endUs = isThisSession ? null : envelope.timestamp;
    } else {
      this.#series.add(envelope);
    }
    this.#startUs ??= envelope.timestamp;
  }

  /** Reads the existing lines; returns their length in bytes, without an incomplete last line. */
  #readExisting(path: string): number {
    const bytes = Deno.readFileSync(path);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const envelope = parseEnvelope(new TextDecoder().decode(bytes.subarray(start, end)));
      if (envelope) this.#add(envelope);
      start = end + 1;
    }
    return start;
  }
}

/** Converts an untrusted id to a part of a file name (at most 255 bytes, no separators). */
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
