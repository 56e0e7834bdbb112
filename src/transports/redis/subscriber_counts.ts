import type { FrameDemand } from "../../delivery/backend.ts";
import type { Topic } from "../../envelopes/envelope.ts";
import { frameLeaseKey } from "./frame_lease.ts";
import type { RedisOptions } from "./options.ts";
import { taggedPrefix } from "./partition.ts";
import { explainRedisError } from "./redis_error.ts";
import type { Command, RedisLink } from "./redis_link.ts";

/**
 * Asks Redis who receives messages, without sending one. What it denies is asked once: every denial
 * is an entry in its ACL LOG.
 */
export class SubscriberCounts {
  readonly #link: RedisLink;
  readonly #options: RedisOptions;
  /** What the channels and keys begin with. */
  readonly #prefix: string;
  readonly #denied = new Set<string>();

  constructor(link: RedisLink, options: RedisOptions) {
    this.#link = link;
    this.#options = options;
    this.#prefix = taggedPrefix(options);
  }

  /** Whether a topic has subscribers; undefined if Redis cannot tell. Never rejects. */
  async hasSubscribers(topic: Topic): Promise<boolean | undefined> {
    const subscribers = await this.#subscribersOf(topic);
    if (subscribers === undefined) return undefined;
    if (subscribers > 0) return true;
    const patterns = await this.#patterns();
    return patterns === undefined ? undefined : patterns > 0;
  }

  /**
   * Returns the demand for frames; undefined with keys, which anyone may read at any time. Clients
   * that hold the lease are known everywhere, others not in a cluster. Never rejects.
   */
  async frameDemand(): Promise<FrameDemand | undefined> {
    if (!this.#options.usePubsub) return undefined;
    const replies = this.#link.batch(() =>
      Promise.all([
        this.#subscribersOf("frame"),
        this.#patterns(),
        this.#count("EXISTS", ["EXISTS", frameLeaseKey(this.#prefix)]),
      ])
    );
    const [subscribers, patterns, leases = 0] = await replies;
    const watched = leases > 0 || (subscribers ?? 0) > 0;
    return { watched, patterns: subscribers === undefined ? undefined : patterns };
  }

  /** Number of clients that subscribe to the channel of a topic; undefined if it is unknown. */
  async #subscribersOf(topic: Topic): Promise<number | undefined> {
    const { usePubsub, cluster, shardedPublish } = this.#options;
    // In a cluster, a node counts only its own subscribers.
    if (!usePubsub || cluster) return undefined;
    const name = shardedPublish ? "SHARDNUMSUB" : "NUMSUB";
    return await this.#count(name, ["PUBSUB", name, `${this.#prefix}:${topic}`]);
  }

  /** Number of patterns, of all subscribers together; undefined if it is unknown. */
  async #patterns(): Promise<number | undefined> {
    const { cluster, shardedPublish } = this.#options;
    if (cluster) return undefined;
    return shardedPublish ? 0 : await this.#count("NUMPAT", ["PUBSUB", "NUMPAT"]);
  }

  /** Returns the last number of the reply to a command; undefined if Redis has not answered. */
  async #count(name: string, command: Command): Promise<number | undefined> {
    if (this.#denied.has(name)) return undefined;
    try {
      const reply = await this.#link.call(command);
      return Number(Array.isArray(reply) ? reply.at(-1) : reply);
    } catch (error) {
      const { fault } = explainRedisError(error, this.#link.endpoint);
      if (fault === "no_permission") this.#denied.add(name);
      return undefined;
    }
  }
}
