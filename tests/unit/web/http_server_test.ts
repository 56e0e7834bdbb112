import assert from "node:assert/strict";
import { ConfigError, UnavailableError } from "../../../src/base/errors.ts";
import type { RecordingCommand } from "../../../src/control/recording.ts";
import { Hub } from "../../../src/web/hub.ts";
import { HttpServer, type HttpServerOptions } from "../../../src/web/http_server.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { readToEnd, writes } from "../../support/raw_http2.ts";
import { waitFor } from "../../support/wait.ts";

const TOKEN = "a secret of 16 characters";

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
      onCommand: (device, command) => {
        this.commands.push([device, command]);
        const envelope = fakeRecordingState(1, command.recording ? command.sessionId : undefined);
        const payload = { ...envelope.payload, recording: command.recording };
        this.hub.publishEnvelope(device, {
          topic: "recording_state",
          envelope: { ...envelope, payload },
        });
        return true;
      },
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
      "/login.js",
      "/trend_chart.js",
      "/trend_chart.css",
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

Deno.test("HttpServer passes on recording commands of the page, and rejects all others", async () => {
  await using fixture = await Fixture.start();
  const good = { device: "cam", recording: true, session_id: "s" };
  for (const type of ["application/json", "Application/JSON", "application/json ; charset=utf-8"]) {
    assert.equal(await fixture.command(JSON.stringify(good), { "content-type": type }), 200, type);
    assert.deepEqual(fixture.commands.splice(0), [["cam", { recording: true, sessionId: "s" }]]);
  }
  const bad: [number, BodyInit, Record<string, string>?][] = [
    [404, JSON.stringify({ ...good, device: "other" })],
    [400, JSON.stringify({ ...good, device: 5 })],
    [400, JSON.stringify({ device: "cam" })],
    [400, JSON.stringify({ ...good, session_id: "../x" })],
    [400, "{"],
    [413, "x".repeat(70_000)],
    [415, JSON.stringify(good), { "content-type": "text/plain" }],
    [415, JSON.stringify(good), { "content-type": "application/jsonl" }],
    [403, JSON.stringify(good), { origin: "http://evil.example" }],
    [403, JSON.stringify(good), { "sec-fetch-site": "cross-site" }],
  ];
  for (const [status, body, headers] of bad) {
    assert.equal(await fixture.command(body, headers), status, String(body).slice(0, 80));
  }
  assert.deepEqual(fixture.commands, []);
});

