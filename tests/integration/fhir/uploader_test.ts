import assert from "node:assert/strict";
import { type BundleQueue, FolderQueue, MemoryQueue } from "../../../src/fhir/bundle_queue.ts";
import { FhirClient } from "../../../src/fhir/fhir_client.ts";
import { bundleOf } from "../../../src/fhir/observations.ts";
import type { Bundle } from "../../../src/fhir/resources.ts";
import { Uploader } from "../../../src/fhir/uploader.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import {
  coreMetrics,
  MAPPING,
  START_US,
  summaryOf,
  trusted,
} from "../../support/fhir_intervals.ts";
import { FhirServer } from "../../support/fhir_server.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { freePort } from "../../support/free_port.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { waitFor } from "../../support/wait.ts";

/** The transaction of the `n`th interval, with two Observations. */
function bundle(n: number): readonly [Bundle, number] {
  const startUs = START_US + n * 60e6;
  const summary = summaryOf([coreMetrics(n * 60 + 5, trusted(60 + n))]);
  return [bundleOf({ ...summary, startUs }, MAPPING)!, startUs];
}

/** An uploader at work; its pauses end only when a test advances the clock. */
function startUploader(
  url: string,
  { queue = new MemoryQueue(), timeoutMs = 10_000 }: {
    readonly queue?: BundleQueue;
    readonly timeoutMs?: number;
  } = {},
) {
  const clock = new ManualClock();
  const log = new CollectingLog();
  const client = new FhirClient({ url, token: undefined, timeoutMs });
  const uploader = new Uploader({ client, queue, log, clock });
  const stop = new AbortController();
  const run = uploader.run(stop.signal);
  return {
    uploader,
    queue,
    clock,
    log,
    stop: () => {
      stop.abort();
      return run;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await run;
      await uploader[Symbol.asyncDispose]();
    },
  };
}

Deno.test("Uploader stores each interval once, however often it is sent", async () => {
  await using server = new FhirServer();
  await using ends = startUploader(server.url);
  for (const n of [0, 1, 0, 1, 1]) {
    ends.uploader.add(...bundle(n));
    await waitFor("the transaction", () => ends.queue.size === 0);
  }
  assert.equal(server.requests.length, 5);
  const observations = await server.stored("Observation");
  assert.deepEqual(
    observations.map(({ valueQuantity }) => valueQuantity?.value).sort(),
    [16.2, 16.2, 60, 61],
  );
  const [device, ...others] = await server.stored("Device");
  assert.deepEqual(others, []);
  for (const { device: reference } of observations) {
    assert.equal(reference?.reference, `Device/${device!.id}`);
  }
  assert.deepEqual(
    (await server.stored("DeviceMetric")).map(({ source }) => source?.reference),
    [`Device/${device!.id}`, `Device/${device!.id}`],
  );
  assert.equal(server.requests[0]!.contentType, "application/fhir+json");
});

Deno.test("Uploader delivers what waited while the server was killed", async () => {
  const port = freePort();
  await using ends = startUploader(`http://127.0.0.1:${port}/fhir`);
  ends.uploader.add(...bundle(0));
  await waitFor("a failure", () => ends.log.linesWith("Cannot send to the FHIR server").length > 0);
  ends.uploader.add(...bundle(1));
  await using server = new FhirServer({ port });
  await waitFor("the pause", () => ends.clock.sleepers === 1);
  await ends.clock.advance(1_000);
  await waitFor("both", () => ends.queue.size === 0);
  assert.equal((await server.stored("Observation")).length, 4);
  assert.equal(ends.log.linesWith("Sending to the FHIR server again").length, 1);
});

Deno.test("Uploader tries again after a server that was frozen, and doubles nothing", async () => {
  await using server = new FhirServer();
  await using ends = startUploader(server.url, { timeoutMs: 300 });
  const thaw = Promise.withResolvers<undefined>();
  server.answer = () => thaw.promise;
  ends.uploader.add(...bundle(0));
  await waitFor("a failure", () => ends.log.linesWith("no response within 0.3 s").length > 0);
  thaw.resolve(undefined); // the request of the first attempt is executed late
  server.answer = undefined;
  await ends.clock.advance(1_000);
  await waitFor("the transaction", () => ends.queue.size === 0);
  assert.equal((await server.stored("Observation")).length, 2);
});

