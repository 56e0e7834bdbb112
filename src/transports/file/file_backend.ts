import type { Clock } from "../../telemetry/clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { type Backend, BackendError, type Delivery } from "../../delivery/backend.ts";
import type { MetricOutgoing, Outgoing } from "../../envelopes/message.ts";
import { explainFileError, isDiskFull } from "./file_error.ts";
import { FrameFiles } from "./frame_files.ts";
import { type DiskSpace, diskSpaceOf, hasSpaceFor } from "./free_space.ts";
import { JsonLines } from "./json_lines.ts";
import type { FileOptions } from "./options.ts";

export interface FileBackendContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Converts a JPEG to the content of a frame file. @default frames are written as JPEG */
  readonly convertJpeg?:
    | ((jpeg: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>)
    | undefined;
}

/** Interval at which the directory, its files and the free disk space are checked, in milliseconds. */
const CHECK_INTERVAL_MS = 1000;
const LINE_TOPICS = ["core_metrics", "edge_metrics", "status", "recording_state"] as const;

/** Backend that writes into a directory: a JSON Lines file per topic, and the newest frame. */
export class FileBackend implements Backend {
  readonly name = "file";
  readonly inOrder = true;
  readonly isLocal = true;
  readonly #options: FileOptions;
  readonly #context: FileBackendContext;
  readonly #lines: ReadonlyMap<MetricOutgoing["topic"], JsonLines>;
  readonly #frames: FrameFiles;
  readonly #stop = new AbortController();
  #lockFile: Deno.FsFile | undefined;
  #space: DiskSpace | undefined;
  #running: Promise<void> | undefined;
  #ready = false;
  #truncated = false;
  #onReady: (ready: boolean) => void = () => {};
  #fault: string | undefined;

  constructor(options: FileOptions, context: FileBackendContext) {
    const baseDirectory = options.baseDirectory.replace(/(?<=.)\/+$/, "");
    this.#options = { ...options, baseDirectory };
    this.#context = context;
    this.#lines = new Map(LINE_TOPICS.map((topic) => [
      topic,
      new JsonLines(`${baseDirectory}/${topic}.jsonl`, options, context.clock),
    ]));
    this.#frames = new FrameFiles(this.#options, {
      clock: context.clock,
      convertJpeg: context.convertJpeg,
    });
  }

  get destination(): string {
    return `file ${this.#options.baseDirectory}`;
  }

  get ready(): boolean {
    return this.#ready;
  }

  get problem(): string | undefined {
    if (this.#fault) return this.#fault;
    if (!this.#space) return undefined;
    const start = `The disk of ${this.#options.baseDirectory} is almost full`;
    if (!hasSpaceFor("edge_metrics", this.#space)) {
      return `${start}: frames and edge metrics are not written: free some space`;
    }
    if (!hasSpaceFor("frame", this.#space)) {
      return `${start}: frames are not written: free some space`;
    }
    return undefined;
  }

  onReady(listener: (ready: boolean) => void): void {
    this.#onReady = listener;
  }

  start(): void {
    this.#running = this.#run();
  }

  async send(outgoing: Outgoing): Promise<Delivery> {
    if (!this.#ready) throw this.#error("The directory is not open", "not_open");
    if (this.#space && !hasSpaceFor(outgoing.topic, this.#space)) {
      throw new BackendError(this.problem ?? "", { retriable: false, reason: "disk_full" });
    }
    try {
      if (outgoing.kind === "frame") {
        await this.#frames.write(outgoing.image);
      } else {
        await this.#lines.get(outgoing.topic)?.append(outgoing.bytes);
        this.#fault = undefined;
      }
      if (this.#options.enableDebugLogging) {
        this.#context.log.info("Wrote", { topic: outgoing.topic, timestamp: outgoing.timestamp });
      }
      return {};
    } catch (error) {
      const full = isDiskFull(error);
      // Space may be freed later; after any other error the files are reopened.
      if (full) this.#report(error);
      else this.#fail(error);
      throw this.#error(error, full ? "disk_full" : "file");
    }
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((lines) => lines.flush()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#close();
  }

  async #run(): Promise<void> {
    const { clock } = this.#context;
    const { baseDirectory } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        if (!this.#ready) await this.#open();
        else await this.#checkFiles();
        this.#space = await diskSpaceOf(baseDirectory);
      } catch (error) {
        this.#fail(error);
      }
      await clock.sleep(CHECK_INTERVAL_MS, this.#stop.signal);
    }
  }

  async #open(): Promise<void> {
    const { baseDirectory, createIfMissing, truncateOnInit } = this.#options;
    if (createIfMissing) await Deno.mkdir(baseDirectory, { recursive: true });
    await this.#lockDirectory();
    // Truncate only once: later calls reopen the files after an error.
    const truncate = truncateOnInit && !this.#truncated;
    for (const lines of this.#lines.values()) await lines.open({ truncate });
    await this.#frames.open({ truncate });
    this.#truncated = true;
    if (this.#fault) this.#context.log.info(`Resumed writing to ${baseDirectory}`);
    this.#fault = undefined;
    this.#ready = true;
    this.#onReady(true);
  }

  /**
   * Locks the directory, because two servers would corrupt each other's files.
   *
   * @throws {Error} if another server holds the lock
   */
  async #lockDirectory(): Promise<void> {
    this.#lockFile?.close();
    this.#lockFile = undefined;
    const path = `${this.#options.baseDirectory}/.physiology_server.lock`;
    const file = await Deno.open(path, { write: true, create: true });
    if (!await file.tryLock(true)) {
      file.close();
      throw new Error(
        "another physiology_server uses it: choose another --file_base_directory",
      );
    }
    this.#lockFile = file;
  }

  async #checkFiles(): Promise<void> {
    for (const lines of this.#lines.values()) {
      if (!await lines.isInPlace()) {
        throw new Deno.errors.NotFound(`${lines.path} was removed or replaced`);
      }
    }
  }

  #report(error: unknown): void {
    this.#fault = explainFileError(error, this.#options.baseDirectory);
    this.#context.log.rateLimited("file_backend", 5, "warning", this.#fault);
  }

  #fail(error: unknown): void {
    this.#report(error);
    if (!this.#ready) return;
    this.#ready = false;
    this.#onReady(false);
  }

  #error(cause: unknown, reason: string): BackendError {
    const message = explainFileError(cause, this.#options.baseDirectory);
    return new BackendError(message, { cause, retriable: true, reason });
  }

  async #close(): Promise<void> {
    if (this.#ready) this.#onReady(false);
    this.#ready = false;
    for (const lines of this.#lines.values()) await lines[Symbol.asyncDispose]();
    await this.#frames[Symbol.asyncDispose]();
    this.#lockFile?.close();
    this.#lockFile = undefined;
  }
}
