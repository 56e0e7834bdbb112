import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Redis, type RedisOptions as AnyRedisOptions } from "ioredis";
import type { Settings } from "../config/flags.ts";
import { backoffMs } from "../ipc/redis/backoff.ts";
import { addressOf, hearAllErrors, readTls } from "../ipc/redis/client.ts";
import { ReplyGuard } from "../ipc/redis/reply_guard.ts";
import type { Log } from "../telemetry/log.ts";
import type { HistoryEntry, HistorySource } from "./record/history.ts";

type RedisOptions = Omit<AnyRedisOptions, "replyMapping">;

/** How often the quiet subscriber is asked whether it lives ... */
const PING_MS = 1000;
/** ... and after how long a silence it is taken for dead. */
const SILENCE_MS = 4000;

export interface RedisFeedOptions {
  readonly redis: Settings["redis"];
  readonly log: Log;
  /** Takes each message of the channels and patterns that were asked for. */
  readonly onMessage: (channel: string, message: Buffer) => void;
}

/**
 * The reading side of a Redis: channels in, and the few commands that clients of an appliance
 * use. Comes back by itself when the broker does, and notices one that died without a word.
 */
export class RedisFeed implements AsyncDisposable, HistorySource {
  readonly #options: RedisFeedOptions;
  readonly #subscriber: Redis;
  readonly #commands: Redis;
  #pinging: ReturnType<typeof setInterval> | undefined;

  /** @throws {Error} for a certificate or key that cannot be read */
  constructor(options: RedisFeedOptions) {
    this.#options = options;
    const { onMessage } = options;
    const connection = connectionOptions(options.redis);
    this.#subscriber = this.#open({ ...connection, socketTimeout: SILENCE_MS });
    this.#subscriber.on(
      "messageBuffer",
      (channel: Buffer, message: Buffer) => onMessage(channel.toString(), message),
    );
    this.#subscriber.on(
      "pmessageBuffer",
      (_pattern: string, channel: Buffer, message: Buffer) =>
        onMessage(channel.toString(), message),
    );
    this.#commands = this.#open({
      ...connection,
      commandTimeout: options.redis.operationTimeoutMs,
      enableOfflineQueue: false,
    });
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

  async newestEntry(stream: string): Promise<string | undefined> {
    const entries = await this.#commands.xrevrange(stream, "+", "-", "COUNT", 1);
    return (entries as [string, unknown][])[0]?.[0];
  }

  async readEntries(
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
      client.disconnect();
      socketOf(client)?.destroy();
    }
  }

  #open(options: RedisOptions): Redis {
    const { redis, log } = this.#options;
    const client = new Redis({ ...options, lazyConnect: true });
    hearAllErrors(client);
    client.connect().catch(() => {}); // told by the event
    client.on("error", (error: Error) => {
      log.limited("redis", 10, "warning", `Redis at ${redis.host}:${redis.port}: ${error.message}`);
    });
    client.on("connect", () => guardReplies(client, redis));
    return client;
  }
}

/** A broker, or somebody who publishes on it, must not fill our memory with one reply. */
function guardReplies(client: Redis, redis: Settings["redis"]): void {
  const guard = new ReplyGuard(redis);
  const socket = socketOf(client);
  socket?.prependListener("data", (bytes: Buffer) => {
    if (guard.inspect(bytes) === undefined) return;
    bytes.fill(0);
    socket.destroy();
  });
}

function socketOf(client: Redis): Socket | undefined {
  return (client as unknown as { stream?: Socket }).stream;
}

function connectionOptions(redis: Settings["redis"]): RedisOptions {
  const password = redis.password.reveal();
  const redisOptions = { ...redis, password };
  return {
    host: redis.host,
    port: redis.port,
    db: redis.database,
    ...(password ? { password } : {}),
    ...(redis.username === undefined ? {} : { username: redis.username }),
    ...(redis.tls ? { tls: readTls(redisOptions) } : {}),
    ...(redis.sentinelName === undefined
      ? {}
      : { name: redis.sentinelName, sentinels: redis.sentinels.map(addressOf) }),
    connectTimeout: redis.connectionTimeoutMs,
    // Asks for INFO, which a user who may only read need not have; of a Sentinel's word it is the test.
    enableReadyCheck: redis.sentinelName !== undefined,
    retryStrategy: (attempt) => backoffMs(attempt),
    maxRetriesPerRequest: null,
    keepAlive: 10_000,
  };
}
