/**
 * Measures the database logger: rows per second of each database, and CPU and memory of `log` with
 * many devices.
 *
 * Usage: deno run -A tests/bench/database.ts [--rows=50000] [--devices=60] [--seconds=20]
 */
import { parseArgs } from "node:util";
import type { Database } from "../../src/database/database.ts";
import { PostgresDatabase } from "../../src/database/postgres.ts";
import { SqliteDatabase } from "../../src/database/sqlite.ts";
import { parseTarget, type PostgresTarget } from "../../src/database/target.ts";
import { rowOf } from "../../src/database/rows.ts";
import { encodeEnvelope } from "../../src/envelopes/envelope.ts";
import { fakeMetrics } from "../support/fake_stream.ts";
import { temporaryFolder } from "../support/folders.ts";
import { ProgramUnderTest } from "../support/physiology_server.ts";
import { startPostgres } from "../support/postgres_server.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "50000" },
    devices: { type: "string", default: "60" },
    seconds: { type: "string", default: "20" },
  },
});
const [ROWS, DEVICES, SECONDS] = [values.rows, values.devices, values.seconds].map(Number) as [
  ...[number, number, number],
];
const BATCH = 1000;
/** Clock ticks per second of /proc/PID/stat. */
const TICKS = 100;

/** Prints how many rows per second a database stores in batches of 1000. */
async function measureThroughput(name: string, database: Database): Promise<void> {
  await database.open();
  const rows = Array.from({ length: ROWS }, (_, n) => {
    const [envelope] = fakeMetrics(n);
    return rowOf({ device: "ward", topic: "core_metrics", envelope: envelope! })!;
  });
  const startMs = performance.now();
  for (let at = 0; at < ROWS; at += BATCH) await database.write(rows.slice(at, at + BATCH));
  const seconds = (performance.now() - startMs) / 1000;
  console.log(`${name}: ${Math.round(ROWS / seconds)} rows/s`);
}

/** CPU time of a process and its memory. */
function usageOf(pid: number): { readonly cpuS: number; readonly rssMb: number } {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(
    Deno.readTextFileSync(`/proc/${pid}/status`),
  ) ?? [];
  return {
    cpuS: (Number(fields[11]) + Number(fields[12])) / TICKS,
    rssMb: Number(kilobytes) / 1024,
  };
}

/** Prints CPU and memory of `log` while devices publish core metrics five times a second. */
async function measureLogger(name: string, to: string): Promise<void> {
  await using redis = await startRedis();
  await using log = new ProgramUnderTest([
    ...["log", `--to=${to}`, "--redis_host=127.0.0.1", `--redis_port=${redis.port}`],
  ]);
  const client = redis.client();
  await waitFor("the logger", () => log.stderr.includes("Connected to"), { timeoutMs: 60_000 });
  await waitFor("the subscription", async () => Number(await client.pubsub("NUMPAT")) >= 3);
  const before = usageOf(log.pid);
  const startMs = performance.now();
  for (let n = 0; n < SECONDS * 5; n++) {
    const bytes = Buffer.from(encodeEnvelope(fakeMetrics(n)[0]!));
    for (let device = 0; device < DEVICES; device++) {
      void client.publish(`ward-${device}:core_metrics`, bytes);
    }
    const dueMs = startMs + (n + 1) * 200;
    await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
  }
  const seconds = (performance.now() - startMs) / 1000;
  const after = usageOf(log.pid);
  log.kill("SIGTERM");
  await log.ended;
  const rows = /rows=(\d+)/.exec(log.stderr)?.[1];
  const cpu = 100 * (after.cpuS - before.cpuS) / seconds;
  console.log(
    `log to ${name}, ${DEVICES} devices, ${(DEVICES * 5)} messages/s: ${cpu.toFixed(1)} % of a ` +
      `core, ${after.rssMb.toFixed(0)} MB, ${rows} of ${SECONDS * 5 * DEVICES} rows`,
  );
}

await using server = await startPostgres();
using folder = temporaryFolder();
{
  const target = parseTarget(server.url()) as PostgresTarget;
  await using postgres = new PostgresDatabase({ target, password: "" });
  await measureThroughput("PostgreSQL", postgres);
  const [bytes] = server.query("SELECT pg_total_relation_size('physiology.measurements')");
  console.log(`PostgreSQL: ${Math.round(Number(bytes) / ROWS)} bytes per row with indexes`);
  await using sqlite = new SqliteDatabase(`${folder.path}/rows.db`);
  await measureThroughput("SQLite", sqlite);
  console.log(
    `SQLite: ${Math.round(Deno.statSync(`${folder.path}/rows.db`).size / ROWS)} bytes per row`,
  );
}
server.query("TRUNCATE physiology.measurements");
await measureLogger("PostgreSQL", server.url());
await measureLogger("SQLite", `sqlite:${folder.path}/log.db`);
