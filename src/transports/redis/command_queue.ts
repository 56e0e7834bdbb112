import type { Buffer } from "node:buffer";
import calculateSlot from "cluster-key-slot";
import { reasonOf } from "../../base/errors.ts";
import { COMMAND_QUEUES } from "../../envelopes/fields/table.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Log } from "../../telemetry/log.ts";
import type { RedisOptions } from "./options.ts";
import { taggedPrefix } from "./partition.ts";
import { RedisLink } from "./redis_link.ts";

export interface CommandQueueContext {
  readonly log: Log;
  readonly clock: Clock;
  /** See `LinkContext`. */
  readonly mayReconnect?: () => boolean;
  /** Handles one command as it was pushed. Errors are logged and do not end the queue. */
  readonly onCommand: (bytes: Uint8Array) => void;
}

/** Timeout of a blocking pop, in seconds. Its reply also shows that the peer responds. */
const POP_SECONDS = 2;
/** Pause after a failed pop, in milliseconds. */
const RETRY_MS = 500;

/**
 * Consumes commands from the lists {prefix}:command_queue and {prefix}:metrics:command_queue by
 * blocking pops (BRPOP) on a separate connection: oldest first, as producers use LPUSH.
 */
export class CommandQueue implements AsyncDisposable {
  readonly #consumers: readonly ListConsumer[];

  constructor(options: RedisOptions, context: CommandQueueContext) {
    const prefix = taggedPrefix(options);
    const keys = COMMAND_QUEUES.map((name) => `${prefix}:${name}`);
    // A pop waits for lists of one node only, and in a cluster each list may be on another node.
    const groups = options.cluster ? Map.groupBy(keys, calculateSlot) : new Map([[0, keys]]);
    this.#consumers = [...groups.values()].map((group) =>
      new ListConsumer(group, { ...context, options })
    );
  }

  start(): void {
    for (const consumer of this.#consumers) consumer.start();
  }

  /** Reconnects with new certificates, passwords or servers. */
  reload(options: RedisOptions): void {
    for (const consumer of this.#consumers) consumer.reload(options);
  }

  get ready(): boolean {
    return this.#consumers.every(({ ready }) => ready);
  }

  /** Number of connections begun so far, with those that failed. */
  get attempts(): number {
    return this.#consumers.reduce((sum, { attempts }) => sum + attempts, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer[Symbol.asyncDispose]()));
  }
}

/** Consumes commands from lists that are on one server. */
class ListConsumer implements AsyncDisposable {
  readonly #keys: readonly string[];
  readonly #operationTimeoutMs: number;
  readonly #link: RedisLink;
  readonly #context: CommandQueueContext;
  #loop: Promise<void> | undefined;
  readonly #ending = new AbortController();
  #wake: () => void = () => {};

  constructor(
    keys: readonly string[],
    context: CommandQueueContext & { readonly options: RedisOptions },
  ) {
    this.#keys = keys;
    this.#operationTimeoutMs = context.options.operationTimeoutMs;
    this.#context = context;
    this.#link = new RedisLink("commands", context);
    this.#link.onReady(() => this.#wake());
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

  get attempts(): number {
    return this.#link.attempts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#wake();
    await this.#link[Symbol.asyncDispose]();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const ending = this.#ending.signal;
    while (!ending.aborted) {
      if (!this.#link.ready) await new Promise<void>((resolve) => this.#wake = resolve);
      else if (!await this.#pop() && !ending.aborted) {
        await this.#context.clock.sleep(RETRY_MS, ending);
      }
    }
  }

  /** Handles at most one command; returns false if the pop failed. */
  async #pop(): Promise<boolean> {
    const timeout = setTimeout(
      () => this.#link.reset("The command queue timed out"),
      POP_SECONDS * 1000 + this.#operationTimeoutMs,
    );
    try {
      const reply = await this.#link.call(["BRPOP", ...this.#keys, POP_SECONDS]);
      if (Array.isArray(reply)) this.#handle(reply[1] as Buffer);
      return true;
    } catch (error) {
      if (this.#ending.signal.aborted) return true;
      this.#context.log.rateLimited(
        "command queue",
        10,
        "warning",
        "Cannot read the command queue",
        {
          // The link knows more than the error of the command that it interrupts.
          reason: this.#link.problem?.message ?? reasonOf(error),
        },
      );
      return false;
    } finally {
      clearTimeout(timeout);
    }
  }

  #handle(bytes: Uint8Array): void {
    try {
      this.#context.onCommand(bytes);
    } catch (error) {
      this.#context.log.warning("Dropped a recording command", { reason: reasonOf(error) });
    }
  }
}
