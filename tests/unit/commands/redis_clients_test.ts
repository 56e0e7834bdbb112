import assert from "node:assert/strict";
import { run as dashboard } from "../../../src/commands/dashboard.ts";
import { run as record } from "../../../src/commands/record.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { commandContext } from "../../support/command_context.ts";
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
    assert.ok(Deno.statSync(path).isDirectory);
    let ended = false;
    void running.then(() => ended = true);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(ended, false);
    signals.send("SIGINT");
    assert.equal(await running, 0);
    assert.deepEqual(signals.handled, []);
  }
});
