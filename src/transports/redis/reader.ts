import type { Buffer } from "node:buffer";
import calculateSlot from "cluster-key-slot";
import { Cluster, Redis, type RedisOptions as AnyRedisOptions } from "ioredis";
import { backoffMs } from "../backoff.ts";
import {
  type Client,
  connectionSettings,
  connectionTarget,
  destroyClient,
  endpointOf,
  guardReplies,
  seedsOf,
  socketsOf,
} from "./client.ts";
import type { RedisOptions } from "./options.ts";
import type { Log } from "../../telemetry/log.ts";
import type { KeyValueSource } from "./key_value_reader.ts";
import type { HistoryEntry } from "./history.ts";
import { ConnectionDiagnosis } from "./connection_diagnosis.ts";
import { FrameLeases } from "./frame_lease.ts";
import { taggedPrefix } from "./partition.ts";
import { explainRedisError, type RedisProblem } from "./redis_error.ts";
import { PlainSubscriber } from "./plain_subscriber.ts";
import { ShardedSubscriber, type ShardedSubscriberOptions } from "./sharded_subscriber.ts";
import type { Subscriber } from "./subscriber.ts";

type ClientOptions = Omit<AnyRedisOptions, "replyMapping">;

/** Interval of the subscriber's keepalive PING and of retried subscriptions, in milliseconds. */
const MAINTENANCE_INTERVAL_MS = 1000;
/** The subscriber reconnects after this time without any data, in milliseconds. */
const SOCKET_TIMEOUT_MS = 4000;

export interface RedisReaderOptions {
  readonly redis: RedisOptions;
  readonly log: Log;
  /** Called with each message of the subscribed channels and patterns. */
  readonly onMessage: (channel: string, message: Buffer) => void;
}

/**
 * Client for programs that read an appliance's Redis: subscriptions, and the few commands they
 * need. Reconnects by itself, and detects a server that no longer responds.
 */
export class RedisReader implements AsyncDisposable, KeyValueSource {
  readonly #options: RedisOptions;
  readonly #log: Log;
  readonly #diagnosis = new ConnectionDiagnosis();
  readonly #subscriber: Subscriber;
  readonly #commands: Client;
  /** Only in a cluster: elsewhere a subscription is enough. */
  readonly #leases: FrameLeases | undefined;
  readonly #maintenance: ReturnType<typeof setInterval>;

