import assert from "node:assert/strict";
import { Reloads } from "../../../src/app/reload.ts";
import { load } from "../../../src/app/flags.ts";
import { silentLog } from "../../../src/telemetry/log.ts";

function setUp() {
  const file = { text: '{"host": "one"}' };
  const argv = ["--simulate", "--redis_config_path=/c.json"];
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
