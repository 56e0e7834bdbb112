import type { Buffer } from "node:buffer";
import { Cluster, type Redis } from "ioredis";
import type { Log } from "../../telemetry/log.ts";
import { backoffMs } from "./backoff.ts";
import {
  type Address,
  answeringNodesOf,
  type Client,
  endpointOf,
  guardReplies,
  type LinkRole,
  openClient,
  seedsOf,
  socketsOf,
} from "./client.ts";
import type { RedisOptions } from "./options.ts";
import { rejectionReason } from "./rejection_reason.ts";
import { explainRedisError, type RedisProblem } from "./redis_error.ts";

export interface LinkContext {
  readonly options: RedisOptions;
  readonly log: Log;
}

/** A reply to one command. */
export type Reply = number | string | Buffer | null | readonly Reply[];
export type Command = readonly [string, ...(string | number | Buffer)[]];

/** How often, in seconds, a lasting fault is said again. */
const SAY_AGAIN_SECONDS = 5;

/**
 * One connection to Redis that heals for ever. It queues nothing: a command on a link that is not
 * ready fails at once, and every command under way fails when the connection is lost. Files and
 * passwords are taken anew for each connection.
 */
export class RedisLink implements AsyncDisposable {
  readonly #role: LinkRole;
  readonly #log: Log;
  #options: RedisOptions;
  #client: Client | undefined;
  #started = false;
  #ready = false;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onReady: (ready: boolean) => void = () => {};
  #trouble: RedisProblem | undefined;
  #connections = 0;
  #rttUs: number | undefined;
  /** The nodes that answered at the end, of the cluster that was connected to last. */
  #nodes: readonly Address[] = [];

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

  /** How many connections came about so far. */
  get connections(): number {
    return this.#connections;
  }

  /** How long an answer took at the start of the present connection, microseconds. */
  get rttUs(): number | undefined {
    return this.#rttUs;
  }

