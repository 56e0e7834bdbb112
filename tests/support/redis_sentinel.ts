import { type RedisServer, startRedis } from "./redis_server.ts";
import { waitFor } from "./wait.ts";

/** Starts a Sentinel that knows `master` as `vitals`; `lines` belong to its configuration file. */
export function startSentinel(
  master: { readonly hostname: string; readonly port: number },
  lines: readonly string[] = [],
): Promise<RedisServer> {
  return startRedis({
    config: [
      `sentinel monitor vitals ${master.hostname} ${master.port} 1`,
      "sentinel down-after-milliseconds vitals 500",
      "sentinel failover-timeout vitals 2000",
      ...lines,
    ].join("\n"),
    args: ["--sentinel"],
  });
}

/** Waits until a Sentinel knows a replica that could replace the master. */
export async function knowsReplica(sentinel: RedisServer): Promise<void> {
  const client = sentinel.client();
  await waitFor("the Sentinel to discover the replica", async () => {
    const replicas = await client.call("SENTINEL", "REPLICAS", "vitals") as unknown[];
    const text = JSON.stringify(replicas);
    return replicas.length === 1 && text.includes('"master-link-status","ok"');
  }, { timeoutMs: 30_000, pollMs: 100 });
}