for (const status of [401, 404, 409, 429, 500, 503]) {
  Deno.test(`Uploader keeps a transaction after HTTP ${status}`, async () => {
    await using server = new FhirServer({ answer: () => new Response("no", { status }) });
    await using ends = startUploader(server.url);
    ends.uploader.add(...bundle(0));
    await waitFor("a failure", () => ends.log.linesWith(`HTTP ${status}`).length > 0);
    assert.equal(ends.queue.size, 1);
    server.answer = undefined;
    await ends.clock.advance(1_000);
    await waitFor("the transaction", () => ends.queue.size === 0);
    assert.equal((await server.stored("Observation")).length, 2);
  });
}

for (const status of [400, 412, 422]) {
  Deno.test(`Uploader drops a transaction after HTTP ${status}, and goes on`, async () => {
    const issue = [{ severity: "error", code: "invalid", diagnostics: "bad\nunit" }];
    const outcome = { resourceType: "OperationOutcome", issue };
    await using server = new FhirServer({ answer: () => Response.json(outcome, { status }) });
    await using ends = startUploader(server.url);
    ends.uploader.add(...bundle(0));
    await waitFor("a rejection", () => ends.queue.size === 0);
    server.answer = undefined;
    ends.uploader.add(...bundle(1));
    await waitFor("the transaction", () => ends.queue.size === 0);
    assert.equal((await server.stored("Observation")).length, 2);
    const [line, ...others] = ends.log.linesWith("The FHIR server rejected a transaction");
    assert.match(line!, new RegExp(`HTTP ${status} \\(bad.*unit\\)`));
    assert.deepEqual(others, []);
  });
}

Deno.test("Uploader takes a failed entry of a response for a rejection", async () => {
  const entry = [{ response: { status: "201 Created" } }, { response: { status: "422" } }];
  await using server = new FhirServer({ answer: () => Response.json({ entry }) });
  await using ends = startUploader(server.url);
  ends.uploader.add(...bundle(0));
  await waitFor("a rejection", () => ends.log.linesWith("HTTP 422 for an entry").length === 1);
});

Deno.test("Uploader pauses as long as the server asks for", async () => {
  const headers = { "retry-after": "30" };
  await using server = new FhirServer({ answer: () => new Response("", { status: 503, headers }) });
  await using ends = startUploader(server.url);
  ends.uploader.add(...bundle(0));
  await waitFor("the pause", () => ends.clock.sleepers === 1);
  server.answer = undefined;
  await ends.clock.advance(29_000);
  assert.equal(ends.clock.sleepers, 1);
  await ends.clock.advance(1_000);
  await waitFor("the transaction", () => ends.queue.size === 0);
});

Deno.test("Uploader follows no redirect, and reads no endless response", async () => {
  await using other = new FhirServer();
  const headers = { location: other.url };
  await using server = new FhirServer({ answer: () => new Response("", { status: 307, headers }) });
  await using ends = startUploader(server.url);
  ends.uploader.add(...bundle(0));
  await waitFor("a failure", () => ends.log.linesWith("HTTP 307").length > 0);
  assert.deepEqual(other.requests, []);
  server.answer = () => new Response("x".repeat(3 << 20));
  ends.log.time.nowMs += 61_000;
  await ends.clock.advance(1_000);
  await waitFor("a failure", () => ends.log.linesWith("more than 1 MiB").length > 0);
});

Deno.test("Uploader sends what waits before it ends, and reports what it could not send", async () => {
  await using server = new FhirServer();
  await using ends = startUploader(server.url);
  ends.uploader.add(...bundle(0));
  ends.uploader.add(...bundle(1));
  await ends.stop();
  assert.equal((await server.stored("Observation")).length, 4);
  await using failing = startUploader(`http://127.0.0.1:${freePort()}/fhir`);
  failing.uploader.add(...bundle(0));
  await failing.stop();
  assert.match(failing.log.linesWith("Ended before all").join(), /waiting=1$/);
});

Deno.test("Uploader continues a queue in a folder after a restart", async () => {
  using folder = temporaryFolder();
  const port = freePort();
  const url = `http://127.0.0.1:${port}/fhir`;
  {
    await using ends = startUploader(url, { queue: new FolderQueue(folder.path) });
    ends.uploader.add(...bundle(1));
    ends.uploader.add(...bundle(0));
  }
  assert.equal([...Deno.readDirSync(folder.path)].length, 2);
  await using server = new FhirServer({ port });
  await using ends = startUploader(url, { queue: new FolderQueue(folder.path) });
  await waitFor("both", () => ends.queue.size === 0);
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
  assert.equal((await server.stored("Observation")).length, 4);
});
