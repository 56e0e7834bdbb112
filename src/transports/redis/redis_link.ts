import type { Buffer } from "node:buffer";
import { Cluster, type Redis } from "ioredis";
import type { LinkMeasurement } from "../../delivery/backend.ts";
import type { Log } from "../../telemetry/log.ts";
import {
  type Address,
  type Client,
  destroyClient,
  endpointOf,
  guardReplies,
  isSilent,
  type LinkRole,
  openClient,
  replyLimits,
  responsiveNodesOf,
  seedsOf,
  socketsOf,
} from "./client.ts";
import { clearTimers, clientsOf, type LinkState } from "./link_state.ts";
import { measureLink } from "./measure_link.ts";
import type { RedisOptions } from "./options.ts";
import { ReconnectPacing } from "./reconnect_delay.ts";
import { ConnectionDiagnosis } from "./connection_diagnosis.ts";
import { explainRedisError, type RedisProblem } from "./redis_error.ts";

export interface LinkContext {
  readonly options: RedisOptions;
  readonly log: Log;
  /**
   * Whether to connect after a long outage. One connection of a device finds out that Redis is back,
   * and the others follow it. @default always
   */
  readonly mayReconnect?: () => boolean;
}

/** The reply to one command. */
export type Reply = number | string | Buffer | null | readonly Reply[];
export type Command = readonly [string, ...(string | number | Buffer)[]];

/** Interval at which a lasting problem is logged again, in seconds. */
const LOG_INTERVAL_SECONDS = 5;
/**
 * Interval of parallel connections to a peer that does not respond, in milliseconds. A connection
 * that began during an outage of the network may wait for its timeout after the outage: TCP
 * retransmits at intervals that double (RFC 6298), and a NAT may have forgotten it. Chosen, so that
 * metrics arrive within 1 s.
 */
const PARALLEL_INTERVAL_MS = 500;
/**
 * Largest interval at which a link finds out whether it may follow another one, in milliseconds; each
 * is drawn at random, so that the connections of a device do not begin together.
 */
const FOLLOW_INTERVAL_MS = 3000;

/**
 * One connection to Redis that reconnects forever. It queues nothing: a command fails at once while
 * the link is not ready, and all commands in flight fail when the connection is lost. Files and
 * passwords are read again for each connection.
 */
export class RedisLink implements AsyncDisposable {
  readonly #role: LinkRole;
  readonly #log: Log;
  #options: RedisOptions;
  #state: LinkState = { state: "idle" };
  #onReady: (ready: boolean) => void = () => {};
  #problem: RedisProblem | undefined;
  readonly #diagnosis = new ConnectionDiagnosis();
  #connections = 0;
  #attempts = 0;
  readonly #mayReconnect: () => boolean;
  readonly #pacing: ReconnectPacing;
  /** Nodes of the last cluster that were responsive when the connection ended. */
  #nodes: readonly Address[] = [];

  constructor(role: LinkRole, { options, log, mayReconnect = () => true }: LinkContext) {
    this.#role = role;
    this.#mayReconnect = mayReconnect;
    this.#pacing = new ReconnectPacing(options);
    this.#options = options;
    this.#log = log;
  }

  /** Whether commands can be sent. */
  get ready(): boolean {
    return this.#state.state === "ready";
  }

  /** Why the link does not work; undefined while it works. */
  get problem(): RedisProblem | undefined {
    return this.#problem;
  }

  /** Number of connections established so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Number of connections begun so far, with those that failed. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Measurement at the start of the current connection; undefined without one. */
  get measured(): LinkMeasurement | undefined {
    return this.#state.state === "ready" ? this.#state.measured : undefined;
  }

