import assert from "node:assert/strict";
import { ConfigError } from "../../../src/base/errors.ts";
import type { RecordingCommand } from "../../../src/control/recording.ts";
import { Hub } from "../../../src/web/hub.ts";
import { HttpServer, type HttpServerOptions } from "../../../src/web/http_server.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { fakeMetrics, fakeStatus } from "../../support/fake_stream.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { readToEnd, writes } from "../../support/raw_http2.ts";
import { waitFor } from "../../support/wait.ts";

class Fixture implements AsyncDisposable {
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
    this.hub.publishEnvelope("cam", { topic: "status", envelope: fakeStatus(0) });
  }

  static async start(options: Partial<HttpServerOptions> = {}): Promise<Fixture> {
    const fixture = new Fixture(options);
    await fixture.server.start();
    return fixture;
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

Deno.test("HttpServer serves the page with a strict content security policy, in under 150 kB", async () => {
  await using fixture = await Fixture.start();
  let bytes = 0;
  for (
    const path of [
      "/",
      "/app.js",
      "/chart.js",
      "/format.js",
      "/reasons.js",
      "/style.css",
      "/icon.svg",
    ]
  ) {
    const { status, headers, text } = await fixture.get(path);
    assert.equal(status, 200, path);
    assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert(!/<script>|style="|\son[a-z]+="/.test(path === "/" ? text : ""));
    bytes += text.length;
  }
  assert(bytes < 150_000);
});

Deno.test("HttpServer sends the latest state to a new subscriber, and then each message", async () => {
  await using fixture = await Fixture.start();
  const response = await fetch(fixture.url("/events"));
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
  fixture.hub.publishEnvelope("cam", { topic: "core_metrics", envelope: core });
  fixture.hub.publishEnvelope("cam", { topic: "edge_metrics", envelope: edge });
  await readTo('"strict":{"value":72.5');
  await readTo('"payload":{"signal":{"snr_db":6.5');
  fixture.hub.setConnected(false);
  await readTo('{"type":"connection","connected":false}');
  await reader.cancel();
});

Deno.test("HttpServer passes on recording commands of the page, and rejects all others", async () => {
  await using fixture = await Fixture.start();
  const good = { device: "cam", recording: true, session_id: "s" };
  assert.equal(await fixture.command(JSON.stringify(good)), 202);
  assert.deepEqual(fixture.commands, [["cam", { recording: true, sessionId: "s" }]]);
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
    assert.equal(await fixture.command(body, headers), status, String(body).slice(0, 80));
  }
  assert.equal(fixture.commands.length, 1);
});

Deno.test("HttpServer without a token rejects a Host other than loopback", async () => {
  await using fixture = await Fixture.start();
  using socket = await Deno.connect({ hostname: "127.0.0.1", port: fixture.server.port });
  const request = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
  await socket.write(new TextEncoder().encode(request));
  const head = new Uint8Array(16);
  await socket.read(head);
  assert.match(new TextDecoder().decode(head), /^HTTP\/1.1 401/);
});

Deno.test("HttpServer requires a token on addresses other than loopback", () => {
  assert.throws(() => new Fixture({ address: "0.0.0.0" }), ConfigError);
  assert.throws(() => new Fixture({ address: "0.0.0.0", token: "" }), ConfigError);
});

Deno.test("HttpServer serves health and counters if they are configured", async () => {
  await using bare = await Fixture.start();
  assert.equal((await bare.get("/healthz")).status, 404);
  assert.equal((await bare.get("/metrics")).status, 404);
  const counters = new Counters();
  counters.add("dropped_total", { class: "frame", reason: 'a"b\\c\n' }, 3);
  counters.set("queue-depth", 2.5);
  let healthy = true;
  await using fixture = await Fixture.start({
    counters,
    health: () => ({ healthy, agesS: { frame: 0.1 }, reasons: healthy ? [] : ["No frame"] }),
  });
  assert.equal((await fixture.get("/healthz")).status, 200);
  healthy = false;
  const unhealthy = await fixture.get("/healthz");
  assert.equal(unhealthy.status, 503);
  assert.deepEqual(JSON.parse(unhealthy.text), {
    healthy: false,
    reasons: ["No frame"],
    ages_s: { frame: 0.1 },
  });
  assert.equal(
    (await fixture.get("/metrics")).text,
    "# TYPE physiology_dropped_total counter\n" +
      'physiology_dropped_total{class="frame",reason="a\\"b\\\\c\\n"} 3\n' +
      "# TYPE physiology_queue_depth gauge\nphysiology_queue_depth 2.5\n",
  );
});

