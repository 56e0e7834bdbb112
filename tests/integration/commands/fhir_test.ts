import assert from "node:assert/strict";
import type * as r4 from "fhir/r4";
import { encodeEnvelope, type Envelope } from "../../../src/envelopes/envelope.ts";
import { FAKE_START_US, fakeMetrics, fakeRecordingState } from "../../support/fake_stream.ts";
import { FhirServer } from "../../support/fhir_server.ts";
import { problemsOf } from "../../support/fhir_validator.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { freePort } from "../../support/free_port.ts";
import { ProgramUnderTest } from "../../support/physiology_server.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const SLOW = { timeoutMs: 60_000 };
/** Periods of `fakeMetrics()` in a second. */
const PER_SECOND = 5;

/** The command, reading the device `ward` of a Redis. */
function startExport(redis: RedisServer, ...flags: string[]): ProgramUnderTest {
  return new ProgramUnderTest([
    "fhir",
    "--redis_host=127.0.0.1",
    `--redis_port=${redis.port}`,
    "--devices=ward",
    ...flags,
  ]);
}

async function subscribed(redis: RedisServer): Promise<void> {
  await waitFor("the subscription", async () => {
    const [, count] = await redis.client().pubsub("NUMSUB", "ward:recording_state") as unknown[];
    return count === 1;
  }, SLOW);
}

async function publish(redis: RedisServer, envelopes: readonly Envelope[]): Promise<void> {
  const client = redis.client();
  for (const envelope of envelopes) {
    await client.publish(`ward:${envelope.type}`, Buffer.from(encodeEnvelope(envelope)));
  }
}

/** The metrics from one second to another. */
function seconds(from: number, to: number): Envelope[] {
  const count = (to - from) * PER_SECOND;
  return Array.from({ length: count }, (_, k) => fakeMetrics(from * PER_SECOND + k)).flat();
}

/** Core metrics that were withheld for another reason than warming up. */
function withheld(atS: number): Envelope {
  const [{ timestamp }] = fakeMetrics(atS * PER_SECOND) as [Envelope];
  return {
    type: "core_metrics",
    timestamp,
    payload: {
      withheld: { pulse: "motion", breathing: "no_chest" },
      metadata: {
        sequence: 1,
        boot_id: "fake",
        frame_timestamp: timestamp,
        frame_count: 1,
        latency_ms: 1,
      },
    },
  };
}

/** What the Observations of one code say, in the order of time. */
function valuesOf(observations: readonly r4.Observation[], code: string) {
  const start = Date.parse(new Date(FAKE_START_US / 1000).toISOString());
  return observations.filter((each) => each.code.coding?.some((coding) => coding.code === code))
    .map(({ valueQuantity, dataAbsentReason, effectivePeriod }) => ({
      endS: (Date.parse(effectivePeriod!.end!) - start) / 1000,
      value: valueQuantity?.value ?? dataAbsentReason?.text?.split(":")[0],
    })).sort((a, b) => a.endS - b.endS);
}

Deno.test("fhir posts valid Observations to a server, across its end and that of Redis, and none twice", async () => {
  await using redis = await startRedis();
  const port = freePort();
  await using first = new FhirServer({ port });
  const flags = [`--to=${first.url}`, "--fhir_interval=10", "--fhir_subject=Patient/7"];
  await using program = startExport(redis, ...flags);
  await subscribed(redis);
  await publish(redis, [...seconds(0, 10), withheld(15), ...seconds(20, 21)]);
  await waitFor("two intervals", async () => (await first.stored("Observation")).length >= 6, SLOW);
  const { repository } = first;
  await first[Symbol.asyncDispose]();
  await redis.kill();
  await redis.restart();
  await subscribed(redis);
  await publish(redis, [...seconds(0, 10), ...seconds(21, 31)]); // replayed, and new
  await waitFor("a failure", () => program.stderr.includes("Cannot send to the FHIR server"), SLOW);
  await using second = new FhirServer({ port, repository });
  await waitFor(
    "it again",
    () => program.stderr.includes("Sending to the FHIR server again"),
    SLOW,
  );
  program.kill("SIGTERM");
  const { code } = await program.ended;
  assert.equal(code, 0, program.stderr);
  const observations = await second.stored("Observation");
  assert.deepEqual(valuesOf(observations, "8867-4"), [
    { endS: 5.2, value: 72.5 },
    { endS: 15, value: "motion" },
    { endS: 24.8, value: 72.5 },
    { endS: 30.4, value: 72.5 },
  ]);
  assert.deepEqual(
    valuesOf(observations, "9279-1").map(({ value }) => value),
    [16.2, "no_chest", 16.2, 16.2],
  );
  const resources = [
    ...observations,
    ...await second.stored("Device"),
    ...await second.stored("DeviceMetric"),
  ];
  for (const resource of resources) assert.deepEqual(problemsOf(resource), []);
  assert.equal((await second.stored("Device")).length, 1);
  assert.ok(observations.every(({ subject }) => subject?.reference === "Patient/7"));
});