  /** Address of the server or servers, for messages. */
  get endpoint(): string {
    return endpointOf(this.#options);
  }

  /** Calls `listener` on each change of `ready`. */
  onReady(listener: (ready: boolean) => void): void {
    this.#onReady = listener;
  }

  /** Starts connecting; only before the first connection, and after `stop()`. */
  start(): void {
    if (this.#state.state === "closed") return;
    this.#pacing.onUnusable();
    this.#connect(1);
  }

  /** Whether there is a connection, or one is being established. */
  get started(): boolean {
    return this.#state.state !== "idle" && this.#state.state !== "closed";
  }

  /** Closes the connection until the next `start()`. What is in flight fails. */
  stop(): void {
    if (!this.started) return;
    this.#transition({ state: "idle" });
    this.#problem = undefined;
  }

  /** Sends one command. Commands are answered in the order of the calls. */
  call([name, ...args]: Command): Promise<Reply> {
    if (this.#state.state !== "ready") return Promise.reject(new Error("The connection is closed"));
    const { client } = this.#state;
    return (name === "PUBLISH" ? this.#publisherOf(client) : client).callBuffer(
      name,
      ...args,
    ) as Promise<Reply>;
  }

  /**
   * Writes the commands that `send` sends to each socket at once: one system call instead of one for
   * each command. Returns what `send` returns.
   */
  batch<Result>(send: () => Result): Result {
    const sockets = this.#state.state === "ready" ? socketsOf(this.#state.client) : [];
    for (const socket of sockets) socket.cork();
    try {
      return send();
    } finally {
      for (const socket of sockets) socket.uncork();
    }
  }

  /** Measures the connection again; undefined without one, or if it is lost meanwhile. */
  async measure(): Promise<LinkMeasurement | undefined> {
    if (this.#state.state !== "ready") return undefined;
    const publisher = this.#publisherOf(this.#state.client);
    const { maxBulkStringBytes: maxBytes } = this.#options;
    return await measureLink(publisher, { maxBytes }).catch(() => undefined);
  }

  /** Closes the connection at once, with all commands in flight, and reconnects. */
  reset(reason: string): void {
    const [client] = this.#clients;
    if (!client) return;
    this.#onError(client, new Error(reason));
    this.#onDisconnected(client);
  }

  /** Reconnects with other options: certificates, passwords or another server. */
  reload(options: RedisOptions): void {
    if (endpointOf(options) !== this.endpoint) this.#nodes = [];
    this.#options = options;
    this.#pacing.reload(options);
    this.reconnect();
  }

  /** Connects anew. What is in flight fails. */
  reconnect(): void {
    if (!this.started) return;
    this.#transition({ state: "idle" });
    this.#pacing.onUnusable();
    this.#connect(1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transition({ state: "closed" });
    await this.#diagnosis[Symbol.asyncDispose]();
  }

  /** The client of the current connection, or those of the current attempt. */
  get #clients(): readonly Client[] {
    return clientsOf(this.#state);
  }

  #connect(attempt: number): void {
    const { connectionTimeoutMs, operationTimeoutMs } = this.#options;
    const timer = setTimeout(
      () => this.reset("The connection timed out before it was usable"),
      connectionTimeoutMs + operationTimeoutMs,
    );
    const parallel = setInterval(() => this.#connectBeside(), PARALLEL_INTERVAL_MS);
    const clients: Client[] = [];
    this.#state = { state: "connecting", clients, attempt, timer, parallel };
    this.#openClient(clients, attempt);
  }

  /** Opens a further connection if there was no response to the present ones. */
  #connectBeside(): void {
    // After a long outage no device hurries: each connection costs a Redis that serves a fleet.
    if (this.#state.state !== "connecting" || this.#pacing.spreads) return;
    const { clients, attempt } = this.#state;
    // Those of a cluster or of Sentinels choose their server themselves.
    const { cluster, sentinelName } = this.#options;
    if (!cluster && !sentinelName && clients.every(isSilent)) this.#openClient(clients, attempt);
  }

  #openClient(clients: Client[], attempt: number): void {
    let client: Client;
    try {
      client = openClient(this.#options, this.#role, this.#seedsFor(attempt));
    } catch (error) {
      this.#report(explainRedisError(error, this.endpoint));
      return this.#wait(attempt);
    }
    clients.push(client);
    this.#attempts++;
    client.on("ready", () => this.#probe(client));
    client.on("end", () => this.#onDisconnected(client));
    client.on("error", (error: unknown) => this.#onError(client, error));
    if (client instanceof Cluster) client.on("+node", (node: Redis) => this.#guard(client, node));
    else this.#guard(client, client);
    client.connect().catch((error: unknown) => {
      this.#onError(client, error);
      this.#onDisconnected(client);
    });
  }

  /** Nodes to start from. A frozen node accepts connections, so responsive nodes are tried first. */
  #seedsFor(attempt: number): readonly Address[] {
    if (attempt === 1 && this.#nodes.length > 0) return this.#nodes;
    return [...seedsOf(this.#options), ...this.#nodes];
  }

  /** A server that is loading or requires a password accepts connections: only PING is proof. */
  async #probe(client: Client): Promise<void> {
    try {
      // One link is measured in full: long messages on several at once would delay each other.
      const maxBytes = this.#role === "metrics" ? this.#options.maxBulkStringBytes : 0;
      this.#onConnected(client, await measureLink(this.#publisherOf(client), { maxBytes }));
    } catch (error) {
      this.#onError(client, error);
      this.#onDisconnected(client);
    }
  }

  /**
   * The client for PUBLISH. Any node of a cluster accepts PUBLISH, but only messages through one
   * node arrive in order: this is the first master, preferably one known to be responsive. Commands
   * with a key, including SPUBLISH, go to the node of their slot.
   */
  #publisherOf(client: Client): Client {
    if (!(client instanceof Cluster)) return client;
    const masters = client.nodes("master");
    const responsive = masters.find(({ options: { host, port } }) =>
      this.#nodes.some((node) => node.host === host && node.port === port)
    );
    return responsive ?? masters[0] ?? client;
  }

  #guard(client: Client, node: Redis): void {
    const limits = () => replyLimits(this.#role, this.#options);
    guardReplies(node, limits, (violation) => {
      const peer = this.#role === "commands" ? "command queue" : "peer";
      if (this.#clients.includes(client)) this.reset(`The ${peer} sent ${violation}`);
    });
  }

  #onConnected(client: Client, measured: LinkMeasurement): void {
    if (this.#state.state !== "connecting" || !this.#clients.includes(client)) return;
    clearTimers(this.#state);
    for (const other of this.#clients) if (other !== client) destroyClient(other);
    this.#state = { state: "ready", client, measured };
    this.#pacing.onUsable();
    this.#connections++;
    // One line for all links at the start, and one for each that had a problem.
    if (this.#problem || (this.#connections === 1 && this.#role === "metrics")) {
      this.#log.info(`Connected to Redis at ${this.endpoint}`, { link: this.#role });
    }
    this.#problem = undefined;
    this.#onReady(true);
  }

  #onDisconnected(client: Client): void {
    if (!this.#clients.includes(client)) return;
    const attempt = this.#state.state === "connecting" ? this.#state.attempt : 0;
    // A peer may close the connection in an orderly way, so that the client reports no error.
    if (!this.#problem) this.#onError(client, new Error("The connection was closed"));
    if (this.#state.state === "ready") {
      this.#pacing.onUnusable();
      const nodes = responsiveNodesOf(client);
      if (nodes.length > 0) this.#nodes = nodes;
    }
    this.#wait(attempt);
  }

  /** Schedules the attempt after `attempt`, which has failed; 0 after a usable connection. */
  #wait(attempt: number): void {
    this.#connectAfter(this.#pacing.delayMsAfter(attempt), attempt + 1);
  }

  #connectAfter(ms: number, attempt: number): void {
    const timer = setTimeout(() => {
      if (!this.#pacing.spreads || this.#mayReconnect()) return this.#connect(attempt);
      this.#connectAfter(FOLLOW_INTERVAL_MS * Math.random(), attempt);
    }, ms);
    this.#transition({ state: "waiting", timer });
  }

  /** Leaves the current state, with its timers and its clients, for one without a client. */
  #transition(next: Extract<LinkState, { readonly state: "idle" | "waiting" | "closed" }>): void {
    const previous = this.#state;
    this.#state = next;
    clearTimers(previous);
    for (const client of clientsOf(previous)) destroyClient(client);
    if (previous.state === "ready") this.#onReady(false);
  }

  #onError(client: Client, error: unknown): void {
    if (!this.#clients.includes(client)) return;
    const problem = explainRedisError(error, this.endpoint);
    if (!this.ready) void this.#diagnose(problem);
    if (!this.#problem || saysMore(problem, this.#problem)) this.#report(problem);
  }

  /** Looks for the cause of an error, which the next connection may not show. */
  async #diagnose(problem: RedisProblem): Promise<void> {
    const cause = await this.#diagnosis.explain(problem, this.#options);
    const { state } = this.#state;
    if (cause && (state === "connecting" || state === "waiting")) this.#report(cause);
  }

  #report(problem: RedisProblem): void {
    this.#problem = problem;
    const key = `redis ${problem.fault}`; // one line for all links
    this.#log.rateLimited(key, LOG_INTERVAL_SECONDS, "warning", problem.message, {
      link: this.#role,
    });
  }
}

/** Whether an error says more than the problem that is known: a closed connection says least. */
function saysMore(problem: RedisProblem, known: RedisProblem): boolean {
  return problem.fault !== "closed" && !(problem.fault === "timeout" && known.fault === "tls_side");
}
