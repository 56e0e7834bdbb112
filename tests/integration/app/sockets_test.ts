import assert from "node:assert/strict";
import { freePort } from "../../support/free_port.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { ProgramUnderTest } from "../../support/physiology_server.ts";
import { startRedis } from "../../support/redis_server.ts";
import { socketsOf } from "../../support/sockets.ts";
import { waitFor } from "../../support/wait.ts";

const INPUT = ["--simulate", "--capture_width_px=160", "--capture_height_px=120", "--max_fps=5"];

/** Collects every socket that the program and its children have until `done` returns true. */
async function watch(server: ProgramUnderTest, done: () => boolean): Promise<string[]> {
  const seen = new Set<string>();
  await waitFor("the end of the watch", () => {
    for (const socket of socketsOf([server.pid, ...server.descendants()])) seen.add(socket);
    return done();
  }, { timeoutMs: 60_000 });
  return [...seen].sort();
}

Deno.test("serve opens only the connections that PRIVACY.md lists for its flags", async () => {
  await using redis = await startRedis();
  const [grpc, http] = [freePort(), freePort()];
  await using server = new ProgramUnderTest([
    ...[...INPUT, "--redis_host=127.0.0.1", `--redis_port=${redis.port}`, `--port=${grpc}`],
    ...[`--http_port=${http}`, "--frame_publish=always", "--enable_hud", "--verbosity=1"],
  ]);
  const started = Date.now();
  const sockets = await watch(server, () => {
    return server.stderr.includes("Connected to Redis") && Date.now() - started > 8_000;
  });
  assert.deepEqual(
    sockets,
    [
      `listen 127.0.0.1:${grpc}`,
      `listen 127.0.0.1:${http}`,
      `tcp 127.0.0.1:${redis.port}`,
    ].sort(),
  );
});

Deno.test("serve opens no socket with the file backend and without gRPC", async () => {
  using folder = temporaryFolder();
  await using server = new ProgramUnderTest([
    ...[...INPUT, "--streaming_backend=file", `--file_base_directory=${folder.path}/out`],
    ...["--port=0", "--frame_publish=always"],
  ]);
  const written = () => {
    try {
      return Deno.statSync(`${folder.path}/out/latest.jpg`).size > 0;
    } catch {
      return false;
    }
  };
  assert.deepEqual(await watch(server, written), []);
});

Deno.test("PRIVACY.md lists each kind of connection that the program can open", () => {
  const page = Deno.readTextFileSync(new URL("../../../PRIVACY.md", import.meta.url));
  const table = page.slice(page.indexOf("## What leaves"), page.indexOf("## What is a frame"));
  const rows = table.split("\n").filter((line) => /^\| \w/.test(line)).slice(1);
  assert.deepEqual(rows.map((row) => row.split("|")[1]?.trim()), [
    "Redis, Sentinel, Cluster",
    "FHIR server",
    "MQTT",
    "Lab Streaming Layer",
    "video push",
    "database",
    "alerts",
    "gRPC, listening",
    "HTTP, listening",
    "embedded broker, listening",
    "camera pipeline",
    "camera or video URL",
    "name resolution",
    "systemd",
  ]);
});
