import assert from "node:assert/strict";
import { load, type Settings } from "../../../src/app/flags.ts";
import { openOutput } from "../../../src/app/output.ts";
import { TRANSPORTS } from "../../../src/app/transports.ts";
import { CommandHandler } from "../../../src/control/commands.ts";
import { Recording } from "../../../src/control/recording.ts";
import type { OpenedTransport, TransportContext } from "../../../src/transports/transport.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { Health } from "../../../src/telemetry/health.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { FakeBackend } from "../../support/fake_backend.ts";
import { fakeFrame, fakeMetric } from "../../support/fake_outbox.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { replaced } from "../../support/replace.ts";

/** Opens the output of these flags on a transport in place of its own. */
async function open(argv: readonly string[], parts: Partial<OpenedTransport<Settings>> = {}) {
  const backend = new FakeBackend();
  const clock = new ManualClock();
  const counters = new Counters();
  const health = new Health(clock);
  const commands = new CommandHandler({ recording: new Recording(), counters, log: silentLog });
  const calls: [string, Settings, TransportContext][] = [];
  using replacements = new DisposableStack();
  for (const transport of TRANSPORTS) {
    const openFake = (settings: Settings, context: TransportContext) => {
      calls.push([transport.name, settings, context]);
      return Promise.resolve({ backend, receivers: [], ...parts });
    };
    replacements.use(replaced(transport as { open: unknown }, "open", openFake));
  }
  const { settings } = load(["--simulate", ...argv], { env: {}, readText: () => "{}" });
  const context = {
    ...{ clock, counters, health, log: silentLog, commands, grpc: undefined },
    maxFrameAgeMs: 300,
  };
  const output = await openOutput(settings, context);
  output.sink.start!();
  assert.equal(calls.length, 1);
  const [name, ...passed] = calls[0]!;
  return {
    backend,
    clock,
    counters,
    health,
    output,
    name,
    settings,
    context,
    passed,
    dropped: () =>
      counters.all().filter((each) => each.name === "outbox_dropped_total")
        .reduce((sum, { total }) => sum + total, 0),
    [Symbol.asyncDispose]: () => output[Symbol.asyncDispose](),
  };
}

/** A metric of about 1000 bytes. */
const bigMetric = (clock: ManualClock, sequence: number) => ({
  ...fakeMetric(clock, sequence),
  bytes: new Uint8Array(1000).fill(32),
});

Deno.test("openOutput() opens the transport of the settings with the parts of the server", async () => {
  for (const name of ["redis", "file", "grpc"]) {
    await using opened = await open([`--streaming_backend=${name}`]);
    assert.equal(opened.name, name);
    assert.deepEqual(opened.passed, [opened.settings, opened.context]);
  }
});

Deno.test("openOutput() sends what its sink is offered, and records it in the health", async () => {
  await using opened = await open([]);
  opened.backend.setReady(true);
  opened.output.sink.offer(fakeMetric(opened.clock, 7, "core_metrics") as never);
  await opened.clock.advance(10);
  assert.equal(opened.backend.received.length, 1);
  assert.deepEqual([opened.health.ageS("metric"), opened.health.ageS("acknowledgement")], [
    0.01,
    0.01,
  ]);
});

Deno.test("openOutput() passes on a reload and names its topics, if the transport can reload", async () => {
  await using without = await open([]);
  assert.equal("reload" in without.output, false);
  const reloaded: Settings[] = [];
  const reload = (settings: Settings) => void reloaded.push(settings);
  await using opened = await open([], { reload });
  assert.deepEqual(opened.output.reload?.topics, ["redis"]);
  opened.output.reload?.apply(opened.settings);
  assert.deepEqual(reloaded, [opened.settings]);
  await using file = await open(["--streaming_backend=file"], { reload });
  assert.deepEqual(file.output.reload?.topics, ["file"]);
});

Deno.test("openOutput() closes the receivers of commands before the backend", async () => {
  const closed: string[] = [];
  const closing = (name: string) => ({
    [Symbol.asyncDispose]: () => Promise.resolve().then(() => void closed.push(name)),
  });
  const backend = Object.assign(new FakeBackend(), closing("backend"));
  const opened = await open([], { backend, receivers: [closing("first"), closing("second")] });
  await opened[Symbol.asyncDispose]();
  assert.deepEqual(closed, ["first", "second", "backend"]);
});

Deno.test("openOutput() drops metrics at the age of the settings", async () => {
  await using opened = await open(["--spool_max_age_seconds=1000"]);
  opened.output.sink.offer(fakeMetric(opened.clock, 1) as never);
  await opened.clock.advance(900_000);
  assert.equal(opened.dropped(), 0);
  await opened.clock.advance(200_000);
  assert.equal(opened.dropped(), 1);
});

Deno.test("openOutput() drops frames above their maximum age", async () => {
  for (const [ageMs, sent] of [[270, 1], [330, 0]] as const) {
    await using opened = await open([]);
    opened.backend.setReady(true);
    const frame = fakeFrame(opened.clock, 1);
    await opened.clock.jump(ageMs);
    opened.output.sink.offer(frame);
    await opened.clock.advance(10);
    assert.equal(opened.backend.sent.length, sent, `${ageMs} ms`);
  }
});

Deno.test("openOutput() asks for the demand for frames only with --frame_publish=on_demand", async () => {
  for (const [policy, isAsked] of [["on_demand", true], ["always", false], ["never", false]]) {
    let asked = 0;
    const frameDemand = () => {
      asked++;
      return Promise.resolve({ watched: false, patterns: 0 });
    };
    const backend = Object.assign(new FakeBackend(), { frameDemand });
    await using opened = await open([`--frame_publish=${policy}`], { backend });
    backend.setReady(true);
    await opened.clock.advance(1000);
    assert.equal(asked > 3, isAsked, `${policy}: ${asked}`);
  }
});

Deno.test("openOutput() prepares for frames at the start only with --frame_publish=always", async () => {
  for (const [policy, prepares] of [["on_demand", 0], ["always", 1], ["never", 0]] as const) {
    let prepared = 0;
    const openForFrames = () => ++prepared > 0;
    const backend = Object.assign(new FakeBackend(), { openForFrames });
    await using opened = await open([`--frame_publish=${policy}`], { backend });
    backend.setReady(true);
    await opened.clock.advance(1000);
    assert.equal(prepared, prepares, policy);
  }
});

/** Offers statuses of 40 kB, which have a tenth of the memory. */
async function offerMany({ clock, output }: Awaited<ReturnType<typeof open>>): Promise<void> {
  for (let k = 0; k < 40; k++) {
    await clock.advance(1);
    output.sink.offer(bigMetric(clock, k) as never);
  }
}

Deno.test("openOutput() keeps metrics in the memory of the settings, without a spool", async () => {
  await using small = await open(["--outbox_memory_bytes=65536"]);
  await offerMany(small);
  assert.ok(small.dropped() > 30, `${small.dropped()}`);
  await using large = await open(["--outbox_memory_bytes=655360"]);
  await offerMany(large);
  assert.equal(large.dropped(), 0);
});

Deno.test("openOutput() stores metrics beyond its memory in the spool of the settings", async () => {
  using folder = new TemporaryFolder();
  const spool = folder.file("spool");
  {
    await using opened = await open(["--outbox_memory_bytes=65536", `--spool_path=${spool}`]);
    await offerMany(opened);
  }
  assert.ok([...Deno.readDirSync(spool)].length > 0);
});
