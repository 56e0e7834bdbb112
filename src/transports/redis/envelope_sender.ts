import type { Topic } from "../../envelopes/envelope.ts";
import type { Delivery } from "../../delivery/backend.ts";
import { isLateEntry, KeyValueCommands, type StoredEnvelope } from "./key_value_commands.ts";
import type { RedisOptions } from "./options.ts";
import { taggedPrefix } from "./partition.ts";
import type { RedisLink } from "./redis_link.ts";

/** Time for sharded subscribers to follow a slot to another node, in milliseconds. */
const SLOT_MIGRATION_MS = 5000;

/** The subscribers of one topic. */
interface TopicReceivers {
  /** How many there are when none of them is moving. */
  receivers: number;
  /**
   * Since when messages have reached fewer, by `performance.now()`. Not when one last reached all: a
   * failover takes longer than the window.
   */
  fewerSinceMs?: number | undefined;
}

/** Sends encoded envelopes of one server over a link: by PUBLISH or SPUBLISH, or to keys and streams. */
export class EnvelopeSender {
  readonly #options: RedisOptions;
  /** What the channels begin with. */
  readonly #prefix: string;
  readonly #keyValue: KeyValueCommands;
  readonly #topics = new Map<Topic, TopicReceivers>();

  constructor(options: RedisOptions) {
    this.#options = options;
    this.#prefix = taggedPrefix(options);
    this.#keyValue = new KeyValueCommands(options);
  }

  /** @throws {Error} if Redis rejects the message, or the connection is lost before the reply. */
  send(link: Pick<RedisLink, "call">, stored: StoredEnvelope): Promise<Delivery> {
    return this.#options.usePubsub ? this.#publish(link, stored) : this.#store(link, stored);
  }

  async #publish(
    link: Pick<RedisLink, "call">,
    { topic, envelope }: StoredEnvelope,
  ): Promise<Delivery> {
    const { shardedPublish, cluster } = this.#options;
    const command = shardedPublish ? "SPUBLISH" : "PUBLISH";
    const reply = await link.call([command, `${this.#prefix}:${topic}`, envelope]);
    // In a cluster PUBLISH counts only the subscribers of the node that executed it.
    if (cluster && !shardedPublish) return {};
    const receivers = Number(reply);
    return cluster
      ? { receivers, subscribersMoving: this.#mayHaveMigrated(topic, receivers) }
      : { receivers };
  }

  /**
   * When a slot moves to another node, its sharded subscribers are unsubscribed and must follow, each
   * in its own time.
   */
  #mayHaveMigrated(topic: Topic, receivers: number): boolean {
    const usual = this.#topics.getOrInsertComputed(topic, () => ({ receivers }));
    if (receivers < usual.receivers) {
      const nowMs = performance.now();
      usual.fewerSinceMs ??= nowMs;
      if (nowMs - usual.fewerSinceMs < SLOT_MIGRATION_MS) return true;
    }
    usual.receivers = receivers;
    usual.fewerSinceMs = undefined;
    return false;
  }

  async #store(link: Pick<RedisLink, "call">, stored: StoredEnvelope): Promise<Delivery> {
    const commands = this.#keyValue.commandsFor(stored);
    const replies = await Promise.allSettled(commands.map((command) => link.call(command)));
    for (const reply of replies) {
      if (reply.status === "fulfilled") continue;
      if (!isLateEntry(reply.reason)) throw reply.reason;
      await link.call(this.#keyValue.lateEntry(stored));
    }
    return {};
  }
}
