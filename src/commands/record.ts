import { EXIT } from "../base/errors.ts";
import { SystemClock } from "../telemetry/clock.ts";
import type { CommandContext } from "./command.ts";
import { redisOptions } from "../transports/redis/settings.ts";
import { stopSignal } from "../app/stop_signal.ts";
import { HistoryFollower } from "../transports/redis/history.ts";
import { SessionSaver } from "../recording/saver.ts";
import { RedisReader } from "../transports/redis/reader.ts";

const TOPICS = ["core_metrics", "edge_metrics", "status", "recording_state"];
/** Interval of snapshots of the series, so that a running session can be inspected. Chosen. */
const SNAPSHOT_MS = 30_000;
/** Interval of polling the histories. Chosen. */
const POLL_MS = 200;
/** Snapshots take at most 1/20 of the time, because a session of many hours takes long to write. */
const MIN_PAUSE_PER_WRITE = 20;

/** Saves the metrics of each recording session to files until it is stopped. */
export async function run({ settings, log }: CommandContext): Promise<number> {
  const { redis, record } = settings;
  const clock = new SystemClock();
  using stop = stopSignal(log);
  const failed = Promise.withResolvers<never>();
  using saver = new SessionSaver({ directory: record.outputDirectory, log });
  const take = (text: string) => {
    try {
      saver.add(text);
    } catch (error) {
      failed.reject(error);
    }
  };
  await using reader = new RedisReader({
    redis: redisOptions(redis),
    log,
    onMessage: (_channel, message) => take(message.toString()),
  });
  const snapshots = async () => {
    let pauseMs = SNAPSHOT_MS;
    while (!stop.signal.aborted) {
      await clock.sleep(pauseMs, stop.signal);
      const startMs = performance.now();
      saver.snapshot();
      pauseMs = Math.max(SNAPSHOT_MS, MIN_PAUSE_PER_WRITE * (performance.now() - startMs));
    }
  };
  /** Key-value mode does not publish on channels, so the histories are polled. */
  const followHistories = async () => {
    const streams = TOPICS.map((topic) => `${redis.keyPrefix}:${topic}:history`);
    const follower = new HistoryFollower(reader, streams);
    while (!stop.signal.aborted) {
      const entries = await follower.poll().catch(() => []); // the broker may be unavailable
      for (const { envelope } of entries) take(envelope);
      await clock.sleep(POLL_MS, stop.signal);
    }
  };
  const follow = async () => {
    log.info(`Waiting for recordings of ${redis.keyPrefix} at ${redis.host}:${redis.port}`);
    if (!redis.usePubsub) return await followHistories();
    await reader.subscribe(...TOPICS.map((topic) => `${redis.keyPrefix}:${topic}`));
    await stop.stopped;
  };
  await Promise.race([follow(), snapshots(), stop.stopped, failed.promise]);
  return EXIT.ok;
}
