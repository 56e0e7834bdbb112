/**
 * A day of traffic in accelerated time: the messages of a day are sent to a real redis-server as
 * fast as it accepts them, and the server is killed once per hour of that day.
 *
 *   deno run -A tests/soak/day.ts --hours=24
 *
 * Exits with status 1 if a metric is missing.
 */
import { parseArgs } from "node:util";
import { coreMetric, edgeMetric, frame } from "../support/messages.ts";
import { optionsFor, startOutbox } from "../support/redis_outbox.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

const { values } = parseArgs({ options: { hours: { type: "string", default: "24" } } });
const hours = Number(values.hours);
const CORE_PER_HOUR = 5 * 3600;

await using server = await startRedis();
const client = server.client();
const admin = server.client();
let received = 0;
let lastSequence = 0;
let replayed = 0;
client.on("message", (_channel, text: string) => {
  received++;
  const { metadata } = JSON.parse(text).payload;
  if (metadata.replayed) replayed++;
  else lastSequence = metadata.sequence;
});
await client.subscribe("physiology:core_metrics");
await using ends = startOutbox(optionsFor(server), { replayPerSecond: 5000 });
await waitFor("a connection", () => ends.framesReady());

const memory: number[] = [];
let sequence = 0;
for (let hour = 0; hour < hours; hour++) {
  for (let message = 0; message < CORE_PER_HOUR; message++) {
    ends.outbox.offer(coreMetric(++sequence));
    ends.outbox.offer(edgeMetric(sequence));
    if (message % 5 === 0) ends.outbox.offer(frame(sequence, 40_000));
    // No clock sets the pace: the queue would overflow.
    if (message % 50 === 0) await ends.outbox.flush(1000);
    if (message === CORE_PER_HOUR / 2) {
      await server.kill();
      for (let lost = 0; lost < 300; lost++) ends.outbox.offer(coreMetric(++sequence));
      await server.restart();
      await waitFor("the subscriber", async () => {
        return client.status === "ready" && admin.status === "ready" &&
          Number((await admin.pubsub("NUMSUB", "physiology:core_metrics"))[1]) === 1;
      });
      await waitFor("the replay", () => ends.backend.ready && replayed >= 300 * (hour + 1));
    }
  }
  await ends.outbox.flush(5000);
  memory.push(Deno.memoryUsage().rss / 1e6);
  const files = [...Deno.readDirSync("/proc/self/fd")].length;
  console.log(
    `hour ${hour + 1}: ${sequence} sent, ${received} received, ${memory.at(-1)?.toFixed(0)} MB, ` +
      `${files} files, dropped metrics ${ends.dropped("metric")}`,
  );
}
await waitFor("the rest", () => received >= sequence && lastSequence > 0).catch(() => {});
const half = memory.slice(Math.floor(memory.length / 2));
const growth = (half.at(-1) ?? 0) - (half[0] ?? 0);
console.log(
  `missing ${Math.max(0, sequence - received)}, replayed ${replayed}, memory grew ${
    growth.toFixed(1)
  } MB`,
);
Deno.exitCode = received < sequence || ends.dropped("metric") > 0 ? 1 : 0;
