import type { Buffer } from "node:buffer";
import { reasonOf } from "../../base/errors.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Log } from "../../telemetry/log.ts";
import type { RedisOptions } from "./options.ts";
import { RedisLink } from "./redis_link.ts";

export interface CommandQueueContext {
  readonly log: Log;
  readonly clock: Clock;
  /** Takes one command as it was pushed; what it throws is logged and ends nothing. */
  readonly onCommand: (bytes: Uint8Array) => void;
}

/** A pop returns empty-handed after this many seconds, which shows that the peer lives. */
const POP_SECONDS = 2;
const PAUSE_MS = 500;
/** A command is a line of JSON; anything longer is none. */
const MAX_COMMAND_BYTES = 65_536;

/**
 * Takes commands from the lists {prefix}:command_queue and {prefix}:metrics:command_queue by a
 * blocking pop on a connection of its own: oldest first, as producers push at the left.
 */
export class CommandQueue implements AsyncDisposable {
  readonly #pumps: readonly ListPump[];

  constructor(options: RedisOptions, context: CommandQueueContext) {
    const keys = ["command_queue", "metrics:command_queue"].map((n) => `${options.keyPrefix}:${n}`);
    // The nodes of a cluster hold one list each, and a pop waits for lists of one node only.
    const shares = options.cluster ? keys.map((key) => [key]) : [keys];
    this.#pumps = shares.map((share) => new ListPump(share, { ...context, options }));
  }

  start(): void {
    for (const pump of this.#pumps) pump.start();
  }

  /** Goes over to new certificates, passwords or servers. */
  reload(options: RedisOptions): void {
    for (const pump of this.#pumps) pump.reload(options);
  }

  get ready(): boolean {
    return this.#pumps.every(({ ready }) => ready);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pumps.map((pump) => pump[Symbol.asyncDispose]()));
  }
}

/** The blocking pop of a few lists that one server holds. */
class ListPump implements AsyncDisposable {
  readonly #keys: readonly string[];
  readonly #operationTimeoutMs: number;
  readonly #link: RedisLink;
  readonly #context: CommandQueueContext;
  #loop: Promise<void> | undefined;
  readonly #ending = new AbortController();
  #becameReady: () => void = () => {};

  constructor(
    keys: readonly string[],
    context: CommandQueueContext & { readonly options: RedisOptions },
  ) {
    this.#keys = keys;
    this.#operationTimeoutMs = context.options.operationTimeoutMs;
    this.#context = context;
    this.#link = new RedisLink("commands", context);
    this.#link.onReady(() => this.#becameReady());
  }

  start(): void {
    this.#link.start();
    this.#loop = this.#run();
  }

  reload(options: RedisOptions): void {
    this.#link.reload(options);
  }

  get ready(): boolean {
    return this.#link.ready;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#becameReady();
    await this.#link[Symbol.asyncDispose]();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const ending = this.#ending.signal;
    while (!ending.aborted) {
      if (!this.#link.ready) await new Promise<void>((resolve) => this.#becameReady = resolve);
      else if (!await this.#pop() && !ending.aborted) {
        await this.#context.clock.sleep(PAUSE_MS, ending);
      }
    }
  }

  /** @returns false where the pop failed, so that the caller takes a breath. */
  async #pop(): Promise<boolean> {
    const silent = setTimeout(
      () => this.#link.reset("The command queue timed out"),
      POP_SECONDS * 1000 + this.#operationTimeoutMs,
    );
    try {
      const reply = await this.#link.call(["BRPOP", ...this.#keys, POP_SECONDS]);
      if (Array.isArray(reply)) this.#take(reply[1] as Buffer);
      return true;
    } catch (error) {
      if (this.#ending.signal.aborted) return true;
      const why = reasonOf(error);
      this.#context.log.rateLimited(
        "command queue",
        10,
        "warning",
        "Cannot read the command queue",
        {
          why,
        },
      );
      return false;
    } finally {
      clearTimeout(silent);
    }
  }

  #take(bytes: Uint8Array): void {
    try {
      if (bytes.length > MAX_COMMAND_BYTES) {
        throw new Error(`It is too long: ${bytes.length} bytes`);
      }
      this.#context.onCommand(bytes);
    } catch (error) {
      const why = reasonOf(error);
      this.#context.log.warning("Dropped a recording command", { why });
    }
  }
}
