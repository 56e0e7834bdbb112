import { freePort, type RedisServer, startRedis } from "./redis_server.ts";
import { waitFor } from "./wait.ts";

const SLOTS = 16_384;

/** Starts a Redis Cluster of `count` masters that share the slots evenly; `more` are arguments. */
export async function startCluster(
  count = 3,
  more: readonly string[] = [],
): Promise<RedisCluster> {
  const nodes: RedisServer[] = [];
  for (let index = 0; index < count; index++) nodes.push(await startNode(more));
  const cluster = new RedisCluster(nodes);
  await cluster.form();
  return cluster;
}

function startNode(more: readonly string[] = []): Promise<RedisServer> {
  // deno-fmt-ignore
  const args = [
    "--cluster-enabled", "yes", "--cluster-port", `${freePort()}`,
    "--cluster-node-timeout", "1000", "--cluster-config-file", "nodes.conf",
    ...more,
  ];
  return startRedis({ args });
}

export class RedisCluster implements AsyncDisposable {
  constructor(readonly nodes: readonly RedisServer[]) {}

  async form(): Promise<void> {
    const [first] = this.nodes;
    if (!first) return;
    for (const [index, node] of this.nodes.entries()) {
      const from = Math.floor(SLOTS * index / this.nodes.length);
      const to = Math.floor(SLOTS * (index + 1) / this.nodes.length) - 1;
      const client = node.client();
      await client.call("CLUSTER", "ADDSLOTSRANGE", from, to);
      const bus = await first.client().config("GET", "cluster-port") as string[];
      if (node !== first) {
        await client.call("CLUSTER", "MEET", first.hostname, first.port, bus[1] ?? "");
      }
    }
    for (const node of this.nodes) {
      const client = node.client();
      await waitFor("the cluster to form", async () => {
        const info = String(await client.call("CLUSTER", "INFO"));
        return info.includes("cluster_state:ok") &&
          info.includes(`cluster_known_nodes:${this.nodes.length}`);
      }, { timeoutMs: 20_000 });
    }
  }

  /** Starts a replica of `master`. The caller disposes it. */
  async startReplicaOf(master: RedisServer): Promise<RedisServer> {
    const replica = await startNode();
    try {
      await this.#join(replica, master);
      return replica;
    } catch (error) {
      await replica[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #join(replica: RedisServer, master: RedisServer): Promise<void> {
    const client = replica.client();
    const bus = await master.client().config("GET", "cluster-port") as string[];
    const id = String(await master.client().call("CLUSTER", "MYID"));
    await client.call("CLUSTER", "MEET", master.hostname, master.port, bus[1] ?? "");
    await waitFor("discovery of the master", async () => {
      return await client.call("CLUSTER", "REPLICATE", id).catch(() => undefined);
    }, { timeoutMs: 20_000 });
    await waitFor("replication of the master", async () => {
      return String(await client.info("replication")).includes("master_link_status:up");
    }, { timeoutMs: 20_000 });
    for (const node of this.nodes) {
      await waitFor("discovery of the replica", async () => {
        return String(await node.client().call("CLUSTER", "NODES")).includes(`:${replica.port}@`);
      }, { timeoutMs: 20_000 });
    }
  }

  /** Returns the index of the node that owns the slot of `key`. */
  async ownerOf(key: string): Promise<number> {
    const [first] = this.nodes;
    const slot = Number(await first?.client().call("CLUSTER", "KEYSLOT", key));
    return Math.floor((slot + 1) * this.nodes.length / SLOTS - 1e-9);
  }

  /** Assigns the slot of `key`, which must be empty, to the node `to`. */
  async moveSlot(key: string, to: number): Promise<void> {
    const owner = this.nodes[to]?.client();
    const slot = Number(await owner?.call("CLUSTER", "KEYSLOT", key));
    const id = String(await owner?.call("CLUSTER", "MYID"));
    await owner?.call("CLUSTER", "SETSLOT", slot, "NODE", id);
    for (const node of this.nodes) await node.client().call("CLUSTER", "SETSLOT", slot, "NODE", id);
  }

  /** Moves the slot of `key`, with the key, to another node, as resharding does. */
  async migrateSlot(key: string, { from, to }: { from: number; to: number }): Promise<void> {
    const [source, target] = [this.nodes[from], this.nodes[to]];
    if (!source || !target) throw new Error("The cluster has no such node");
    const slot = Number(await source.client().call("CLUSTER", "KEYSLOT", key));
    const idOf = async (node: RedisServer) => String(await node.client().call("CLUSTER", "MYID"));
    const [sourceId, targetId] = [await idOf(source), await idOf(target)];
    await target.client().call("CLUSTER", "SETSLOT", slot, "IMPORTING", sourceId);
    await source.client().call("CLUSTER", "SETSLOT", slot, "MIGRATING", targetId);
    await source.client().call("MIGRATE", target.hostname, target.port, key, 0, 5000);
    for (const node of [target, source]) {
      await node.client().call("CLUSTER", "SETSLOT", slot, "NODE", targetId);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node[Symbol.asyncDispose]();
  }
}
