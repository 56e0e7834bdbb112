import type { Topic } from "../../envelopes/envelope.ts";
import type { Delivery } from "../../delivery/backend.ts";
import { isLateEntry, KeyValueCommands, type StoredEnvelope } from "./key_value_commands.ts";
import type { RedisOptions } from "./options.ts";
import { taggedPrefix } from "./partition.ts";
import type { RedisLink } from "./redis_link.ts";

/** Time for sharded subscribers to follow a slot to another node, in milliseconds. */
const SLOT_MIGRATION_MS = 5000;

/** Sends encoded envelopes of one server over a link: by PUBLISH or SPUBLISH, or to keys and streams. */
export class EnvelopeSender {
  readonly #options: RedisOptions;
  /** What the channels begin with. */
  readonly #prefix: string;
  readonly #keyValue: KeyValueCommands;
  /** When a message of a topic last had a receiver, by `performance.now()`. */
  readonly #lastReceivedMs = new Map<Topic, number>();

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

  /** When a slot moves to another node, its sharded subscribers are unsubscribed and must follow. */
  #mayHaveMigrated(topic: Topic, receivers: number): boolean {
    if (receivers > 0) this.#lastReceivedMs.set(topic, performance.now());
    const lastMs = this.#lastReceivedMs.get(topic) ?? -Infinity;
    return receivers === 0 && performance.now() - lastMs < SLOT_MIGRATION_MS;
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
