import assert from "node:assert/strict";
import { ConfigError } from "../../../src/base/errors.ts";
import type { RecordingCommand } from "../../../src/control/recording.ts";
import { Hub } from "../../../src/web/hub.ts";
import { HttpServer, type HttpServerOptions } from "../../../src/web/http_server.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { fakeMetrics, fakeStatus } from "../../support/fake_stream.ts";

class Bench implements AsyncDisposable {
  readonly hub = new Hub();
  readonly commands: [string, RecordingCommand][] = [];
  readonly server: HttpServer;

  constructor(options: Partial<HttpServerOptions> = {}) {
    this.server = new HttpServer({
      address: "127.0.0.1",
      port: 0,
      hub: this.hub,
      log: silentLog,
      onCommand: (device, command) => this.commands.push([device, command]) > 0,
      ...options,
    });
    this.hub.takeEnvelope("cam", { topic: "status", envelope: fakeStatus(0) });
  }

  static async start(options: Partial<HttpServerOptions> = {}): Promise<Bench> {
    const bench = new Bench(options);
    await bench.server.start();
    return bench;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.server.port}${path}`;
  }

  async get(path: string, headers: Record<string, string> = {}) {
    const response = await fetch(this.url(path), { headers });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  async command(body: BodyInit, headers: Record<string, string> = {}): Promise<number> {
    const response = await fetch(this.url("/api/recording"), {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...headers },
    });
    await response.body?.cancel();
    return response.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

Deno.test("the page comes under a strict policy, and stays small", async () => {
  await using bench = await Bench.start();
  let bytes = 0;
  for (const path of ["/", "/app.js", "/chart.js", "/words.js", "/style.css", "/icon.svg"]) {
    const { status, headers, text } = await bench.get(path);
    assert.equal(status, 200, path);
    assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert(!/<script>|style="|\son[a-z]+="/.test(path === "/" ? text : ""));
    bytes += text.length;
  }
  assert(bytes < 150_000);
});

Deno.test("a browser that comes gets the newest of everything, and then each message", async () => {
  await using bench = await Bench.start();
  const response = await fetch(bench.url("/events"));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const readTo = async (part: string) => {
    while (!text.includes(part)) {
      const { value, done } = await reader.read();
      assert(!done);
      text += value;
    }
  };
  await readTo('"type":"status","device":"cam"');
  const [core, edge] = fakeMetrics(4);
  bench.hub.takeEnvelope("cam", { topic: "core_metrics", envelope: core });
  bench.hub.takeEnvelope("cam", { topic: "edge_metrics", envelope: edge });
  await readTo('"strict":{"value":72.5');
  await readTo('"payload":{"signal":{"snr_db":6.5');
  bench.hub.setConnected(false);
  await readTo('{"type":"connection","connected":false}');
  await reader.cancel();
});

Deno.test("recording commands of the page reach the device, and no others do", async () => {
  await using bench = await Bench.start();
  const good = { device: "cam", recording: true, session_id: "s" };
  assert.equal(await bench.command(JSON.stringify(good)), 202);
  assert.deepEqual(bench.commands, [["cam", { recording: true, sessionId: "s" }]]);
  const bad: [number, BodyInit, Record<string, string>?][] = [
    [404, JSON.stringify({ ...good, device: "other" })],
    [404, JSON.stringify({ ...good, device: 5 })],
    [400, JSON.stringify({ device: "cam" })],
    [400, JSON.stringify({ ...good, session_id: "../x" })],
    [400, "{"],
    [413, "x".repeat(10_000)],
    [403, JSON.stringify(good), { "content-type": "text/plain" }],
    [403, JSON.stringify(good), { origin: "http://evil.example" }],
    [403, JSON.stringify(good), { "sec-fetch-site": "cross-site" }],
  ];
  for (const [status, body, headers] of bad) {
    assert.equal(await bench.command(body, headers), status, String(body).slice(0, 80));
  }
  assert.equal(bench.commands.length, 1);
});

Deno.test("without a token a name that is not loopback's is refused", async () => {
  await using bench = await Bench.start();
  using socket = await Deno.connect({ hostname: "127.0.0.1", port: bench.server.port });
  const request = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
  await socket.write(new TextEncoder().encode(request));
  const head = new Uint8Array(16);
  await socket.read(head);
  assert.match(new TextDecoder().decode(head), /^HTTP\/1.1 401/);
});

Deno.test("beyond loopback the page wants a token", () => {
  assert.throws(() => new Bench({ address: "0.0.0.0" }), ConfigError);
  assert.throws(() => new Bench({ address: "0.0.0.0", token: "" }), ConfigError);
});

Deno.test("health and counters are told where there are any", async () => {
  await using bare = await Bench.start();
  assert.equal((await bare.get("/healthz")).status, 404);
  assert.equal((await bare.get("/metrics")).status, 404);
  const counters = new Counters();
  counters.add("dropped_total", { class: "frame", reason: 'a"b\\c\n' }, 3);
  counters.set("queue-depth", 2.5);
  let healthy = true;
  await using bench = await Bench.start({
    counters,
    health: () => ({ healthy, agesS: { frame: 0.1 }, reasons: healthy ? [] : ["No frame"] }),
  });
  assert.equal((await bench.get("/healthz")).status, 200);
  healthy = false;
  const sick = await bench.get("/healthz");
  assert.equal(sick.status, 503);
  assert.deepEqual(JSON.parse(sick.text), {
    healthy: false,
    reasons: ["No frame"],
    ages_s: { frame: 0.1 },
  });
  assert.equal(
    (await bench.get("/metrics")).text,
    "# TYPE physiology_dropped_total counter\n" +
      'physiology_dropped_total{class="frame",reason="a\\"b\\\\c\\n"} 3\n' +
      "# TYPE physiology_queue_depth gauge\nphysiology_queue_depth 2.5\n",
  );
});

Deno.test("a server that ends ends its streams", async () => {
  const bench = await Bench.start();
  const events = await fetch(bench.url("/events"));
  const video = await fetch(bench.url("/video?device=cam"));
  assert.equal(video.status, 200);
  await bench[Symbol.asyncDispose]();
  await Promise.all([events.text(), video.text()]);
});
