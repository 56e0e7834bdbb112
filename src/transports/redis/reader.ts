import type { Buffer } from "node:buffer";
import { Cluster, Redis, type RedisOptions as AnyRedisOptions } from "ioredis";
import { UsageError } from "../../base/errors.ts";
import { backoffMs } from "./backoff.ts";
import {
  type Client,
  connectionTarget,
  endpointOf,
  guardReplies,
  identity,
  seedsOf,
  socketsOf,
} from "./client.ts";
import type { RedisOptions } from "./options.ts";
import type { Log } from "../../telemetry/log.ts";
import type { KeyValueSource } from "./key_value_reader.ts";
import type { HistoryEntry } from "./history.ts";

type ClientOptions = Omit<AnyRedisOptions, "replyMapping">;

/** How often the quiet subscriber is asked whether it lives ... */
const PING_MS = 1000;
/** ... and after how long a silence it is taken for dead. */
const SILENCE_MS = 4000;

export interface RedisReaderOptions {
  readonly redis: RedisOptions;
  readonly log: Log;
  /** Takes each message of the channels and patterns that were asked for. */
  readonly onMessage: (channel: string, message: Buffer) => void;
}

/**
 * The reading side of a Redis: channels in, and the few commands that clients of an appliance
 * use. Comes back by itself when the broker does, and notices one that died without a word.
 */
export class RedisReader implements AsyncDisposable, KeyValueSource {
  readonly #options: RedisOptions;
  readonly #log: Log;
  readonly #subscriber: Redis;
  readonly #commands: Client;
  #pinging: ReturnType<typeof setInterval> | undefined;

