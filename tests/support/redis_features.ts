import { silentLog } from "../../src/telemetry/log.ts";
import { CommandQueue } from "../../src/transports/redis/command_queue.ts";
import { frameLeaseKey } from "../../src/transports/redis/frame_lease.ts";
import type { RedisOptions } from "../../src/transports/redis/options.ts";
import { clock, coreMetric, edgeMetric, frame, statusMessage } from "./messages.ts";
import { startOutbox } from "./redis_outbox.ts";
import { RedisCluster } from "./redis_cluster.ts";
import type { RedisServer } from "./redis_server.ts";

/**
 * Publishes to every topic, frames to the holder of a lease, and takes a command from each list;
 * returns whether all of it succeeded within a time.
 */
export async function everyFeatureWorks(
  server: RedisServer | RedisCluster,
  options: RedisOptions,
  withinMs = 10_000,
): Promise<boolean> {
  const commands: Uint8Array[] = [];
  const clientFor = async (key: string) => {
    const node = server instanceof RedisCluster ? server.nodes[await server.ownerOf(key)] : server;
    return node!.client({ db: options.database });
  };
  const push = async (key: string, command: string) => {
    await (await clientFor(key)).lpush(key, command);
  };
  await using queue = new CommandQueue(options, {
    log: silentLog,
    clock,
    onCommand: (bytes) => commands.push(bytes),
  });
  queue.start();
  await using ends = startOutbox(options);
  const sent = (kind: string) =>
    ends.counters.get("outbox_sent_total", { class: kind }) +
    ends.counters.get("outbox_replayed_total", { class: kind });
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline && !(ends.backend.ready && ends.framesReady())) {
    await clock.sleep(5);
  }
  for (const topic of [coreMetric(1), edgeMetric(1), statusMessage("status", 1)]) {
    ends.outbox.offer(topic);
  }
  ends.outbox.offer(statusMessage("recording_state", 1));
  const lease = frameLeaseKey(options.keyPrefix);
  await (await clientFor(lease)).set(lease, "1", "PX", withinMs);
  await push("physiology:command_queue", "a");
  await push("physiology:metrics:command_queue", "b");
  let isFrameOffered = false;
  while (performance.now() < deadline) {
    if (!isFrameOffered && ends.outbox.framesWanted) {
      isFrameOffered = true;
      ends.outbox.offer(frame(1));
    }
    if (sent("metric") === 4 && sent("frame") === 1 && commands.length === 2) return true;
    await clock.sleep(5);
  }
  return false;
}
