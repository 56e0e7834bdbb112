import assert from "node:assert/strict";
import { RedisReader } from "../../../../src/transports/redis/reader.ts";
import { silentLog } from "../../../../src/telemetry/log.ts";
import { Hub } from "../../../../src/web/hub.ts";
import { type HistoryReader, TrendHistory } from "../../../../src/web/trends/trend_history.ts";
import { TrendStore } from "../../../../src/web/trends/trend_store.ts";
import { Trends } from "../../../../src/web/trends/trends.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { startPage } from "../../../support/http_page.ts";
import { optionsFor } from "../../../support/redis_outbox.ts";
import { startRedis } from "../../../support/redis_server.ts";
import { waitFor } from "../../../support/wait.ts";

/** 2026-01-01 in seconds since the Unix epoch. */
const START_S = 1_767_225_600;

function core(timeS: number, pulse?: number, replayed = false) {
  const strict = pulse === undefined ? {} : { strict: { value: pulse, confidence: 0.9 } };
  const metadata = replayed ? { replayed } : {};
  return { type: "core_metrics", timestamp: timeS * 1e6, payload: { pulse: strict, metadata } };
}

function publish(hub: Hub, ...message: Parameters<typeof core>): void {
  hub.publishEnvelope("bed-1", { topic: "core_metrics", envelope: core(...message) });
}

/** A history that counts reads and answers when `answer()` is called. */
class HeldHistory implements HistoryReader {
  readonly #held: (() => void)[] = [];
  reads = 0;

  prefixOf(device: string): string {
    return `{p1}:${device}`;
  }

  async firstEntries(_stream: string, ranges: readonly unknown[]) {
    this.reads++;
    await new Promise<void>((resolve) => this.#held.push(resolve));
    return ranges.map(() => undefined);
  }

  answer(): void {
    this.#held.shift()?.();
  }
}

Deno.test("Trends are served from memory as JSON and CSV, with gaps and replayed values", async () => {
  const hub = new Hub();
  using store = new TrendStore(hub);
  const trends = new Trends({ store, log: silentLog, nowUs: () => (START_S + 25) * 1e6 });
  await using page = await startPage({ hub, trends, token: undefined });
  publish(hub, START_S, 70);
  publish(hub, START_S + 5);
  publish(hub, START_S + 20, 75);
  publish(hub, START_S + 10, 72, true);
  const get = async (query: string) => await fetch(`${page.url}/v1/trends?${query}`);
  const trend = await (await get("device=bed-1")).json();
  assert.deepEqual(trend, {
    device: "bed-1",
    interval_s: 5,
    columns: {
      time: [0, 5, 10, 15, 20].map((s) => (START_S + s) * 1e6),
      pulse: [70, null, 72, null, 75],
      pulse_confidence: [0.9, null, 0.9, null, 0.9],
      breathing: [null, null, null, null, null],
      breathing_confidence: [null, null, null, null, null],
    },
  });
  const range = `from=${(START_S + 10) * 1e6}&to=${(START_S + 15) * 1e6}`;
  const csv = await get(`device=bed-1&format=csv&${range}`);
  assert.match(csv.headers.get("content-type") ?? "", /^text\/csv/);
  assert.equal((await csv.text()).split("\r\n")[1], "2026-01-01T00:00:10.000Z,72,0.9,,");
  for (const [query, status] of [["device=x", 404], ["device=bed-1&from=yesterday", 400]]) {
    const response = await get(String(query));
    await response.body?.cancel();
    assert.equal(response.status, status);
  }
});

Deno.test("TrendStore forgets a device that is dismissed, and ignores impossible times", () => {
  let nowMs = 0;
  const hub = new Hub({ nowMs: () => nowMs });
  using store = new TrendStore(hub);
  const rows = () => store.rows("bed-1", { fromUs: 0, toUs: Number.MAX_SAFE_INTEGER });
  for (const timeS of [-5, 1e300, START_S]) publish(hub, timeS, 70);
  assert.equal(rows().length, 1);
  nowMs = 10_000;
  hub.dismiss("bed-1");
  assert.equal(rows().length, 0);
});

Deno.test("Trends reads what memory does not have from the history in Redis", async () => {
  await using server = await startRedis();
  const client = server.client();
  const pipeline = client.pipeline();
  const stream = "bed-1:core_metrics:history";
  // A day with a measurement each 20 s, without one from 10:00 to 12:00.
  for (let s = 0; s < 86_400; s += 20) {
    if (s >= 36_000 && s < 43_200) continue;
    const envelope = JSON.stringify(core(START_S + s, 60 + s / 3600));
    pipeline.xadd(stream, `${(START_S + s) * 1000}-0`, "envelope", envelope);
  }
  await pipeline.exec();
  await using reader = new RedisReader({
    redis: optionsFor(server),
    log: silentLog,
    onMessage: () => {},
  });
  await waitFor("the commands", () => reader.get("x").then(() => true, () => false));
  const hub = new Hub();
  using store = new TrendStore(hub);
  const trends = new Trends({ store, history: new TrendHistory(reader), log: silentLog });
  for (let s = 86_000; s < 86_400; s += 5) publish(hub, START_S + s, 90);
  const read = async (fromS: number, toS: number) => {
    const table = await trends.read("bed-1", {
      fromUs: (START_S + fromS) * 1e6,
      toUs: (START_S + toS) * 1e6,
    });
    assert(table !== "busy");
    return table;
  };
  const day = await read(0, 86_400);
  assert.equal(day.intervalS, 45);
  assert(day.time.length >= 1919 && day.time.length <= 2000, `${day.time.length} rows`);
  const at = (s: number) =>
    day.columns.pulse[day.time.findIndex((us) => us + 45e6 > (START_S + s) * 1e6)];
  assert(Math.abs(at(3600)! - 61) < 0.05 && Math.abs(at(80_000)! - 82.2) < 0.05);
  assert.equal(at(40_000), null);
  assert.equal(at(86_300), 90);
  const hour = await read(82_800, 86_400);
  assert.deepEqual([hour.intervalS, hour.time.length], [5, 720]);
  const longer = await read(-30 * 86_400, 86_400);
  assert.equal(longer.intervalS, 45, "the range begins with the history");
});

Deno.test("Trends reads two histories at a time, lets some wait, and refuses the rest", async () => {
  using store = new TrendStore(new Hub());
  const held = new HeldHistory();
  const trends = new Trends({ store, history: new TrendHistory(held), log: silentLog });
  const reads = Array.from({ length: 19 }, () => trends.read("bed-1", {}));
  assert.equal(await reads[18], "busy");
  assert.equal(held.reads, 2);
  let answered = 0;
  for (const read of reads.slice(0, 18)) void read.then(() => answered++);
  await waitFor("the others", () => {
    held.answer();
    return answered === 18;
  });
});

Deno.test("Trends has at least the last hour if the history cannot be read", async () => {
  const hub = new Hub();
  using store = new TrendStore(hub);
  const log = new CollectingLog();
  const history = new TrendHistory({
    prefixOf: String,
    firstEntries: () => Promise.reject(new Error("NOPERM")),
  });
  const trends = new Trends({ store, history, log, nowUs: () => START_S * 1e6 });
  publish(hub, START_S, 70);
  const table = await trends.read("bed-1", {});
  assert.deepEqual(table !== "busy" && table.columns.pulse, [70]);
  assert.equal(log.linesWith("NOPERM").length, 1);
});
