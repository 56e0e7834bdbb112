/** Names of the files of sessions, as `record` writes them; with a key, they end with `.age`. */
const FILE_NAME = /^metrics_([^/\\\p{Cc}]{1,240}?)\.(jsonl|json|csv)(\.age)?$/u;
const TYPES: Readonly<Record<string, string>> = {
  jsonl: "application/x-ndjson",
  json: "application/json",
  csv: "text/csv; charset=utf-8",
};
/** Maximum number of sessions in the list, the newest first. */
const MAX_SESSIONS = 1000;

export interface SessionFile {
  readonly name: string;
  readonly bytes: number;
}

export interface Session {
  readonly session_id: string;
  /** Time of the last change, in microseconds since the Unix epoch. */
  readonly modified: number;
  readonly files: readonly SessionFile[];
}

/** A file that is sent to a client. */
export interface OpenedSessionFile {
  readonly type: string;
  readonly content: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** The sessions that `record` has written to a folder, for reading. */
export class SessionFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The newest sessions. */
  async list(): Promise<readonly Session[]> {
    const sessions = new Map<string, { modified: number; files: SessionFile[] }>();
    for await (const { name, isFile } of Deno.readDir(this.#folder)) {
      const id = FILE_NAME.exec(name)?.[1];
      if (id === undefined || !isFile) continue;
      const info = await Deno.lstat(`${this.#folder}/${name}`).catch(() => undefined);
      if (!info) continue; // removed meanwhile
      const session = sessions.get(id) ?? { modified: 0, files: [] };
      sessions.set(id, session);
      session.files.push({ name, bytes: info.size });
      session.modified = Math.max(session.modified, 1000 * (info.mtime?.getTime() ?? 0));
    }
    return [...sessions]
      .map(([session_id, { modified, files }]) => ({
        session_id,
        modified,
        files: files.sort((a, b) => a.name < b.name ? -1 : 1),
      }))
      .sort((a, b) => b.modified - a.modified)
      .slice(0, MAX_SESSIONS);
  }

  /** Opens a file of a session; returns undefined if there is none of this name. */
  async open(name: string): Promise<OpenedSessionFile | undefined> {
    const parts = FILE_NAME.exec(name);
    if (!parts) return undefined;
    const [, , extension = "", encryption] = parts;
    const type = encryption ? "application/octet-stream" : TYPES[extension]!;
    const path = `${this.#folder}/${name}`;
    try {
      const file = await openRegularFile(path);
      return file && { type, content: file.readable };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }
}

/** Opens a file for reading; returns undefined for a symbolic link and anything else but a file. */
async function openRegularFile(path: string): Promise<Deno.FsFile | undefined> {
  const expected = await Deno.lstat(path);
  if (!expected.isFile) return undefined;
  const file = await Deno.open(path);
  // The path may have been replaced by a link meanwhile.
  const actual = await file.stat();
  if (actual.ino === expected.ino && actual.dev === expected.dev) return file;
  file.close();
  return undefined;
}
