import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Redis } from "ioredis";
import type { Log } from "../../telemetry/log.ts";
import { backoffMs } from "./backoff.ts";
import type { RedisOptions } from "./options.ts";
import { explainRedisError, type RedisProblem } from "./redis_error.ts";
import { ReplyGuard } from "./reply_guard.ts";

/** What a connection is for; it shows in CLIENT LIST as physiology:{role}. */
export type LinkRole = "metrics" | "frames" | "commands";

export interface LinkContext {
  readonly options: RedisOptions;
  readonly log: Log;
}

/** A reply to one command. */
export type Reply = number | string | Buffer | null | readonly Reply[];

/** How often, in seconds, a lasting fault is said again. */
const SAY_AGAIN_SECONDS = 5;

/**
 * One connection to Redis that heals for ever. It queues nothing: a command on a link that is not
 * ready fails at once, and every command under way fails when the connection is lost.
 */
export class RedisLink implements AsyncDisposable {
  readonly #role: LinkRole;
  readonly #options: RedisOptions;
  readonly #log: Log;
  #client: Redis | undefined;
  #ready = false;
  #said = false;
  /** What this side ended the present connection for; later errors only follow from it. */
  #ended: string | undefined;
  #handshakeTimer: ReturnType<typeof setTimeout> | undefined;
  #onReady: (ready: boolean) => void = () => {};
  #trouble: RedisProblem | undefined;
  #reconnects = 0;

  constructor(role: LinkRole, { options, log }: LinkContext) {
    this.#role = role;
    this.#options = options;
    this.#log = log;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** What keeps the link from working; absent while it works. */
  get trouble(): RedisProblem | undefined {
    return this.#trouble;
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  get where(): string {
    return `${this.#options.host}:${this.#options.port}`;
  }

  onReady(listener: (ready: boolean) => void): void {
    this.#onReady = listener;
  }

  start(): void {
    const { host, port, password, username, database, connectionTimeoutMs } = this.#options;
    const client = new Redis({
      host,
      port,
      db: database,
      ...(password ? { password } : {}),
      ...(username ? { username } : {}),
      connectionName: `physiology:${this.#role}`,
      clientInfoTag: "physiology_server",
      lazyConnect: true,
      connectTimeout: connectionTimeoutMs,
      retryStrategy: (attempt) => backoffMs(attempt),
      // The outbox is the only queue; what was under way fails with the connection.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      keepAlive: 10_000,
    });
    this.#client = client;
    client.on("connecting", () => this.#watchHandshake());
    client.on("connect", () => this.#guardReplies());
    client.on("ready", () => this.#becomeReady());
    client.on("close", () => this.#becomeUnready());
    client.on("error", (error: unknown) => this.#fail(error));
    client.connect().catch(() => {}); // told by the event
  }

  /** Sends one command; commands are answered in the order of the calls. */
  call(command: string, ...args: (string | number | Buffer)[]): Promise<Reply> {
    if (!this.#client) return Promise.reject(new Error("The link is closed"));
    return this.#client.callBuffer(command, ...args) as Promise<Reply>;
  }

  /** Ends the present connection at once, with what is under way, and connects anew. */
  reset(reason: string): void {
    this.#fail(new Error(reason));
    this.#ended = reason;
    this.#socket?.destroy();
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#handshakeTimer);
    const client = this.#client;
    this.#client = undefined;
    client?.disconnect();
    // disconnect() says goodbye politely, which a silent peer would make us wait for.
    socketOf(client)?.destroy();
    this.#becomeUnready();
  }

  get #socket(): Socket | undefined {
    return socketOf(this.#client);
  }

  #watchHandshake(): void {
    this.#ended = undefined;
    clearTimeout(this.#handshakeTimer);
    const { connectionTimeoutMs, operationTimeoutMs } = this.#options;
    this.#handshakeTimer = setTimeout(
      () => this.reset("The handshake timed out"),
      connectionTimeoutMs + operationTimeoutMs,
    );
  }

  /** The client's own parser comes after this, and finds nothing of a reply that is refused. */
  #guardReplies(): void {
    const guard = new ReplyGuard(this.#options);
    this.#socket?.prependListener("data", (bytes: Buffer) => {
      const wrong = guard.inspect(bytes);
      if (wrong === undefined) return;
      bytes.fill(0);
      this.reset(`It sent ${wrong}`);
    });
  }

  #becomeReady(): void {
    clearTimeout(this.#handshakeTimer);
    if (!this.#client || this.#ready) return;
    this.#ready = true;
    this.#trouble = undefined;
    if (this.#said) this.#log.info(`Connected to Redis at ${this.where}`, { link: this.#role });
    this.#said = false;
    this.#onReady(true);
  }

  #becomeUnready(): void {
    clearTimeout(this.#handshakeTimer);
    if (!this.#ready) return;
    this.#ready = false;
    this.#reconnects++;
    this.#onReady(false);
  }

  #fail(error: unknown): void {
    if (!this.#client || this.#ended !== undefined) return;
    const problem = explainRedisError(error, this.where);
    // That a connection closed tells less than why the last one did.
    if (!this.#trouble || problem.fault !== "closed") this.#trouble = problem;
    this.#said = true;
    this.#log.limited(
      `redis ${this.#role}`,
      SAY_AGAIN_SECONDS,
      "warning",
      problem.message,
      { link: this.#role },
    );
  }
}

function socketOf(client: Redis | undefined): Socket | undefined {
  return (client as unknown as { stream?: Socket } | undefined)?.stream;
}
