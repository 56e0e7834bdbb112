import assert from "node:assert/strict";
import { Program } from "../../support/program.ts";
import { freePort } from "../../support/redis_server.ts";
import { StreamProbe } from "../../support/stream_probe.ts";
import { waitFor } from "../../support/wait.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

Deno.test("serve provides the web page, video, health and counters without a broker", async () => {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  await using serve = new Program(Deno.execPath(), [
    "run",
    "-A",
    "-q",
    MAIN,
    "serve",
    "--simulate",
    "--streaming_backend=grpc",
    `--port=${freePort()}`,
    `--http_port=${port}`,
  ]);
  await serve.prints("Serving the web page at", 60_000);
  await waitFor("health", async () => {
    const response = await fetch(`${url}/healthz`);
    await response.body?.cancel();
    return response.status === 200;
  }, { timeoutMs: 30_000 });

  const kinds = ["core_metrics", "edge_metrics", "status", "recording_state"];
  await using probe = await StreamProbe.subscribed(url, {
    subscribe: kinds,
    stills: ["physiology"],
  });
  for (const kind of kinds) {
    await probe.receives(kind, ({ type, device }) => type === kind && device === "physiology");
  }
  await probe.receives("a still", ({ bytes }) => bytes?.[8] === 0xff && bytes[9] === 0xd8);
  const video = (await fetch(`${url}/video?device=physiology`)).body!;
  let bytes = 0;
  for await (const part of video) if ((bytes += part.length) > 100_000) break;

  const response = await fetch(`${url}/v1/recording`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ device: "physiology", recording: true, session_id: "s" }),
  });
  assert.deepEqual(await response.json(), {
    results: [{ device: "physiology", recording: true, outcome: "confirmed" }],
  });
  await serve.prints(/Recording started origin="http" session_id="#[0-9a-f]{12}"/);

  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^physiology_frames_captured_total\{device="physiology"\} \d+$/m);
  assert.match(
    metrics,
    /^physiology_recording_commands_total\{device="physiology",origin="http",result="changed"\} 1$/m,
  );
  serve.kill("SIGTERM");
  assert.equal(await serve.ended(), 0, serve.output);
});