  get where(): string {
    return endpointOf(this.#options);
  }

  onReady(listener: (ready: boolean) => void): void {
    this.#onReady = listener;
  }

  start(): void {
    this.#started = true;
    this.#connect();
  }

  /** Sends one command; commands are answered in the order of the calls. */
  call([name, ...args]: Command): Promise<Reply> {
    const client = this.#client;
    if (!client || !this.#ready) return Promise.reject(new Error("The connection is closed"));
    return (name === "PUBLISH" ? this.#publisherOf(client) : client).callBuffer(
      name,
      ...args,
    ) as Promise<Reply>;
  }

  /** Ends the present connection at once, with what is under way, and connects anew. */
  reset(reason: string): void {
    const client = this.#client;
    if (!client) return;
    this.#fail(client, new Error(reason));
    this.#lose(client);
  }

  /** Goes over to other options: certificates, passwords, even another server. */
  reload(options: RedisOptions): void {
    if (endpointOf(options) !== this.where) this.#nodes = [];
    this.#options = options;
    this.#attempt = 0;
    if (!this.#started) return;
    clearTimeout(this.#timer);
    if (this.#client) this.#abandon(this.#client);
    this.#connect();
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.#started = false;
    clearTimeout(this.#timer);
    if (this.#client) this.#abandon(this.#client);
  }

  #connect(): void {
    let client: Client;
    this.#attempt++;
    try {
      client = openClient(this.#options, this.#role, this.#seeds);
    } catch (error) {
      this.#fail(undefined, error);
      return this.#connectLater();
    }
    this.#client = client;
    const { connectionTimeoutMs, operationTimeoutMs } = this.#options;
    this.#timer = setTimeout(
      () => this.reset("The connection timed out before it could be used"),
      connectionTimeoutMs + operationTimeoutMs,
    );
    client.on("ready", () => this.#probe(client));
    client.on("end", () => this.#lose(client));
    client.on("error", (error: unknown) => this.#fail(client, error));
    if (client instanceof Cluster) client.on("+node", (node: Redis) => this.#guard(client, node));
    else this.#guard(client, client);
    client.connect().catch((error: unknown) => {
      this.#fail(client, error);
      this.#lose(client);
    });
  }

  /** One that froze takes connections and answers none: first those are asked that answered. */
  get #seeds(): readonly Address[] {
    if (this.#attempt === 1 && this.#nodes.length > 0) return this.#nodes;
    return [...seedsOf(this.#options), ...this.#nodes];
  }

  /** A server that is loading, or wants a password, accepts connections all the same. */
  async #probe(client: Client): Promise<void> {
    try {
      // The better of two: a machine is busy at its start, and must not take a near server for far.
      const publisher = this.#publisherOf(client);
      this.#rttUs = Math.min(await pingUs(publisher), await pingUs(publisher));
      this.#becomeReady(client);
    } catch (error) {
      this.#fail(client, error);
      this.#lose(client);
    }
  }

  /**
   * Of a cluster any node takes a PUBLISH, but only those by one node arrive in order: always the
   * first master, of those that answered. Commands with a key, SPUBLISH too, go where their slot is.
   */
  #publisherOf(client: Client): Client {
    if (!(client instanceof Cluster)) return client;
    const masters = client.nodes("master");
    const answered = masters.find(({ options: { host, port } }) =>
      this.#nodes.some((node) => node.host === host && node.port === port)
    );
    return answered ?? masters[0] ?? client;
  }

  #guard(client: Client, node: Redis): void {
    guardReplies(node, () => this.#options, (wrong) => {
      if (this.#client === client) this.reset(`It sent ${wrong}`);
    });
  }

  #becomeReady(client: Client): void {
    if (this.#client !== client || this.#ready) return;
    clearTimeout(this.#timer);
    this.#ready = true;
    this.#attempt = 0;
    this.#connections++;
    if (this.#trouble) {
      this.#log.info(`Connected to Redis at ${this.where}`, { link: this.#role });
    }
    this.#trouble = undefined;
    this.#onReady(true);
  }

  #lose(client: Client): void {
    if (this.#client !== client) return;
    const delayed = this.#started;
    if (this.#ready) {
      this.#fail(client, new Error("The connection was closed"));
      const nodes = answeringNodesOf(client);
      if (nodes.length > 0) this.#nodes = nodes;
    }
    this.#abandon(client);
    if (delayed) this.#connectLater();
  }

  #connectLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), backoffMs(this.#attempt));
  }

  /** Lets go of a client: what it says from now on is not heard. */
  #abandon(client: Client): void {
    clearTimeout(this.#timer);
    this.#client = undefined;
    const sockets = socketsOf(client);
    client.disconnect();
    // disconnect() says goodbye politely, which a silent peer would make us wait for.
    for (const socket of sockets) socket.destroy();
    if (!this.#ready) return;
    this.#ready = false;
    this.#onReady(false);
  }

  #fail(client: Client | undefined, error: unknown): void {
    if (this.#client !== client) return;
    const problem = explainRedisError(error, this.where);
    if (problem.fault === "closed" && !this.#ready) this.#askWhy();
    // That a connection closed tells less than why the last one did.
    if (this.#trouble && problem.fault === "closed") return;
    this.#say(problem);
  }

  /** The server closed the door on us: it may have told why to somebody who only listens. */
  async #askWhy(): Promise<void> {
    const { tls, sentinelName, cluster } = this.#options;
    if (tls || sentinelName || cluster) return;
    const words = await rejectionReason(this.#options);
    if (words && this.#started && !this.#ready) this.#say(explainRedisError(words, this.where));
  }

  #say(problem: RedisProblem): void {
    this.#trouble = problem;
    const key = `redis ${problem.fault}`; // one line, whichever link says it first
    this.#log.rateLimited(key, SAY_AGAIN_SECONDS, "warning", problem.message, { link: this.#role });
  }
}

/** How long an answer takes, microseconds. */
async function pingUs(client: Client): Promise<number> {
  const startMs = performance.now();
  await client.ping();
  return (performance.now() - startMs) * 1000;
}
