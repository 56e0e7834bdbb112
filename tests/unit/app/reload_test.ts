import assert from "node:assert/strict";
import { Reloads } from "../../../src/app/reload.ts";
import { load } from "../../../src/app/flags.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { FakeSignals } from "../../support/fake_signals.ts";
import { replaced } from "../../support/replace.ts";

function setUp() {
  const file = { text: '{"host": "one"}' };
  const argv = ["--simulate", "--redis_config_path=/c.json", "--redis_allow_plaintext"];
  const read = () => load(argv, { env: {}, readText: () => file.text });
  const lines: string[] = [];
  const log = {
    ...silentLog,
    error: (line: string) => lines.push(line),
    warning: (line: string) => lines.push(line),
  };
  const reloads = new Reloads({ settings: read().settings, read, log });
  return { file, lines, reloads };
}

Deno.test("Reloads.reload() applies new settings to each component", () => {
  const { file, lines, reloads } = setUp();
  const hosts: string[] = [];
  reloads.add({ topics: ["redis"], apply: ({ redis }) => hosts.push(redis.host) });
  file.text = '{"host": "two"}';
  assert.equal(reloads.reload(), true);
  assert.deepEqual([hosts, lines], [["two"], []]);
});

Deno.test("Reloads.reload() rejects an invalid configuration and keeps the old one", () => {
  const { file, lines, reloads } = setUp();
  const hosts: string[] = [];
  reloads.add({ topics: ["redis"], apply: ({ redis }) => hosts.push(redis.host) });
  file.text = '{"host": "two", "port": 0}';
  assert.equal(reloads.reload(), false);
  assert.deepEqual(hosts, []);
  assert.match(lines.join(), /^Keeping the old configuration: .*"port"/);
});

Deno.test("Reloads.reload() logs a changed flag that no component applies, without its value", () => {
  const { file, lines, reloads } = setUp();
  file.text = '{"host": "one", "password": "hunter2"}';
  reloads.reload();
  assert.deepEqual(lines, ["Changes take effect after a restart: --redis_password"]);
});

Deno.test("Reloads.reload() applies a changed list and a changed secret, and compares with the last", () => {
  const { file, lines, reloads } = setUp();
  const change = (text: string) => {
    file.text = text;
    lines.length = 0;
    assert.equal(reloads.reload(), true);
    return lines;
  };
  const sentinels = '{"host": "one", "sentinels": ["a:1"], "sentinel_name": "m"}';
  assert.deepEqual(change(sentinels), [
    "Changes take effect after a restart: --redis_sentinel_name, --redis_sentinels",
  ]);
  assert.deepEqual(change(sentinels), []);
  assert.deepEqual(change('{"host": "one"}').length, 1);
});

Deno.test("Reloads.reload() keeps the values of flags that need a restart, and names them", () => {
  const { file, lines, reloads } = setUp();
  const applied: unknown[] = [];
  reloads.add({
    topics: ["redis"],
    apply: ({ redis: { host, keyPrefix, usePubsub, cluster, commandQueue } }) =>
      applied.push([host, keyPrefix, usePubsub, cluster, commandQueue]),
  });
  file.text = JSON.stringify({
    host: "two",
    key_prefix: "ward",
    use_pubsub: false,
    cluster: true,
    command_queue: false,
  });
  assert.equal(reloads.reload(), true);
  assert.deepEqual(applied, [["two", "physiology", true, false, true]]);
  assert.deepEqual(lines, [
    "Changes take effect after a restart: --redis_key_prefix, --redis_use_pubsub, " +
    "--redis_command_queue, --redis_cluster",
  ]);
});

Deno.test("Reloads.reload() keeps the old configuration if it contradicts a value that needs a restart", () => {
  const { file, lines, reloads } = setUp();
  const hosts: string[] = [];
  reloads.add({ topics: ["redis"], apply: ({ redis }) => hosts.push(redis.host) });
  file.text = '{"host": "two", "cluster": true, "cluster_nodes": ["a:1"]}';
  assert.equal(reloads.reload(), false);
  assert.deepEqual(hosts, []);
  assert.match(
    lines.join(),
    /^Keeping the old configuration: Cannot apply --redis_cluster without a restart: .*cluster_nodes/,
  );
});

Deno.test("Reloads.reload() leaves the settings of the log to its caller", () => {
  const argv = ["--simulate"];
  const read = () => load(argv, { env: {}, readText: () => "" });
  const lines: string[] = [];
  const log = { ...silentLog, warning: (line: string) => lines.push(line) };
  const reloads = new Reloads({ settings: read().settings, read, log });
  argv.push("--log_format=json", "--verbosity=1");
  assert.equal(reloads.reload(), true);
  assert.deepEqual(lines, []);
});

Deno.test("Reloads.reload() keeps the old configuration without permission for the new one", () => {
  const { file, lines, reloads } = setUp();
  const hosts: string[] = [];
  reloads.add({ topics: ["redis"], apply: ({ redis }) => hosts.push(redis.host) });
  file.text = '{"host": "two"}';
  {
    using _permissions = replaced(Deno.permissions, "querySync", (right) => {
      const state = "host" in right && right.host === "two:6379" ? "denied" : "granted";
      return { state, onchange: null } as unknown as Deno.PermissionStatus;
    });
    assert.equal(reloads.reload(), false);
  }
  assert.deepEqual(hosts, []);
  assert.match(lines.join(), /^Keeping the old configuration: Cannot use two:6379 after a reload/);
});

Deno.test("Reloads.reload() throws an error that is no fault of the configuration", () => {
  const { settings } = load(["--simulate"], { env: {}, readText: () => "" });
  const read = () => {
    throw new TypeError("x is undefined");
  };
  const reloads = new Reloads({ settings, read, log: silentLog });
  assert.throws(() => reloads.reload(), TypeError);
});

Deno.test("Reloads.listen() reloads on SIGHUP between its callbacks, until it is disposed", () => {
  using signals = new FakeSignals();
  const { file, reloads } = setUp();
  const steps: string[] = [];
  reloads.add({ topics: ["redis"], apply: ({ redis }) => steps.push(redis.host) });
  reloads.listen({ before: () => steps.push("before"), after: () => steps.push("after") });
  assert.deepEqual([signals.handled, steps], [["SIGHUP"], []]);
  file.text = '{"host": "two"}';
  signals.send("SIGHUP");
  assert.deepEqual(steps, ["before", "two", "after"]);
  reloads[Symbol.dispose]();
  assert.deepEqual(signals.handled, []);
});

Deno.test("Reloads without listen() is disposed without a signal handler", () => {
  using _signals = new FakeSignals();
  setUp().reloads[Symbol.dispose]();
});