  /** @throws {Error} if a certificate or key cannot be read. */
  constructor({ redis, log, onMessage }: RedisReaderOptions) {
    this.#log = log;
    const options = this.#options = redis;
    const connection = connectionOptions(options);
    const commands = { ...connection, commandTimeout: options.operationTimeoutMs };
    this.#commands = options.cluster
      ? this.#openCluster(commands)
      : this.#open({ ...commands, enableOfflineQueue: false });
    this.#leases = options.cluster
      ? new FrameLeases(this.#commands, (error) => this.#logError(error))
      : undefined;
    const events = { onMessage, onError: (error: Error) => this.#logError(error) };
    this.#subscriber = options.shardedPublish
      ? this.#subscribeSharded(events)
      : new PlainSubscriber(this.#openSubscriber(), events);
    this.#maintenance = setInterval(() => this.#subscriber.maintain(), MAINTENANCE_INTERVAL_MS);
  }

  /** Whether messages of the subscriptions arrive. */
  get ready(): boolean {
    return this.#subscriber.ready;
  }

  /** What the names of channels and keys begin with for a device, or for a pattern of devices. */
  prefixOf(device: string): string {
    return taggedPrefix({ ...this.#options, keyPrefix: device });
  }

  /** Resolves when Redis has confirmed the subscription, which may be after a reconnect. */
  async subscribe(...channels: readonly string[]): Promise<void> {
    await this.#subscriber.add(...channels);
    for (const prefix of framePrefixesOf(channels)) this.#leases?.add(prefix);
  }

  /**
   * Like `subscribe()`, but shows no demand for frames by a lease: for a moment, or in a cluster for
   * the frames that a server sends now and then anyway.
   */
  async subscribeBriefly(...channels: readonly string[]): Promise<void> {
    await this.#subscriber.add(...channels);
  }

  async unsubscribe(...channels: readonly string[]): Promise<void> {
    for (const prefix of framePrefixesOf(channels)) this.#leases?.remove(prefix);
    await this.#subscriber.remove(...channels);
  }

  /** @throws {TypeError} if the options select sharded channels, which have no patterns. */
  async subscribePattern(pattern: string): Promise<void> {
    await this.#subscriber.addPattern(pattern);
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

  /**
   * Returns the first entry of a stream in each range of times, given in milliseconds since the Unix
   * epoch; undefined for a range without entries.
   */
  async firstEntries(
    stream: string,
    ranges: readonly { readonly fromMs: number; readonly toMs: number }[],
  ): Promise<readonly (string | undefined)[]> {
    return await Promise.all(ranges.map(async ({ fromMs, toMs }) => {
      const entries = await this.#commands.xrange(stream, fromMs, toMs, "COUNT", 1);
      return (entries as [string, string[]][])[0]?.[1][1];
    }));
  }

  async readEntries(
    after: ReadonlyMap<string, string>,
    limit: number,
  ): Promise<readonly HistoryEntry[]> {
    // A command reads streams of one node only, and in a cluster each slot may be on another node.
    const { cluster } = this.#options;
    const groups = Map.groupBy(after, ([stream]) => cluster ? calculateSlot(stream) : 0);
    const replies = [...groups.values()].map((group) => this.#readGroup(new Map(group), limit));
    return (await Promise.all(replies)).flat();
  }

  async #readGroup(
    after: ReadonlyMap<string, string>,
    limit: number,
  ): Promise<readonly HistoryEntry[]> {
    const streams = [...after.keys(), ...after.values()];
    const reply = await this.#commands.xread("COUNT", limit, "STREAMS", ...streams);
    return ((reply ?? []) as [string, [string, string[]][]][]).flatMap(([stream, entries]) =>
      entries.map(([id, fields]) => ({ stream, id, envelope: fields[1] ?? "" }))
    );
  }

  /** Pushes a recording command for the appliance with this key prefix. */
  async pushCommand(device: string, command: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#commands.lpush(`${this.prefixOf(device)}:command_queue`, JSON.stringify(command));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#maintenance);
    this.#leases?.[Symbol.dispose]();
    this.#subscriber[Symbol.dispose]();
    destroyClient(this.#commands);
    await this.#diagnosis[Symbol.asyncDispose]();
  }

  #subscribeSharded(
    events: Pick<ShardedSubscriberOptions, "onMessage" | "onError">,
  ): ShardedSubscriber {
    return new ShardedSubscriber({
      ...events,
      seeds: this.#options.cluster ? seedsOf(this.#options) : [],
      open: (address) =>
        this.#open({
          ...connectionOptions(this.#options),
          ...address,
          socketTimeout: SOCKET_TIMEOUT_MS,
          autoResubscribe: false,
          autoResendUnfulfilledCommands: false,
          enableOfflineQueue: false,
          maxRetriesPerRequest: 0,
        }),
    });
  }

  /** PUBLISH reaches all nodes of a cluster, so that any node will do. */
  #openSubscriber(): Redis {
    const client = this.#open({
      ...connectionOptions(this.#options),
      socketTimeout: SOCKET_TIMEOUT_MS,
      autoResubscribe: false, // see PlainSubscriber
      retryStrategy: (attempt) => {
        this.#tryAnotherNode(client, attempt);
        return backoffMs(attempt);
      },
    });
    return client;
  }

  #open(options: ClientOptions): Redis {
    const client = new Redis({ ...options, lazyConnect: true });
    this.#guard(client);
    client.on("error", (error: Error) => this.#logError(error));
    client.connect().catch(() => {}); // reported by the error event
    return client;
  }

  #openCluster(redisOptions: ClientOptions): Cluster {
    const cluster = new Cluster(seedsOf(this.#options), {
      redisOptions,
      enableOfflineQueue: false,
      slotsRefreshTimeout: this.#options.connectionTimeoutMs,
      clusterRetryStrategy: (attempt) => backoffMs(attempt),
    });
    cluster.on("+node", (node: Redis) => this.#guard(node));
    cluster.on("error", (error: Error) => this.#logError(error));
    return cluster;
  }

  /** Bounds the memory that a reply, which may hold any publisher's message, can take. */
  #guard(client: Redis): void {
    guardReplies(client, () => this.#options, () => {
      for (const socket of socketsOf(client)) socket.destroy();
    });
  }

  #logError(error: Error): void {
    const problem = explainRedisError(error, endpointOf(this.#options));
    this.#report(problem);
    void this.#diagnose(problem);
  }

  /** Looks for the cause of an error, which the next connection may not show. */
  async #diagnose(problem: RedisProblem): Promise<void> {
    const cause = await this.#diagnosis.explain(problem, this.#options);
    if (cause) this.#report(cause);
  }

  #report({ fault, message }: RedisProblem): void {
    this.#log.rateLimited(`redis ${fault}`, 10, "warning", message);
  }

  /** Changes the node of a cluster to which a client connects next. */
  #tryAnotherNode(client: Redis, attempt: number): void {
    if (!(this.#commands instanceof Cluster)) return;
    const nodes = this.#commands.nodes();
    const { host, port } = nodes[attempt % nodes.length]?.options ?? {};
    if (host && port) Object.assign(client.options, { host, port });
  }
}

/** Returns the key prefixes of the channels that carry frames. */
function framePrefixesOf(channels: readonly string[]): readonly string[] {
  const suffix = ":frame";
  return channels.filter((channel) => channel.endsWith(suffix))
    .map((channel) => channel.slice(0, -suffix.length));
}

function connectionOptions(options: RedisOptions) {
  return {
    ...connectionSettings(options),
    // The ready check uses INFO, which the ACL of a reader need not grant.
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