Deno.test("HttpServer serves the exact path alone, and URLs with a host as a proxy sends them", async () => {
  await using fixture = await Fixture.start();
  const targets: [target: string, status: number][] = [
    ["/", 200],
    ["//", 404],
    ["//v1/page", 404],
    ["//127.0.0.1/", 404],
    ["http://127.0.0.1/v1/page", 200],
  ];
  for (const [target, status] of targets) {
    using socket = await Deno.connect({ hostname: "127.0.0.1", port: fixture.server.port });
    const request = `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
    await socket.write(new TextEncoder().encode(request));
    const head = new Uint8Array(16);
    await socket.read(head);
    assert.equal(new TextDecoder().decode(head).split(" ")[1], String(status), target);
  }
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

Deno.test("HttpServer requires a token and TLS on addresses other than loopback", () => {
  const address = "0.0.0.0";
  assert.throws(() => new Fixture({ address, allowPlaintext: true }), /without a token/);
  assert.throws(() => new Fixture({ address, allowPlaintext: true, token: "" }), ConfigError);
  assert.throws(() => new Fixture({ address, token: TOKEN }), /without TLS/);
  assert.throws(() => new Fixture({ token: "x".repeat(15) }), /at least 16 characters/);
});

Deno.test("HttpServer serves health and counters if they are configured", async () => {
  await using bare = await Fixture.start();
  assert.equal((await bare.get("/healthz")).status, 404);
  assert.equal((await bare.get("/metrics")).status, 404);
  const counters = new Counters();
  counters.add("dropped_total", { class: "frame", reason: 'a"b\\c\n' }, 3);
  counters.set("grpc_streams", 2.5);
  let healthy = true;
  await using fixture = await Fixture.start({
    metrics: () => counters.families(),
    token: TOKEN,
    health: () => ({ healthy, agesS: { frame: 0.1 }, reasons: healthy ? [] : ["No frame"] }),
  });
  const bearer = { authorization: `Bearer ${TOKEN}` };
  const { status, text } = await fixture.get("/healthz");
  assert.deepEqual([status, text], [200, '{"healthy":true}']);
  healthy = false;
  for (
    const headers of [{}, { authorization: "Bearer wrong" }, bearer] as Record<string, string>[]
  ) {
    const unhealthy = await fixture.get("/healthz", headers);
    assert.equal(unhealthy.status, 503);
    assert.deepEqual(
      JSON.parse(unhealthy.text),
      headers === bearer
        ? { healthy: false, reasons: ["No frame"], ages_s: { frame: 0.1 } }
        : { healthy: false },
    );
  }
  assert.equal((await fixture.get("/metrics")).status, 401);
  const plain = await fixture.get("/metrics", bearer);
  assert.equal(plain.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.match(plain.text, /^physiology_dropped_total\{class="frame",reason="a\\"b\\\\c\\n"\} 3$/m);
  assert.match(plain.text, /^physiology_grpc_streams 2.5\n$/m);
  const accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
  const { headers, text: openMetrics } = await fixture.get("/metrics", { ...bearer, accept });
  assert.equal(
    headers.get("content-type"),
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  assert.match(openMetrics, /^# TYPE physiology_dropped counter$/m);
  assert.match(openMetrics, /\n# EOF\n$/);
});

Deno.test("HttpServer ends its streams when it is disposed", async () => {
  const fixture = await Fixture.start();
  const video = await fetch(fixture.url("/video?device=cam"));
  assert.equal(video.status, 200);
  await fixture[Symbol.asyncDispose]();
  await video.text();
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
async function settled(fixture: Fixture, path = "/healthz"): Promise<void> {
  for (let round = 0; round < 3; round++) await fixture.get(path);
}

Deno.test("HttpServer delays the response to a wrong token by half a second, and no other", async () => {
  await withHeldTimers({ token: TOKEN }, async (fixture, timers) => {
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
    await login(TOKEN);
    assert.deepEqual(statuses, [303]);
    login("wrong token, of some length").catch(() => {}); // fails only at the shutdown
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

Deno.test("HttpServer leaves no timer of a request whose body it has received", async () => {
  await withHeldTimers({}, async (fixture, timers) => {
    const short = () => timers.remainingMs.filter((ms) => ms <= 5000).length;
    assert.equal(short(), 1, "the interval that keeps streams alive");
    assert.equal(await fixture.command('{"device":"cam","recording":true}'), 200);
    assert.equal(short(), 1);
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

Deno.test("HttpServer with a token serves only the login, what it needs, and the health without it", async () => {
  const health = () => ({ healthy: true, agesS: {}, reasons: [] });
  await using fixture = await Fixture.start({ token: TOKEN, health, counters: new Counters() });
  const page = await fixture.get("/");
  assert.deepEqual([page.status, /<form/.test(page.text)], [401, true]);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  assert.doesNotMatch(page.text, /Wrong token/);
  for (const path of ["/style.css", "/icon.svg", "/login.js", "/healthz"]) {
    assert.equal((await fixture.get(path)).status, 200, path);
  }
  for (
    const path of [
      "/app.js",
      "/v1/stream",
      "/v1/devices",
      "/video?device=cam",
      "/metrics",
      "/no/such",
    ]
  ) {
    const { status, text } = await fixture.get(path);
    assert.deepEqual([status, /"Token required/.test(text)], [401, true], path);
  }
  assert.equal(await fixture.command('{"device":"cam","recording":true}'), 401);
  const bearer = { authorization: `Bearer ${TOKEN}` };
  assert.equal((await fixture.get("/app.js", bearer)).status, 200);
});

Deno.test("HttpServer sets a cookie for a right token of the same origin, and redirects to the page", async () => {
  await using fixture = await Fixture.start({ token: TOKEN });
  const login = (headers: Record<string, string> = {}, body: BodyInit | null = `token=${TOKEN}`) =>
    fetch(fixture.url("/login"), { method: "POST", body, redirect: "manual", headers });
  const response = await login();
  await response.body?.cancel();
  assert.deepEqual([response.status, response.headers.get("location")], [303, "./"]);
  const cookie = response.headers.get("set-cookie")!.split(";")[0]!;
  assert.equal((await fixture.get("/app.js", { cookie })).status, 200);
  for (
    const rejected of [
      await login({ origin: "http://evil.example" }),
      await login({}, `token=${TOKEN}&`.padEnd(5000, "x")),
      await login({}, null),
    ]
  ) {
    assert.equal(rejected.status, 401);
    assert.match(await rejected.text(), /Wrong token/);
  }
});

Deno.test("HttpServer answers HEAD like GET, other methods with 405, and other paths with 404", async () => {
  const health = () => ({ healthy: true, agesS: {}, reasons: [] });
  await using fixture = await Fixture.start({ health });
  const statusOf = async (method: string, path: string) => {
    const response = await fetch(fixture.url(path), { method });
    await response.body?.cancel();
    return response.status;
  };
  for (const path of ["/", "/healthz", "/app.js"]) {
    assert.equal(await statusOf("HEAD", path), 200, path);
    assert.equal(await statusOf("DELETE", path), 405, path);
  }
  assert.equal(await statusOf("GET", "/login"), 404);
  assert.equal(await statusOf("POST", "/video"), 405);
  assert.equal(await statusOf("GET", "/v1/recording"), 405);
  assert.equal(await statusOf("GET", "/v1/stream"), 426);
  assert.equal(await statusOf("GET", "/no/such"), 404);
});

Deno.test("HttpServer answers with 404 for the video of an unknown device, and 503 for a device that is not reachable", async () => {
  await using fixture = await Fixture.start({ onCommand: () => Promise.resolve(false) });
  assert.equal((await fixture.get("/video?device=none")).status, 404);
  assert.equal((await fixture.get("/video?device=")).status, 404);
  assert.equal(await fixture.command('{"device":"cam","recording":true}'), 503);
});

Deno.test("HttpServer answers with 500 if a request fails, logs it, and continues", async () => {
  const logged: string[] = [];
  const log = {
    ...silentLog,
    rateLimited: (_key: string, _s: number, _level: string, line: string) => logged.push(line),
  };
  let health = () => {
    throw new Error("it broke");
  };
  await using fixture = await Fixture.start({ log, health: () => health() });
  const { status, text } = await fixture.get("/healthz");
  assert.deepEqual([status, text], [500, '{"error":"The server failed: its log has the reason"}']);
  assert.deepEqual(logged, ["HTTP request failed: Error: it broke"]);
  assert.equal((await fixture.get("/")).status, 200);
  health = () => ({ healthy: true, agesS: {}, reasons: [] }) as never;
  assert.equal((await fixture.get("/healthz")).status, 200);
});

Deno.test("HttpServer takes a command of up to 64 KiB, whatever its content type says of the charset", async () => {
  await using fixture = await Fixture.start();
  const json = '{"device":"cam","recording":true}';
  const headers = { "content-type": "application/json; charset=utf-8" };
  assert.equal(await fixture.command(json.padEnd(65_536), headers), 200);
  assert.equal(await fixture.command(json.padEnd(65_537), headers), 413);
  assert.equal(await fixture.command("", headers), 400);
  assert.equal(fixture.commands.length, 1);
});

Deno.test("HttpServer throws if its port is in use", async () => {
  await using fixture = await Fixture.start();
  const other = new Fixture({ port: fixture.server.port });
  await assert.rejects(
    other.server.start(),
    (error) =>
      error instanceof UnavailableError &&
      /^Cannot listen for HTTP on 127\.0\.0\.1:\d+: .*: choose another port$/.test(error.message),
  );
});

Deno.test("HttpServer accepts any address with a token, and loopback addresses without one", () => {
  new Fixture({ address: "0.0.0.0", token: TOKEN, allowPlaintext: true });
  new Fixture({ address: "::1" });
});

Deno.test("HttpServer waits half a second for responses in progress when it is disposed", async () => {
  const timers = new HeldTimers();
  const answered = Promise.withResolvers<boolean>();
  const fixture = await Fixture.start({ onCommand: () => answered.promise });
  const response = fixture.command('{"device":"cam","recording":true}').catch(() => "aborted");
  await waitFor("the request", () => timers.remainingMs.length > 0);
  await settled(fixture, "/");
  const before = timers.remainingMs.length;
  let closed = false;
  const closing = fixture[Symbol.asyncDispose]().then(() => closed = true);
  await waitFor("the wait", () => timers.remainingMs.some((ms) => ms <= 500) || before === 0);
  const [limitMs] = timers.remainingMs;
  assert.ok(limitMs! >= 450 && limitMs! <= 550 && !closed, `${limitMs} ms`);
  answered.resolve(true);
  timers.advance(600);
  timers[Symbol.dispose]();
  await closing;
  await response;
});
