import assert from "node:assert/strict";
import { run as alert } from "../../../src/commands/alert.ts";
import { run as dashboard } from "../../../src/commands/dashboard.ts";
import { run as fhir } from "../../../src/commands/fhir.ts";
import { run as log } from "../../../src/commands/log.ts";
import { run as record } from "../../../src/commands/record.ts";
import { run as serve } from "../../../src/commands/serve.ts";
import { run as simulate } from "../../../src/commands/simulate.ts";
import { run as validate } from "../../../src/commands/validate.ts";
import { PULSE_HIGH } from "../../support/alarms.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { commandContext } from "../../support/command_context.ts";
import { FakeRedis } from "../../support/fake_redis.ts";
import { FakeSignals } from "../../support/fake_signals.ts";
import { freePort } from "../../support/free_port.ts";
import { StreamProbe } from "../../support/stream_probe.ts";
import { waitFor } from "../../support/wait.ts";

const TOKEN = "a secret of 16 characters";

/** A Redis that is not available. */
const noRedis = () => `--redis_port=${freePort()}`;

Deno.test("dashboard serves its page without Redis, until it is stopped", async () => {
  using signals = new FakeSignals();
  const port = freePort();
  const argv = ["dashboard", noRedis(), `--port=${port}`, `--token=${TOKEN}`];
  const running = dashboard(commandContext(argv));
  const get = (path: string, token: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const page = await waitFor("the page", () => get("/", TOKEN).catch(() => undefined));
  assert.match(await page.text(), /Vital signs/);
  const refused = await get("/v1/devices", "guess");
  assert.equal(refused.status, 401);
  await refused.body?.cancel();
  const probe = new StreamProbe(`http://127.0.0.1:${port}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  await probe.receives("the connection", ({ connected }) => connected === false);
  signals.send("SIGTERM");
  assert.equal(await running, 0);
  assert.deepEqual(signals.handled, []);
  await assert.rejects(get("/", TOKEN));
});

Deno.test("record creates its folder and waits for Redis, until it is stopped", async () => {
  for (const mode of ["--redis_use_pubsub", "--noredis_use_pubsub"]) {
    using folder = new TemporaryFolder();
    using signals = new FakeSignals();
    const path = folder.file("sessions");
    const running = record(commandContext(["record", noRedis(), mode, `--output_dir=${path}`]));
    await waitFor("the folder", () => Deno.stat(path).catch(() => undefined));
    let ended = false;
    void running.then(() => ended = true);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(ended, false);
    signals.send("SIGINT");
    assert.equal(await running, 0);
    assert.deepEqual(signals.handled, []);
  }
});

/** Runs a command that reads a Redis, until it is subscribed, and stops it. */
async function runUntilSubscribed(run: typeof alert, ...argv: string[]): Promise<FakeRedis> {
  using signals = new FakeSignals();
  await using server = new FakeRedis();
  server.deliverMessages();
  const flags = [`--redis_host=127.0.0.1`, `--redis_port=${server.port}`, "--devices=ward"];
  const running = run(commandContext([...argv, ...flags]));
  let isOver = false;
  running.finally(() => isOver = true).catch(() => {});
  await waitFor("the subscription", () => {
    return isOver || server.commandsNamed("SUBSCRIBE").length > 0;
  });
  assert.equal(isOver, false);
  signals.send("SIGTERM");
  assert.equal(await running, 0);
  assert.deepEqual(signals.handled, []);
  await waitFor("no connection", () => server.open === 0);
  return server;
}

Deno.test("alert, fhir and log read their devices until they are stopped", async () => {
  using folder = new TemporaryFolder();
  const rules = folder.file("rules.json");
  Deno.writeTextFileSync(rules, JSON.stringify({ rules: [PULSE_HIGH] }));
  for (
    const [run, topics, ...argv] of [
      [alert, ["core_metrics", "status"], "alert", `--rules=${rules}`],
      [fhir, ["core_metrics", "recording_state"], "fhir", `--to=${folder.file("bundles")}`],
      [
        log,
        ["core_metrics", "status", "recording_state"],
        "log",
        `--to=influx+file:${folder.file("vitals.lp")}`,
      ],
    ] as const
  ) {
    const server = await runUntilSubscribed(run, ...argv);
    assert.deepEqual(
      server.commandsNamed("SUBSCRIBE").flatMap(([, ...channels]) => channels).toSorted(),
      topics.map((topic) => `ward:${topic}`).toSorted(),
      argv[0],
    );
  }
});

Deno.test("simulate --devices publishes a fleet, and prints its report as text or JSON", async () => {
  for (
    const [flags, pattern] of [[[], /^2 devices, 0 watchers, /], [["--json"], /^\{\n/]] as const
  ) {
    using signals = new FakeSignals();
    await using server = new FakeRedis();
    server.deliverMessages();
    const context = commandContext([
      ...["simulate", "--redis_host=127.0.0.1", `--redis_port=${server.port}`, "--devices=2"],
      ...["--fleet_role=publish", "--duration=60", ...flags],
    ]);
    const running = simulate(context);
    await waitFor("messages", () => server.commandsNamed("PUBLISH").length > 2);
    signals.send("SIGTERM");
    assert.equal(await running, 0);
    assert.match(context.printed[0]!, pattern);
    assert.equal(context.printed.length, 1);
    await waitFor("no connection", () => server.open === 0);
  }
});

Deno.test("commands that write vital signs or faces let no other user read new files", async () => {
  using folder = new TemporaryFolder();
  const before = Deno.umask();
  const missing = folder.file("missing");
  try {
    for (
      const [run, ...argv] of [
        [alert, "alert", `--rules=${missing}`],
        [fhir, "fhir", `--to=${folder.file("file")}/bundles`],
        [log, "log", `--to=sqlite:${missing}/vitals.db`],
        [record, "record", `--output_dir=${folder.file("file")}/sessions`],
        [serve, "serve", `--input_video_path=${missing}`],
        [simulate, "simulate"],
        [validate, "validate", `--input_trace_path=${missing}`],
      ] as const
    ) {
      using _signals = new FakeSignals();
      Deno.writeTextFileSync(folder.file("file"), "");
      Deno.umask(0o022);
      const context = commandContext(argv);
      await assert.rejects(async () => await run(context));
      assert.equal(Deno.umask(0o022), 0o077, argv[0]);
    }
  } finally {
    Deno.umask(before);
  }
});