  /**
   * @throws {Error} for a certificate or key that cannot be read
   * @throws {UsageError} for sharded channels
   */
  constructor({ redis, log, onMessage }: RedisReaderOptions) {
    if (redis.shardedPublish) {
      throw new UsageError(
        "Cannot read what SPUBLISH sends: leave --redis_sharded_publish away here and there",
      );
    }
    this.#log = log;
    const options = this.#options = redis;
    const connection = connectionOptions(options);
    const commands = { ...connection, commandTimeout: options.operationTimeoutMs };
    this.#commands = options.cluster
      ? this.#openCluster(commands)
      : this.#open({ ...commands, enableOfflineQueue: false });
    // Any node of a cluster hears all that is published.
    this.#subscriber = this.#open({
      ...connection,
      socketTimeout: SILENCE_MS,
      retryStrategy: (attempt) => {
        this.#tryAnotherNode(attempt);
        return backoffMs(attempt);
      },
    });
    this.#subscriber.on(
      "messageBuffer",
      (channel: Buffer, message: Buffer) => onMessage(channel.toString(), message),
    );
    this.#subscriber.on(
      "pmessageBuffer",
      (_pattern: string, channel: Buffer, message: Buffer) =>
        onMessage(channel.toString(), message),
    );
    this.#pinging = setInterval(() => {
      this.#subscriber.ping().catch(() => {}); // the socket's timeout is what acts
    }, PING_MS);
  }

  /** True while the broker is there. */
  get ready(): boolean {
    return this.#subscriber.status === "ready";
  }

  /** Resolves when the broker has confirmed it, which may be when it comes back. */
  async subscribe(...channels: readonly string[]): Promise<void> {
    await this.#subscriber.subscribe(...channels);
  }

  async unsubscribe(...channels: readonly string[]): Promise<void> {
    await this.#subscriber.unsubscribe(...channels);
  }

  async subscribePattern(pattern: string): Promise<void> {
    await this.#subscriber.psubscribe(pattern);
  }

  async keys(pattern: string): Promise<readonly string[]> {
    const client = this.#commands;
    const nodes = client instanceof Cluster ? client.nodes("master") : [client];
    return (await Promise.all(nodes.map((node) => scan(node, pattern)))).flat();
  }

  async get(key: string): Promise<string | null> {
    return await this.#commands.get(key) as string | null;
  }

  async newestEntry(stream: string): Promise<string | undefined> {
    const entries = await this.#commands.xrevrange(stream, "+", "-", "COUNT", 1);
    return (entries as [string, unknown][])[0]?.[0];
  }

  async readEntries(
    after: ReadonlyMap<string, string>,
    limit: number,
  ): Promise<readonly HistoryEntry[]> {
    // The nodes of a cluster hold a stream each, and one command reads those of one node only.
    const reads = this.#options.cluster ? [...after].map((one) => new Map([one])) : [after];
    return (await Promise.all(reads.map((read) => this.#readTogether(read, limit)))).flat();
  }

  async #readTogether(
    after: ReadonlyMap<string, string>,
    limit: number,
  ): Promise<readonly HistoryEntry[]> {
    const streams = [...after.keys(), ...after.values()];
    const reply = await this.#commands.xread("COUNT", limit, "STREAMS", ...streams);
    return ((reply ?? []) as [string, [string, string[]][]][]).flatMap(([stream, entries]) =>
      entries.map(([id, fields]) => ({ stream, id, envelope: fields[1] ?? "" }))
    );
  }

  /** Pushes a recording command for an appliance. */
  async pushCommand(prefix: string, command: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#commands.lpush(`${prefix}:command_queue`, JSON.stringify(command));
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#pinging);
    for (const client of [this.#subscriber, this.#commands]) {
      const sockets = socketsOf(client);
      client.disconnect();
      for (const socket of sockets) socket.destroy();
    }
  }

  #open(options: ClientOptions): Redis {
    const client = new Redis({ ...options, lazyConnect: true });
    this.#watch(client);
    client.on("error", (error: Error) => this.#tell(error));
    client.connect().catch(() => {}); // told by the event
    return client;
  }

  #openCluster(redisOptions: ClientOptions): Cluster {
    const cluster = new Cluster(seedsOf(this.#options), {
      redisOptions,
      enableOfflineQueue: false,
      slotsRefreshTimeout: this.#options.connectionTimeoutMs,
      clusterRetryStrategy: (attempt) => backoffMs(attempt),
    });
    cluster.on("+node", (node: Redis) => this.#watch(node));
    cluster.on("error", (error: Error) => this.#tell(error));
    return cluster;
  }

  #watch(client: Redis): void {
    // A broker, or somebody who publishes on it, must not fill our memory with one reply.
    guardReplies(client, () => this.#options, () => {
      for (const socket of socketsOf(client)) socket.destroy();
    });
  }

  #tell(error: Error): void {
    const where = endpointOf(this.#options);
    this.#log.rateLimited("redis", 10, "warning", `Redis at ${where}: ${error.message}`);
  }

  /** The client goes wherever its options say when it connects next. */
  #tryAnotherNode(attempt: number): void {
    if (!(this.#commands instanceof Cluster)) return;
    const nodes = this.#commands.nodes();
    const { host, port } = nodes[attempt % nodes.length]?.options ?? {};
    if (host && port) Object.assign(this.#subscriber.options, { host, port });
  }
}

function connectionOptions(options: RedisOptions) {
  return {
    ...identity(options),
    // Asks for INFO, which a user who may only read need not have.
    enableReadyCheck: false,
    ...connectionTarget(options),
    retryStrategy: (attempt: number) => backoffMs(attempt),
    sentinelRetryStrategy: (attempt: number) => backoffMs(attempt),
    maxRetriesPerRequest: null,
  };
}

async function scan(node: Redis, pattern: string): Promise<readonly string[]> {
  const keys: string[] = [];
  let cursor = "0";
  do {
    const [next, found] = await node.scan(cursor, "MATCH", pattern, "COUNT", 1000);
    keys.push(...found as string[]);
    cursor = next as string;
  } while (cursor !== "0");
  return keys;
}
