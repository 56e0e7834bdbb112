import assert from "node:assert/strict";
import { PULSE_HIGH } from "../../support/alarms.ts";
import { AlertProgram } from "../../support/alert_program.ts";
import { AlertReceiver, type ReceivedAlert } from "../../support/alert_receiver.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

function rulesFor(receiver: AlertReceiver, ...rules: readonly object[]) {
  return {
    rules: rules.length > 0 ? rules : [PULSE_HIGH],
    notify: [{ kind: "webhook", url: receiver.url, secret_file: receiver.secretPath }],
  };
}

const events = (received: readonly ReceivedAlert[]) =>
  received.map(({ body }) => `${body.event} ${body.device}/${body.rule}`);

interface Scenario {
  readonly folder: string;
  readonly redis: RedisServer;
  readonly receiver: AlertReceiver;
}

async function withReceiver(
  answers: readonly string[],
  run: (scenario: Scenario) => Promise<void>,
): Promise<void> {
  using folder = temporaryFolder();
  await using redis = await startRedis();
  await using receiver = await AlertReceiver.start(folder.path, answers);
  await run({ folder: folder.path, redis, receiver });
}

Deno.test("alert sends signed alerts by webhook, logs them and keeps a journal", () =>
  withReceiver([], async ({ folder, redis, receiver }) => {
    const journal = `${folder}/journal.jsonl`;
    await using alert = await AlertProgram.start(redis, {
      folder,
      rules: rulesFor(receiver),
      flags: [`--alert_journal=${journal}`],
    });
    const since = await alert.metrics({ pulse: 131 });
    await alert.metrics({ pulse: 80 });
    const received = await receiver.receives(2);
    assert.deepEqual(events(received), ["raised bed-1/high", "ended bed-1/high"]);
    assert.ok(received.every(({ signed, fresh }) => signed && fresh));
    const [first] = received;
    assert.equal(first?.key, first?.body.id);
    const { id: _id, time: _time, ...body } = first!.body;
    assert.deepEqual(body, {
      event: "raised",
      device: "bed-1",
      rule: "high",
      priority: "high",
      message: "Pulse above 120",
      since,
      value: 131,
      limit: 120,
    });
    const lines = Deno.readTextFileSync(journal).trimEnd().split("\n");
    assert.deepEqual(lines.map((line) => JSON.parse(line)), received.map(({ body }) => body));
    assert.equal(Deno.statSync(journal).mode! & 0o777, 0o600);
    await alert.logs(/Alarm raised .*device="?bed-1/);
    alert.program.kill("SIGTERM");
    assert.equal((await alert.program.ended).code, 0, alert.program.stderr);
  }));

Deno.test("alert delivers within 1 s of the capture", () =>
  withReceiver([], async ({ folder, redis, receiver }) => {
    await using alert = await AlertProgram.start(redis, { folder, rules: rulesFor(receiver) });
    const rounds = 100;
    for (let round = 0; round < rounds; round++) {
      await alert.metrics({ pulse: 130 });
      await receiver.receives(2 * round + 1);
      await alert.metrics({ pulse: 80 });
      await receiver.receives(2 * round + 2);
    }
    const delaysMs = receiver.received.filter(({ body }) => body.event === "raised")
      .map(({ received_us, body }) => (received_us - body.since) / 1000).sort((a, b) => a - b);
    assert.equal(delaysMs.length, rounds);
    const [p50, p95] = [delaysMs[rounds * 0.5]!, delaysMs[rounds * 0.95]!];
    console.log(`From capture to webhook: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`);
    assert.ok(p95 < 1000, `p95 is ${p95} ms`);
  }));

Deno.test("alert repeats an alert that got 500 or 429, with the same key", () =>
  withReceiver(["500", "429 3"], async ({ folder, redis, receiver }) => {
    await using alert = await AlertProgram.start(redis, { folder, rules: rulesFor(receiver) });
    await alert.metrics({ pulse: 130 });
    const received = await receiver.receives(3);
    assert.deepEqual(received.map(({ answer }) => answer), ["500", "429 3", "200"]);
    assert.equal(new Set(received.map(({ key }) => key)).size, 1);
    assert.ok(received[2]!.received_us - received[1]!.received_us >= 3e6, "Retry-After");
    await alert.logs("Sent an alert");
  }));

Deno.test("alert goes on after a receiver that never answers, with the same key", () =>
  withReceiver(["hang"], async ({ folder, redis, receiver }) => {
    await using alert = await AlertProgram.start(redis, { folder, rules: rulesFor(receiver) });
    await alert.metrics({ pulse: 130 });
    await alert.metrics({ pulse: 80 });
    const received = await receiver.receives(3, 40_000);
    assert.deepEqual(events(received), [
      "raised bed-1/high",
      "raised bed-1/high",
      "ended bed-1/high",
    ]);
    assert.equal(received[0]!.key, received[1]!.key);
    await alert.logs(/Cannot send an alert.*no answer in time/);
  }));

Deno.test("alert keeps alerts while the receiver is killed, or frozen", () =>
  withReceiver([], async ({ folder, redis, receiver }) => {
    await using alert = await AlertProgram.start(redis, { folder, rules: rulesFor(receiver) });
    await receiver.kill();
    await alert.metrics({ pulse: 130 });
    await alert.logs("Cannot send an alert");
    await alert.metrics({ pulse: 80 });
    await receiver.start();
    assert.deepEqual(events(await receiver.receives(2)), ["raised bed-1/high", "ended bed-1/high"]);
    receiver.freeze();
    await alert.metrics({ pulse: 130 });
    await alert.logs(/no answer in time/);
    receiver.thaw();
    // An alert whose answer is late is sent again, with the same key.
    const distinct = () => [...new Map(receiver.received.map((each) => [each.key, each])).values()];
    const third = await waitFor("a third alert", () => distinct().at(2), { timeoutMs: 20_000 });
    assert.deepEqual(events([third]), ["raised bed-1/high"]);
  }));

Deno.test("alert stops within seconds beside a receiver that is frozen", () =>
  withReceiver(["hang"], async ({ folder, redis, receiver }) => {
    await using alert = await AlertProgram.start(redis, { folder, rules: rulesFor(receiver) });
    await alert.metrics({ pulse: 130 });
    await receiver.receives(1);
    const start = performance.now();
    alert.program.kill("SIGTERM");
    assert.equal((await alert.program.ended).code, 0);
    assert.ok(performance.now() - start < 9000);
  }));

Deno.test("alert goes on after Redis was killed, and reports that it was gone", () =>
  withReceiver([], async ({ folder, redis, receiver }) => {
    const silent = { name: "silent", condition: "silent", after_s: 5 };
    const rules = rulesFor(receiver, PULSE_HIGH, silent);
    await using alert = await AlertProgram.start(redis, { folder, rules });
    await alert.metrics({ pulse: 80 });
    await redis.kill();
    await receiver.receives(1, 30_000);
    await redis.restart();
    await alert.subscribed();
    await alert.metrics({ pulse: 130 });
    const received = await receiver.receives(3);
    assert.deepEqual(events(received).toSorted(), [
      "ended alert-service/disconnected",
      "raised alert-service/disconnected",
      "raised bed-1/high",
    ]);
  }));

Deno.test("alert reports a silent device and its return", () =>
  withReceiver([], async ({ folder, redis, receiver }) => {
    const silent = { name: "silent", condition: "silent", after_s: 2, devices: ["bed-*"] };
    const rules = rulesFor(receiver, silent);
    await using alert = await AlertProgram.start(redis, { folder, rules });
    await alert.metrics({ pulse: 80 });
    await alert.metrics({ pulse: 80 }, "other");
    await receiver.receives(1);
    await alert.metrics({ pulse: 80 });
    const received = await receiver.receives(2);
    assert.deepEqual(events(received), ["raised bed-1/silent", "ended bed-1/silent"]);
  }));

Deno.test("alert raises nothing while values are withheld", () =>
  withReceiver([], async ({ folder, redis, receiver }) => {
    await using alert = await AlertProgram.start(redis, { folder, rules: rulesFor(receiver) });
    for (let n = 0; n < 50; n++) await alert.metrics({});
    await alert.metrics({ pulse: 130 });
    assert.deepEqual(events(await receiver.receives(1)), ["raised bed-1/high"]);
  }));

Deno.test("alert reads the histories of key-value mode", () =>
  withReceiver([], async ({ folder, redis, receiver }) => {
    const client = redis.client();
    const store = async (envelope: object & { readonly type: string }) => {
      await client.xadd(
        `bed-1:${envelope.type}:history`,
        "*",
        "envelope",
        JSON.stringify(envelope),
      );
    };
    const status = () => ({
      type: "status",
      timestamp: Date.now() * 1000,
      payload: { name: "CAMERA_DISCONNECTED", since: 1 },
    });
    await store(status());
    const camera = { name: "camera", condition: "status", status: ["CAMERA_DISCONNECTED"] };
    await using alert = await AlertProgram.start(redis, {
      folder,
      rules: rulesFor(receiver, camera),
      flags: ["--noredis_use_pubsub"],
    });
    await waitFor("the alarm", async () => {
      await store(status());
      return alert.program.stderr.includes("Alarm raised");
    }, { pollMs: 200, timeoutMs: 20_000 });
    assert.deepEqual(events(await receiver.receives(1)), ["raised bed-1/camera"]);
  }));

Deno.test("alert reads its rules again at SIGHUP, and keeps the old ones if they are wrong", () =>
  withReceiver([], async ({ folder, redis, receiver }) => {
    await using alert = await AlertProgram.start(redis, { folder, rules: rulesFor(receiver) });
    const reload = async (rules: object, line: string) => {
      Deno.writeTextFileSync(`${folder}/rules.json`, JSON.stringify(rules));
      alert.program.kill("SIGHUP");
      await alert.logs(line);
    };
    const wrong = { ...PULSE_HIGH, abvoe: 100 };
    await reload(rulesFor(receiver, wrong), 'unknown key "abvoe": did you mean "above"?');
    const elsewhere = { kind: "webhook", url: "https://elsewhere.example/" };
    await reload(
      { ...rulesFor(receiver), notify: [elsewhere] },
      "Keeping the old rules: Cannot use elsewhere.example:443 after a reload",
    );
    await alert.metrics({ pulse: 100 });
    await reload(rulesFor(receiver, { ...PULSE_HIGH, above: 90 }), "Reloaded the rules");
    await alert.metrics({ pulse: 100 });
    assert.equal((await receiver.receives(1))[0]?.body.message, "Pulse above 90");
  }));
