import { COMMAND_QUEUES, type Topic } from "./envelopes.ts";
import { envelopeEvent, type FrameEvent, isObject, type StreamEvent } from "./events.ts";
import { taggedPrefix } from "./partition.ts";
import {
  CONFIRMATION_MS,
  DEFAULT_TOPICS,
  type RecordingCommand,
  RecordingError,
  type Source,
} from "./source.ts";

/** Time for which a server sends frames after the last renewal, in seconds. */
const LEASE_S = 10;
/** Interval of the renewals, in milliseconds. */
const RENEWAL_MS = 3000;

/** What `redisSource` uses of a client such as ioredis. */
export interface RedisLike {
  subscribe(...channels: string[]): Promise<unknown>;
  /** Only for `sharded`. */
  ssubscribe?(...channels: string[]): Promise<unknown>;
  lpush(key: string, value: string): Promise<unknown>;
  /** Only to receive frames of a cluster. */
  set?(key: string, value: string, unit: "EX", seconds: number): Promise<unknown>;
  on(event: string, listener: (...args: string[]) => void): unknown;
  off(event: string, listener: (...args: string[]) => void): unknown;
}

/** Options of `redisSource`. */
export interface RedisSourceOptions {
  /** Subscribes; it can do nothing else. It reconnects by itself, as ioredis does. */
  readonly subscriber: RedisLike;
  /**
   * Pushes commands, and shows a server in a cluster that its frames are read.
   *
   * @default recordings cannot be started
   */
  readonly commands?: Pick<RedisLike, "lpush" | "set">;
  /** Key prefix of the server. @default "physiology" */
  readonly prefix?: string;
  /** Its partitions (`--redis_partitions`). @default 0 */
  readonly partitions?: number;
  /** Whether it publishes to sharded channels (`--redis_sharded_publish`). @default false */
  readonly sharded?: boolean;
  /** What arrives. @default core metrics, status and recording state */
  readonly topics?: readonly Topic[];
}

/** Reads a server that publishes to Redis, with clients that the program brings along. */
export function redisSource(options: RedisSourceOptions): Source {
  return new RedisSource(options);
}

class RedisSource implements Source {
  readonly #options: RedisSourceOptions;
  readonly #device: string;
  /** What the channels and keys of the device begin with. */
  readonly #prefix: string;

  constructor(options: RedisSourceOptions) {
    this.#options = options;
    this.#device = options.prefix ?? "physiology";
    this.#prefix = taggedPrefix(this.#device, options.partitions ?? 0);
  }

  async follow(take: (event: StreamEvent) => void, signal: AbortSignal): Promise<string> {
    const { subscriber, topics = DEFAULT_TOPICS } = this.#options;
    const onMessage = (channel = "", text = "") => {
      const event = this.#eventOf(channel, text);
      if (event && (topics as readonly string[]).includes(event.type)) take(event);
    };
    const onReady = () => take({ type: "connection", connected: true });
    const onClose = () => take({ type: "connection", connected: false });
    subscriber.on(this.#messages, onMessage);
    subscriber.on("ready", onReady);
    subscriber.on("close", onClose);
    const lease = topics.includes("frame") ? this.#leaseFrames() : undefined;
    try {
      await this.#subscribe(topics);
      onReady();
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      return "closed";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearInterval(lease);
      subscriber.off(this.#messages, onMessage);
      subscriber.off("ready", onReady);
      subscriber.off("close", onClose);
    }
  }

  get #messages(): string {
    return this.#options.sharded ? "smessage" : "message";
  }

  async #subscribe(topics: readonly string[]): Promise<void> {
    const { subscriber, sharded } = this.#options;
    const channels = topics.map((topic) => `${this.#prefix}:${topic}`);
    if (!sharded) return void await subscriber.subscribe(...channels);
    // One at a time, as each may be on another node of a cluster.
    for (const channel of channels) await subscriber.ssubscribe!(channel);
  }

  /** Renews the lease of frames: in a cluster, the server cannot count subscribers. */
  #leaseFrames(): ReturnType<typeof setInterval> {
    const renew = () =>
      void this.#options.commands?.set?.(`${this.#prefix}:frame:demand`, "1", "EX", LEASE_S)
        .catch(() => {}); // without the permission, the server still counts outside a cluster
    renew();
    return setInterval(renew, RENEWAL_MS);
  }

  async record(command: RecordingCommand): Promise<void> {
    const { subscriber, commands } = this.#options;
    if (!commands) throw new TypeError("Cannot record without 'commands'");
    const { recording, sessionId, timeoutMs = CONFIRMATION_MS } = command;
    const session = sessionId === undefined ? {} : { session_id: sessionId };
    // A command that waits while the server is away must not be executed later.
    const expires_at = (Date.now() + timeoutMs) * 1000;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let onMessage = (..._args: string[]) => {};
    const confirmed = new Promise<void>((resolve, reject) => {
      onMessage = (channel = "", text = "") => {
        const event = this.#eventOf(channel, text);
        if (event && agrees(event, command)) resolve();
      };
      timer = setTimeout(() => {
        reject(new RecordingError("unconfirmed", `${this.#device} did not answer the command`));
      }, timeoutMs);
    });
    confirmed.catch(() => {});
    subscriber.on(this.#messages, onMessage);
    try {
      await Promise.race([
        confirmed,
        this.#subscribe(["recording_state", "status"]).then(() =>
          commands.lpush(
            `${this.#prefix}:${COMMAND_QUEUES[0]}`,
            JSON.stringify({ recording, ...session, expires_at }),
          )
        ),
      ]).catch((cause) => {
        if (cause instanceof RecordingError) throw cause;
        throw new RecordingError("unreachable", "Redis is not reachable", { cause });
      });
      await confirmed;
    } finally {
      clearTimeout(timer);
      subscriber.off(this.#messages, onMessage);
    }
  }

  #eventOf(channel: string, text: string): StreamEvent | undefined {
    if (!channel.startsWith(`${this.#prefix}:`)) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      const device = this.#device;
      return frameEvent(value, device) ?? envelopeEvent(value, { device });
    } catch {
      return undefined;
    }
  }
}

/** The event of a frame whose JPEG is in base64. */
function frameEvent(value: unknown, device: string): FrameEvent | undefined {
  if (!isObject(value) || value["type"] !== "frame" || !isObject(value["payload"])) {
    return undefined;
  }
  const { data, ...payload } = value["payload"];
  const jpeg = Uint8Array.from(atob(String(data)), (character) => character.charCodeAt(0));
  const { type, timestamp } = value;
  return { type, device, timestamp, payload, jpeg } as unknown as FrameEvent;
}

function agrees(event: StreamEvent, { recording, sessionId }: RecordingCommand): boolean {
  if (event.type !== "recording_state" && event.type !== "status") return false;
  if (event.late || event.payload.recording !== recording) return false;
  return !recording || sessionId === undefined || event.payload.session_id === sessionId;
}
