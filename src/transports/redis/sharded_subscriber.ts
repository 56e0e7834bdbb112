import type { Buffer } from "node:buffer";
import type { Redis } from "ioredis";
import { type Address, destroyClient } from "./client.ts";
import type { Subscriber } from "./subscriber.ts";

/** Redirections that a subscription follows before it waits for the next renewal. */
const MAX_REDIRECTIONS = 4;

export interface ShardedSubscriberOptions {
  /**
   * Opens a client that connects and reconnects by itself, renews no subscription, and neither queues
   * nor repeats a command. Without an address it connects to the configured server.
   */
  readonly open: (address?: Address) => Redis;
  /** Nodes of a cluster from which the others are discovered; none: one server has every channel. */
  readonly seeds: readonly Address[];
  /** Called with each message. */
  readonly onMessage: (channel: string, message: Buffer) => void;
  /** Called with what Redis refuses. */
  readonly onError: (error: Error) => void;
}

/** Where a channel is subscribed. */
interface Placement {
  /** Absent until the node has confirmed the subscription, and after it was lost. */
  node?: Redis | undefined;
  isAsking: boolean;
  readonly confirmed: PromiseWithResolvers<void>;
}

/**
 * Subscriptions to sharded channels (Redis 7, SSUBSCRIBE), each at the node of a cluster that serves
 * the slot of its channel. It asks any node, which names the right one (MOVED), so that it follows
 * slots that move and replicas that take over without a copy of the cluster's map.
 */