Deno.test("HttpServer ends its streams when it is disposed", async () => {
  const fixture = await Fixture.start();
  const events = await fetch(fixture.url("/events"));
  const video = await fetch(fixture.url("/video?device=cam"));
  assert.equal(video.status, 200);
  await fixture[Symbol.asyncDispose]();
  await Promise.all([events.text(), video.text()]);
});

/** Runs `use` with held timers. Real ones are back for the shutdown, which waits for responses. */
async function withHeldTimers(
  options: Partial<HttpServerOptions>,
  use: (fixture: Fixture, timers: HeldTimers) => Promise<void>,
): Promise<void> {
  const timers = new HeldTimers();
  const fixture = await Fixture.start({
    health: () => ({ healthy: true, agesS: {}, reasons: [] }),
    ...options,
  });
  try {
    await use(fixture, timers);
  } finally {
    timers[Symbol.dispose]();
    await fixture[Symbol.asyncDispose]();
  }
}

/** Waits until the server has handled what it received before. */
async function settled(fixture: Fixture): Promise<void> {
  for (let round = 0; round < 3; round++) await fixture.get("/healthz");
}

Deno.test("HttpServer delays the response to a wrong token by half a second, and no other", async () => {
  await withHeldTimers({ token: "right token" }, async (fixture, timers) => {
    const statuses: number[] = [];
    const login = async (token: string) => {
      const response = await fetch(fixture.url("/login"), {
        method: "POST",
        body: new URLSearchParams({ token }),
        redirect: "manual",
      });
      await response.body?.cancel();
      statuses.push(response.status);
    };
    await login("right token");
    assert.deepEqual(statuses, [303]);
    login("wrong token").catch(() => {}); // fails only at the shutdown
    await waitFor(
      "the login",
      () => (timers.remainingMs[0] ?? 5000) < 5000 || statuses.length > 1,
      { timeoutMs: 1000 },
    );
    timers.advance(450);
    await settled(fixture);
    assert.deepEqual(statuses, [303]);
    timers.advance(100);
    await waitFor("the response", () => statuses.length > 1, { timeoutMs: 1000 });
    assert.deepEqual(statuses, [303, 401]);
  });
});

Deno.test("HttpServer waits 5 s for the body of a request", async () => {
  await withHeldTimers({}, async (fixture, timers) => {
    using socket = await Deno.connect({ hostname: "127.0.0.1", port: fixture.server.port });
    await writes(
      socket,
      new TextEncoder().encode(
        "POST /api/recording HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
          "Content-Length: 100\r\n\r\n{",
      ),
    );
    let answer: string | undefined;
    const chunk = new Uint8Array(1000);
    const reading = socket.read(chunk).then((length) => {
      answer = new TextDecoder().decode(chunk.subarray(0, length ?? 0));
    }, () => {}); // fails only at the shutdown
    await settled(fixture);
    timers.advance(4500);
    await settled(fixture);
    assert.equal(answer, undefined);
    timers.advance(1000);
    await waitFor("the response", () => answer, { timeoutMs: 1000 });
    await reading;
    assert.match(answer ?? "", /^HTTP\/1.1 400 /);
    assert.deepEqual(fixture.commands, []);
  });
});

Deno.test("HttpServer closes a connection that sends nothing for 20 s", async () => {
  await withHeldTimers({}, async (fixture, timers) => {
    using socket = await Deno.connect({ hostname: "127.0.0.1", port: fixture.server.port });
    let ended = false;
    const reading = readToEnd(socket).then(() => ended = true);
    await settled(fixture);
    timers.advance(18_000);
    await settled(fixture);
    assert.equal(ended, false);
    timers.advance(4000);
    await waitFor("the end", () => ended, { timeoutMs: 1000 });
    await reading;
  });
});

Deno.test("HttpServer keeps its event streams alive every 5 s", async () => {
  await withHeldTimers({}, async (fixture, timers) => {
    let alive = 0;
    const { keepAlive } = fixture.hub;
    fixture.hub.keepAlive = () => {
      alive++;
      keepAlive.call(fixture.hub);
    };
    timers.advance(4500);
    assert.equal(alive, 0);
    timers.advance(1000);
    assert.equal(alive, 1);
    await fixture.server[Symbol.asyncDispose]();
    timers.advance(60_000);
    assert.equal(alive, 1);
  });
});