Deno.test("fhir doubles nothing when it reads the histories of key-value mode again", async () => {
  await using redis = await startRedis();
  await using server = new FhirServer();
  const client = redis.client();
  const store = async (envelopes: readonly Envelope[]) => {
    for (const envelope of envelopes) {
      const bytes = Buffer.from(encodeEnvelope(envelope));
      const id = `${Math.floor(envelope.timestamp / 1000)}-*`;
      await client.xadd(`ward:${envelope.type}:history`, id, "envelope", bytes);
    }
  };
  const flags = [`--to=${server.url}`, "--fhir_interval=10", "--noredis_use_pubsub"];
  await client.xadd("ward:status:history", "1-0", "envelope", "{}"); // by which it finds devices
  const list = async () => String(await client.call("CLIENT", "LIST"));
  for (let run = 0; run < 2; run++) {
    await client.del("ward:core_metrics:history");
    await using program = startExport(redis, ...flags);
    await waitFor("a poll", async () => (await list()).includes("cmd=xread"), SLOW);
    await store(seconds(0, 10).filter(({ type }) => type === "core_metrics"));
    const before = server.requests.length;
    await waitFor("the interval", () => server.requests.length > before, SLOW);
    program.kill("SIGTERM");
    assert.equal((await program.ended).code, 0, program.stderr);
  }
  assert.deepEqual(valuesOf(await server.stored("Observation"), "8867-4"), [
    { endS: 5.2, value: 72.5 },
  ]);
});

Deno.test("fhir writes files for their owner alone, and ends an interval with the recording", async () => {
  await using redis = await startRedis();
  using folder = temporaryFolder();
  const to = `${folder.path}/fhir`;
  await using program = startExport(redis, `--to=${to}`, "--fhir_waveforms");
  await subscribed(redis);
  await publish(redis, [
    fakeRecordingState(0, "a"),
    ...seconds(0, 10),
    fakeRecordingState(10 * PER_SECOND),
  ]);
  const day = `${to}/2026-01-01`;
  const names = () => [...Deno.readDirSync(day)].map(({ name }) => name);
  await waitFor("the file", () => {
    try {
      return names().some((name) => name.endsWith(".json"));
    } catch {
      return false;
    }
  }, SLOW);
  program.kill("SIGTERM");
  assert.equal((await program.ended).code, 0, program.stderr);
  const [name, ...others] = names();
  assert.deepEqual(others, []);
  assert.equal(Deno.statSync(`${day}/${name}`).mode! & 0o777, 0o600);
  assert.equal(Deno.statSync(to).mode! & 0o777, 0o700);
  const bundle: r4.Bundle = JSON.parse(Deno.readTextFileSync(`${day}/${name}`));
  assert.deepEqual(problemsOf(bundle), []);
  const waveform = bundle.entry!.map(({ resource }) => resource as r4.Observation)
    .find(({ valueSampledData }) => valueSampledData);
  assert.ok(waveform);
  assert.deepEqual(problemsOf(waveform), []);
});

Deno.test("fhir ends with status 69 if its folder cannot be written", async () => {
  await using redis = await startRedis();
  using folder = temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/file`, "");
  await using program = startExport(redis, `--to=${folder.path}/file`);
  const { code, stderr } = await program.ended;
  assert.equal(code, 69, stderr);
  assert.match(stderr, /Cannot write .*file/);
});