export class ShardedSubscriber implements Subscriber {
  readonly #options: ShardedSubscriberOptions;
  /** Clients by the host and port of their node. */
  readonly #nodes = new Map<string, Redis>();
  readonly #channels = new Map<string, Placement>();
  /** Nodes that may have ended subscriptions. */
  readonly #toCheck = new Set<Redis>();
  #check: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ShardedSubscriberOptions) {
    this.#options = options;
    this.#openSeeds();
  }

  /** Whether every channel is subscribed, or a node is connected while there are none. */
  get ready(): boolean {
    return this.#channels.size > 0
      ? this.#channels.values().every(({ node }) => node !== undefined)
      : this.#anyReady() !== undefined;
  }

  async add(...channels: readonly string[]): Promise<void> {
    await Promise.all(channels.map((channel) => {
      const placement = this.#channels.getOrInsertComputed(channel, () => ({
        isAsking: false,
        confirmed: Promise.withResolvers<void>(),
      }));
      void this.#place(channel, placement);
      return placement.confirmed.promise;
    }));
  }

  addPattern(pattern: string): Promise<void> {
    return Promise.reject(new TypeError(`Sharded channels have no patterns: ${pattern}`));
  }

  async remove(...channels: readonly string[]): Promise<void> {
    await Promise.all(channels.map(async (channel) => {
      const placement = this.#channels.get(channel);
      this.#channels.delete(channel);
      placement?.confirmed.resolve();
      if (placement?.node?.status === "ready") await placement.node.sunsubscribe(channel);
    }));
  }

  maintain(): void {
    // The socket timeout of the client handles a missing reply.
    for (const node of this.#nodes.values()) {
      if (node.status === "ready") node.ping().catch(() => {});
    }
    if (!this.#anyReady()) this.#openSeeds();
    this.#renew();
    this.#closeUnused();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#check);
    for (const node of this.#nodes.values()) destroyClient(node);
    this.#nodes.clear();
  }

  #openSeeds(): void {
    if (this.#options.seeds.length === 0) this.#node();
    for (const seed of this.#options.seeds) this.#node(seed);
  }

  #node(address?: Address): Redis {
    const key = address ? `${address.host}:${address.port}` : "";
    return this.#nodes.getOrInsertComputed(key, () => {
      const { open, onMessage } = this.#options;
      const node = open(address);
      node.on("ready", () => this.#renew());
      node.on("close", () => this.#lose(node, () => true));
      // Once for each channel of a slot that moves to another node, which ends its subscription, and
      // for each SSUBSCRIBE that names another node.
      node.on("moved", () => this.#checkSoon(node));
      node.on(
        "smessageBuffer",
        (channel: Buffer, message: Buffer) => onMessage(channel.toString(), message),
      );
      return node;
    });
  }

  /** Looks once, after the replies that arrived together, for subscriptions that a node has ended. */
  #checkSoon(node: Redis): void {
    this.#toCheck.add(node);
    this.#check ??= setTimeout(() => {
      this.#check = undefined;
      for (const each of this.#toCheck) {
        const subscribed = shardedChannelsOf(each);
        this.#lose(each, (channel) => !subscribed.has(channel));
      }
      this.#toCheck.clear();
    });
  }

  #anyReady(): Redis | undefined {
    return this.#nodes.values().find(({ status }) => status === "ready");
  }

  /** Marks the channels of a node for which `isLost` holds, and subscribes to them again. */
  #lose(node: Redis, isLost: (channel: string) => boolean): void {
    for (const [channel, placement] of this.#channels) {
      if (placement.node !== node || !isLost(channel)) continue;
      placement.node = undefined;
      void this.#place(channel, placement);
    }
  }

  #renew(): void {
    for (const [channel, placement] of this.#channels) {
      if (!placement.node) void this.#place(channel, placement);
    }
  }

  /** Subscribes to a channel at the node to which the others lead; the next renewal retries. */
  async #place(channel: string, placement: Placement): Promise<void> {
    if (placement.isAsking || placement.node) return;
    placement.isAsking = true;
    let node = this.#anyReady();
    try {
      for (let hops = 0; node?.status === "ready" && hops <= MAX_REDIRECTIONS; hops++) {
        const redirection = await this.#ask(node, channel);
        if (redirection) {
          node = this.#node(redirection);
          continue;
        }
        if (node.status !== "ready") return;
        if (!this.#channels.has(channel)) return void await node.sunsubscribe(channel);
        placement.node = node;
        placement.confirmed.resolve();
        return;
      }
    } catch (error) {
      // The client reports the loss of its connection by itself.
      if (node?.status === "ready") this.#options.onError(error as Error);
    } finally {
      placement.isAsking = false;
    }
  }

  /** Subscribes at a node; returns the address of the right one if it is another. */
  async #ask(node: Redis, channel: string): Promise<Address | undefined> {
    try {
      await node.ssubscribe(channel);
    } catch (error) {
      const owner = this.#options.seeds.length > 0 && ownerNamedBy(error as Error, node);
      if (!owner) throw error;
      return owner;
    }
  }

  /** Closes connections that serve no channel, such as those to nodes that have left the cluster. */
  #closeUnused(): void {
    if (!this.ready || this.#channels.size === 0) return;
    const used = new Set(this.#channels.values().map(({ node }) => node));
    for (const [key, node] of this.#nodes) {
      if (used.has(node)) continue;
      this.#nodes.delete(key);
      destroyClient(node);
    }
  }
}

/** Returns the node that serves a slot, as another node names it; undefined for another error. */
function ownerNamedBy({ message }: Error, asked: Redis): Address | undefined {
  const [, address] = /^MOVED \d+ (\S+)$/.exec(message) ?? [];
  if (address === undefined) return undefined;
  const colon = address.lastIndexOf(":");
  // A node that announces no address is reached at the one by which it was asked.
  const host = address.slice(0, colon) || asked.options.host;
  const port = Number(address.slice(colon + 1));
  return host && port > 0 && port < 65_536 ? { host, port } : undefined;
}

/** Returns the sharded channels to which a client is subscribed according to its server. */
function shardedChannelsOf(client: Redis): ReadonlySet<string> {
  const { condition } = client as unknown as {
    condition?: { subscriber?: false | { channels(set: "ssubscribe"): string[] } } | null;
  };
  return new Set(condition?.subscriber ? condition.subscriber.channels("ssubscribe") : []);
}
