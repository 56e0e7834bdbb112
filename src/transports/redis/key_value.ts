import type { Buffer } from "node:buffer";
import type { Topic } from "../../envelopes/envelope.ts";
import type { RedisOptions } from "./options.ts";
import type { Command } from "./redis_link.ts";

/** A picture is of no use after so many seconds. */
const FRAME_TTL_SECONDS = 10;
/** The age is trimmed at each entry; the count, which is only a last bound, now and then. */
const TRIM_EVERY = 100;

export interface Stored {
  readonly topic: Topic;
  /** The capture time, microseconds since the Unix epoch. */
  readonly timestamp: number;
  readonly envelope: Buffer;
}

/**
 * Key-value mode: the newest envelope of each kind under {prefix}:{type}, the others in the
 * stream {prefix}:{type}:history, whose entry ids are capture times in milliseconds.
 */
export class KeyValue {
  readonly #options: RedisOptions;
  #entries = 0;

  constructor(options: RedisOptions) {
    this.#options = options;
  }

  /** The commands that store one envelope, to be sent in this order. */
  commandsFor({ topic, timestamp, envelope }: Stored): Command[] {
    const { keyTtlSeconds = 3600, historyFrames = false, keyPrefix } = this.#options;
    const ttl = topic === "frame" ? Math.min(FRAME_TTL_SECONDS, keyTtlSeconds) : keyTtlSeconds;
    const latest: Command = ["SET", `${keyPrefix}:${topic}`, envelope, "EX", ttl];
    if (topic === "frame" && !historyFrames) return [latest];
    return [latest, ...this.#historyOf({ topic, timestamp, envelope })];
  }

  /** What adds an entry that Redis would not take under its time: at the end, under a later id. */
  lateEntry({ topic, envelope }: Stored): Command {
    return ["XADD", this.#historyKey(topic), "*", "envelope", envelope];
  }

  #historyOf({ topic, timestamp, envelope }: Stored): Command[] {
    const { historySeconds = 3600, historyMaxEntries = 100_000 } = this.#options;
    const key = this.#historyKey(topic);
    const ms = Math.floor(timestamp / 1000);
    const oldest = Math.max(0, ms - historySeconds * 1000);
    const commands: Command[] = [
      ["XADD", key, "MINID", "~", oldest, `${ms}-*`, "envelope", envelope],
    ];
    if (this.#entries++ % TRIM_EVERY === 0) {
      commands.push(["XTRIM", key, "MAXLEN", "~", historyMaxEntries]);
      // A history that nobody continues goes away as a whole.
      commands.push(["EXPIRE", key, historySeconds + 60]);
    }
    return commands;
  }

  #historyKey(topic: Topic): string {
    return `${this.#options.keyPrefix}:${topic}:history`;
  }
}

/** True for Redis's complaint that an entry's id is not the newest of its stream. */
export function isLateEntry(error: unknown): boolean {
  return error instanceof Error && /ID specified in XADD|Invalid stream ID/.test(error.message);
}
