import type { Clock } from "../../telemetry/clock.ts";
import type { Log } from "../../telemetry/log.ts";
import {
  type Backend,
  BackendError,
  type Delivery,
  type MetricOutgoing,
  type Outgoing,
} from "../../envelopes/outgoing.ts";
import { explainFileError, isDiskFull } from "./file_error.ts";
import { FrameFiles } from "./frame_files.ts";
import { hasRoomFor, type Space, spaceAt } from "./free_space.ts";
import { JsonLines } from "./json_lines.ts";
import type { FileOptions } from "./options.ts";

export interface FileBackendContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Makes an uncompressed picture of a JPEG, where frames are to be written so. */
  readonly uncompressed?:
    | ((jpeg: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>)
    | undefined;
}

/** How often the folder, its files and the room on the disk are looked at, milliseconds. */
const WATCH_MS = 1000;
const LINE_TOPICS = ["core_metrics", "edge_metrics", "status", "recording_state"] as const;

/** Files in a folder: one of lines for each kind of message, and the newest picture. */
export class FileBackend implements Backend {
  readonly name = "file";
  readonly inOrder = true;
  readonly #options: FileOptions;
  readonly #context: FileBackendContext;
  readonly #lines: ReadonlyMap<MetricOutgoing["topic"], JsonLines>;
  readonly #frames: FrameFiles;
  readonly #ending = new AbortController();
  #guard: Deno.FsFile | undefined;
  #space: Space | undefined;
  #watching: Promise<void> | undefined;
  #ready = false;
  #truncated = false;
  #onReady: (ready: boolean) => void = () => {};
  #fault: string | undefined;

  constructor(options: FileOptions, context: FileBackendContext) {
    const folder = options.baseDirectory.replace(/(?<=.)\/+$/, "");
    this.#options = { ...options, baseDirectory: folder };
    this.#context = context;
    this.#lines = new Map(LINE_TOPICS.map((topic) => [
      topic,
      new JsonLines(`${folder}/${topic}.jsonl`, options, context.clock),
    ]));
    this.#frames = new FrameFiles(this.#options, {
      clock: context.clock,
      contentOf: context.uncompressed,
    });
  }

  get ready(): boolean {
    return this.#ready;
  }

  get trouble(): string | undefined {
    if (this.#fault) return this.#fault;
    const folder = this.#options.baseDirectory;
    if (!this.#space) return undefined;
    if (!hasRoomFor("edge_metrics", this.#space)) {
      return `The disk of ${folder} is almost full: neither frames nor edge metrics are written: free some space`;
    }
    if (!hasRoomFor("frame", this.#space)) {
      return `The disk of ${folder} is almost full: frames are not written: free some space`;
    }
    return undefined;
  }

  onReady(listener: (ready: boolean) => void): void {
    this.#onReady = listener;
  }

  start(): void {
    this.#watching = this.#watch();
  }

  async send(outgoing: Outgoing): Promise<Delivery> {
    if (!this.#ready) throw this.#error("The folder is not open", "not_open");
    if (this.#space && !hasRoomFor(outgoing.topic, this.#space)) {
      throw new BackendError(this.trouble ?? "", { retriable: false, reason: "disk_full" });
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
      // What does not fit now may fit soon; anything else needs the files opened anew.
      if (full) this.#say(error);
      else this.#fail(error);
      throw this.#error(error, full ? "disk_full" : "file");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#watching;
    await this.#close();
  }

  async #watch(): Promise<void> {
    const { clock } = this.#context;
    const { baseDirectory } = this.#options;
    while (!this.#ending.signal.aborted) {
      try {
        if (!this.#ready) await this.#open();
        else await this.#seeThatAllIsInPlace();
        this.#space = await spaceAt(baseDirectory);
      } catch (error) {
        this.#fail(error);
      }
      await clock.sleep(WATCH_MS, this.#ending.signal);
    }
  }

  async #open(): Promise<void> {
    const { baseDirectory, createIfMissing, truncateOnInit } = this.#options;
    if (createIfMissing) await Deno.mkdir(baseDirectory, { recursive: true });
    await this.#claimFolder();
    // Only the first opening may empty files: later ones follow a fault in the same run.
    const truncate = truncateOnInit && !this.#truncated;
    for (const lines of this.#lines.values()) await lines.open({ truncate });
    await this.#frames.open({ truncate });
    this.#truncated = true;
    if (this.#fault) this.#context.log.info(`Writing to ${baseDirectory} again`);
    this.#fault = undefined;
    this.#ready = true;
    this.#onReady(true);
  }

  /** Two servers in one folder would spoil each other's files: the second one waits. */
  async #claimFolder(): Promise<void> {
    this.#guard?.close();
    this.#guard = undefined;
    const path = `${this.#options.baseDirectory}/.physiology_server.lock`;
    const guard = await Deno.open(path, { write: true, create: true });
    if (!await guard.tryLock(true)) {
      guard.close();
      throw new Error(
        "another physiology_server writes there: choose another --file_base_directory",
      );
    }
    this.#guard = guard;
  }

  async #seeThatAllIsInPlace(): Promise<void> {
    for (const lines of this.#lines.values()) {
      if (!await lines.inPlace()) {
        throw new Deno.errors.NotFound(`${lines.path} was removed or replaced`);
      }
    }
  }

  #say(error: unknown): void {
    this.#fault = explainFileError(error, this.#options.baseDirectory);
    this.#context.log.rateLimited("file backend", 5, "warning", this.#fault);
  }

  #fail(error: unknown): void {
    this.#say(error);
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
    this.#guard?.close();
    this.#guard = undefined;
  }
}
