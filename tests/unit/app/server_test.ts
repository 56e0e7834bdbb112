import assert from "node:assert/strict";
import { type Configuration, load, type Settings } from "../../../src/app/flags.ts";
import { runServer } from "../../../src/app/server.ts";
import { SOURCES } from "../../../src/app/sources.ts";
import { TRANSPORTS } from "../../../src/app/transports.ts";
import { UnavailableError } from "../../../src/base/errors.ts";
import { monotonicUs } from "../../../src/base/time.ts";
import type { Frame, FrameSource, SourceEvent } from "../../../src/capture/frame.ts";
import { Outbox } from "../../../src/delivery/outbox.ts";
import type { FrameOutgoing, Outgoing } from "../../../src/envelopes/message.ts";
import { JpegEncoder } from "../../../src/frames/jpeg_encoder.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { Systemd } from "../../../src/telemetry/systemd.ts";
import { GrpcServer } from "../../../src/transports/grpc/grpc_server.ts";
import { Vision } from "../../../src/vision/vision.ts";
import { HttpServer } from "../../../src/web/http_server.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { withEnvironment } from "../../support/environment.ts";
import { FakeBackend } from "../../support/fake_backend.ts";
import { FakeSignals } from "../../support/fake_signals.ts";
import { freePort } from "../../support/free_port.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { replaced } from "../../support/replace.ts";
import { waitFor } from "../../support/wait.ts";

const image = gradientImage(320, 240);
const JPEG = Uint8Array.of(0xff, 0xd8, 1, 2, 3);

/** A source whose frames a test sends, one at a time. */
class ManualSource implements FrameSource {
  readonly description = "manual source";
  readonly realtime: boolean;
  disposed = 0;
  #waiting: ((result: IteratorResult<SourceEvent, void>) => void) | undefined;
  #sequence = 0;
  readonly #clock = new SystemClock();

  constructor(realtime: boolean) {
    this.realtime = realtime;
  }

  [Symbol.asyncIterator](): AsyncIterator<SourceEvent, void> {
    return { next: () => new Promise((resolve) => this.#waiting = resolve) };
  }

  /** Sends an event, or the end, and waits until it has been handled. */
  async send(event: SourceEvent | undefined): Promise<void> {
    const taken = await waitFor("the server to read", () => this.#waiting);
    this.#waiting = undefined;
    taken(event ? { done: false, value: event } : { done: true, value: undefined });
    if (event) await waitFor("the next read", () => this.#waiting);
  }

  /** @param ageUs time since the capture. */
  frame(ageUs = 0): SourceEvent {
    const frame: Frame = {
      timeUs: monotonicUs(this.#clock.monotonicUs() - ageUs),
      sequence: this.#sequence++,
      width: 320,
      height: 240,
      image,
      jpeg: JPEG,
      [Symbol.dispose]() {},
    };
    return { kind: "frame", frame };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.disposed++;
    return Promise.resolve();
  }
}

/** A backend that is connected from its start on. */
class ConnectedBackend extends FakeBackend {
  override start(): void {
    super.start();
    this.setReady(true);
  }
}

/** Replaces systemd: keeps the notifications that it receives. */
class NotifySocket implements AsyncDisposable {
  readonly messages: string[] = [];
  readonly #path: string;
  readonly #socket: Deno.DatagramConn;
  readonly #reading: Promise<void>;

  constructor(path: string) {
    this.#path = path;
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path });
    this.#reading = this.#read(this.#socket);
  }

  async #read(socket: Deno.DatagramConn): Promise<void> {
    for await (const [bytes] of socket) this.messages.push(new TextDecoder().decode(bytes));
  }

  /** Waits until everything that was sent before is here. */
  async drain(): Promise<void> {
    const sender = Deno.listenDatagram({ transport: "unixpacket", path: "" });
    await sender.send(new TextEncoder().encode("end"), {
      transport: "unixpacket",
      path: this.#path,
    });
    sender.close();
    await waitFor("the last notification", () => this.messages.at(-1) === "end");
    this.messages.pop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#reading;
  }
}

interface Running {
  readonly source: ManualSource;
  readonly backend: ConnectedBackend;
  readonly signals: FakeSignals;
  /** Notifications to systemd. */
  readonly notified: string[];
  /** Text of the configuration file, for a reload. */
  readonly file: { text: string };
  /** Hosts of Redis that the transport was reloaded with. */
  readonly reloaded: string[];
  /** Settles with the exit status. */
  readonly ended: Promise<number>;
  /** Sent envelopes of a type. */
  envelopes(type: string): { payload: Record<string, unknown> }[];
}

const isFrame = (message: Outgoing): message is FrameOutgoing => message.kind === "frame";

/**
 * Runs a server with a manual source and a fake transport while `use` runs, and stops it; returns
 * what was there when it had ended.
 */
async function serve(
  argv: readonly string[],
  use: (running: Running) => Promise<void> | void,
  { backend = new ConnectedBackend(), canReload = true, realtime = true } = {},
): Promise<Running & { readonly status: number }> {
  using signals = new FakeSignals();
  using folder = new TemporaryFolder();
  await using systemd = new NotifySocket(folder.file("notify"));
  using replacements = new DisposableStack();
  const source = new ManualSource(realtime);
  const replaceOpen = (row: { open: unknown }, value: unknown) =>
    replacements.use(replaced(row, "open", () => Promise.resolve(value)));
  for (const kind of SOURCES) replaceOpen(kind as { open: unknown }, source);
  const reloaded: string[] = [];
  const reload = ({ redis }: Settings) => void reloaded.push(redis.host);
  for (const transport of TRANSPORTS) {
    const opened = { backend, receivers: [], ...canReload ? { reload } : {} };
    replaceOpen(transport as { open: unknown }, opened);
  }
  const file = { text: "{}" };
  const flags = ["--simulate", "--port=0", "--redis_config_path=/c.json", ...argv];
  const read = (): Configuration => load(flags, { env: {}, readText: () => file.text });
  const env = { NOTIFY_SOCKET: folder.file("notify"), WATCHDOG_USEC: "20000000" };
  return await withEnvironment(env, async () => {
    const ended = runServer({ ...read(), log: silentLog, reload: read });
    let failed = false;
    ended.catch(() => failed = true);
    const { messages: notified } = systemd;
    const envelopes = (type: string) =>
      backend.received.flatMap((message) =>
        message.topic === type && !isFrame(message)
          ? [JSON.parse(new TextDecoder().decode(message.bytes))]
          : []
      );
    const running = { source, backend, signals, notified, file, reloaded, ended, envelopes };
    await waitFor("the start", () => failed || notified.length > 0);
    try {
      if (!failed) await use(running);
    } finally {
      signals.send("SIGTERM");
    }
    const status = await ended;
    await systemd.drain();
    return { ...running, status };
  });
}

Deno.test("runServer() stops after the duration of the settings", async () => {
  using timers = new HeldTimers();
  await serve(["--duration=100"], async ({ source, ended }) => {
    timers.advance(90_000);
    await source.send(source.frame());
    assert.equal(source.disposed, 0);
    timers.advance(20_000);
    assert.equal(await ended, 0);
  });
  await serve([], async ({ source }) => {
    timers.advance(1_000_000);
    await source.send(source.frame());
    assert.equal(source.disposed, 0);
  });
});

Deno.test("runServer() throws if the input ends and nothing was delivered, unless it was stopped", async () => {
  const unreachable = () => {
    const backend = new ConnectedBackend();
    backend.start = () => {};
    backend.problem = "Redis is away";
    return { backend };
  };
  const end = async ({ source, ended }: Running) => {
    await source.send(undefined);
    await ended.catch(() => {});
  };
  await assert.rejects(
    serve([], end, unreachable()),
    (error) =>
      error instanceof UnavailableError &&
      error.message ===
        "The input has ended and no subscriber received any message: Redis is away",
  );
  assert.equal((await serve([], () => {}, unreachable())).status, 0);
  const late = new ConnectedBackend();
  const { status } = await serve([], async (running) => {
    await running.source.send(running.source.frame());
    late.problem = "Redis is away";
    await end(running);
  }, { backend: late });
  assert.equal(status, 0, "some messages were delivered");
});

Deno.test("runServer() feeds the watchdog of systemd while frames arrive, and stops at the end", async () => {
  using timers = new HeldTimers();
  const count = (notified: string[]) => notified.filter((each) => each === "WATCHDOG=1").length;
  const { notified } = await serve([], async ({ notified, signals }) => {
    timers.advance(9_000);
    assert.equal(count(notified), 0);
    timers.advance(2_000);
    await waitFor("the watchdog", () => count(notified) === 1);
    signals.send("SIGTERM");
    timers.advance(15_000);
  });
  timers.advance(100_000);
  assert.equal(count(notified), 1);
});

Deno.test("runServer() reloads on SIGHUP, and notifies systemd of the begin and the end", async () => {
  await serve(["--redis_allow_plaintext"], async ({ signals, notified, file, reloaded }) => {
    const before = notified.length;
    file.text = '{"host": "two"}';
    signals.send("SIGHUP");
    await waitFor("two notifications", () => notified.length >= before + 2);
    const [begin, end] = notified.filter((each) => !each.startsWith("STATUS=")).slice(-2);
    assert.deepEqual([begin, end], ["RELOADING=1", "READY=1\nSTATUS=Reading manual source"]);
    assert.deepEqual(reloaded, ["two"]);
  });
  const { status } = await serve([], ({ signals }) => signals.send("SIGHUP"), { canReload: false });
  assert.equal(status, 0, "a transport that cannot reload");
});

Deno.test("runServer() passes its settings of the metrics to the appliance", async () => {
  const published = async (...argv: string[]) => {
    const { envelopes } = await serve(
      argv,
      async ({ source }) => await source.send(source.frame()),
    );
    return [envelopes("core_metrics").length, envelopes("edge_metrics").length];
  };
  assert.deepEqual(await published("--noenable_edge_metrics"), [1, 0]);
  assert.deepEqual(await published("--metrics_only_while_recording"), [0, 0]);
  const recording = ["--metrics_only_while_recording", "--start_with_recording_on"];
  assert.deepEqual(await published(...recording), [1, 1]);
});

Deno.test("runServer() publishes frames as its settings say", async () => {
  using timers = new HeldTimers();
  const images = async (frames: number, ...argv: string[]) => {
    const { backend } = await serve(argv, async ({ source, backend }) => {
      for (let k = 0; k < frames; k++) await source.send(source.frame());
      if (argv.includes("--enable_hud")) {
        await waitFor("a frame", () => backend.received.some(isFrame));
      }
    });
    return backend.received.filter(isFrame).map(({ image: { jpeg } }) => jpeg);
  };
  assert.deepEqual(await images(1, "--frame_publish=never"), []);
  assert.deepEqual(await images(2, "--frame_publish=always", "--frame_rate=0.1"), [JPEG]);
  // As old as the encoder needs to start.
  const [drawn] = await images(1, "--enable_hud", "--max_frame_age_ms=600000");
  assert.ok(drawn!.length > 1000, "the image with the overlay");
  assert.deepEqual(timers.remainingMs, []);
});

const TOKEN = "a secret of 16 characters";

function getFrom(port: number, path: string): Promise<Response> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return fetch(`http://127.0.0.1:${port}${path}`, { headers });
}

async function healthOf(port: number): Promise<{ reasons: string[] }> {
  return await (await getFrom(port, "/healthz")).json();
}

Deno.test("runServer() publishes no frame older than --max_frame_age_ms, but for --norealtime", async () => {
  for (
    const { ageMs, realtime, published } of [
      { ageMs: 20_000, realtime: true, published: 1 },
      { ageMs: 40_000, realtime: true, published: 0 },
      { ageMs: 40_000, realtime: false, published: 1 },
    ]
  ) {
    const port = freePort();
    const argv = [
      "--frame_publish=always",
      "--max_frame_age_ms=30000",
      `--http_port=${port}`,
      `--http_token=${TOKEN}`,
    ];
    const { backend } = await serve(argv, async ({ source }) => {
      await source.send(source.frame(ageMs * 1000));
      // Before any outlet, so that the page shows none either.
      const metrics = await (await getFrom(port, "/metrics")).text();
      const dropped = /_dropped_total\{.*class="frame",reason="too_old"\} (\d+)/.exec(metrics)?.[1];
      assert.equal(dropped ?? "0", `${1 - published}`);
    }, { realtime });
    assert.equal(backend.received.filter(isFrame).length, published);
  }
});

Deno.test("runServer() requires metrics in /healthz only while it has to publish them", async () => {
  // Without its interval, the appliance publishes only with a frame.
  using _timers = new HeldTimers();
  const { monotonicUs: present } = SystemClock.prototype;
  let aheadUs = 0;
  using _clock = replaced(SystemClock.prototype, "monotonicUs", function (this: SystemClock) {
    return monotonicUs(present.call(this) + aheadUs);
  });
  /** The names of what is missing 50 s after a frame. */
  const missing = async (...argv: string[]) => {
    const port = freePort();
    let report: { reasons: string[] } | undefined;
    await serve([`--http_port=${port}`, `--http_token=${TOKEN}`, ...argv], async ({ source }) => {
      await source.send(source.frame());
      aheadUs += 50e6;
      report = await healthOf(port);
    });
    return report?.reasons.map((reason) => /^No (frame|core metrics|message)/.exec(reason)?.[1]);
  };
  const all = ["frame", "core metrics", "message"];
  const whileRecording = "--metrics_only_while_recording";
  assert.deepEqual(await missing(), all);
  assert.deepEqual(await missing(whileRecording), ["frame"]);
  assert.deepEqual(await missing(whileRecording, "--start_with_recording_on"), all);
});

Deno.test("runServer() reports a disconnected camera and the problem of the transport in /healthz", async () => {
  const port = freePort();
  await serve([`--http_port=${port}`, `--http_token=${TOKEN}`], async ({ source, backend }) => {
    await source.send({ kind: "disconnected", reason: "unplugged" });
    backend.problem = "Redis is away";
    const { reasons } = await healthOf(port);
    assert.deepEqual(reasons, ["The camera is disconnected", "Redis is away"]);
  });
});

Deno.test("runServer() rejects, and closes what it has opened, if a part cannot be opened", async () => {
  using signals = new FakeSignals();
  await assert.rejects(serve(["--pulse_model_path=/no/such.onnx"], () => {}));
  assert.deepEqual(signals.handled, []);
});

/** Records in which order the parts of a server are closed. */
function recordClosing(closed: string[]): DisposableStack {
  const stack = new DisposableStack();
  for (const part of [HttpServer, Outbox, GrpcServer, JpegEncoder, Vision, Systemd]) {
    const close = part.prototype[Symbol.asyncDispose];
    stack.use(replaced(part.prototype, Symbol.asyncDispose, function (this: typeof part.prototype) {
      closed.push(part.name);
      return close.call(this as never);
    }));
  }
  return stack;
}

/** A test that fails if a timer or a pending read, accept or send is left. */
function testWithoutLeaks(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true });
}

testWithoutLeaks(
  "runServer() measures, publishes and closes all its parts when it is stopped",
  async () => {
    const closed: string[] = [];
    using _closing = recordClosing(closed);
    using timers = new HeldTimers();
    const [grpcPort, httpPort] = [freePort(), freePort()];
    const argv = [`--port=${grpcPort}`, `--http_port=${httpPort}`, "--duration=1000"];
    const isOpen = async (port: number) => {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        return true;
      } catch {
        return false;
      }
    };
    const { source, backend, signals, notified, envelopes, status } = await serve(
      argv,
      async ({ source, signals }) => {
        assert.deepEqual([...signals.handled].sort(), ["SIGHUP", "SIGINT", "SIGTERM"]);
        assert.deepEqual([await isOpen(grpcPort), await isOpen(httpPort)], [true, true]);
        await source.send(source.frame());
      },
    );
    assert.equal(status, 0);
    assert.deepEqual(envelopes("core_metrics").length, 1);
    assert.deepEqual(envelopes("edge_metrics").length, 1);
    assert.equal(backend.received.filter(isFrame).length, 1);
    assert.deepEqual(envelopes("status").at(-1)?.payload["name"], "STOPPING");
    assert.equal(notified[0], "READY=1\nSTATUS=Reading manual source");
    assert.match(notified[1] ?? "", /^STATUS=/);
    assert.ok(notified.includes("STOPPING=1\nSTATUS=Stopping"));
    assert.deepEqual([source.disposed, backend.disposed], [1, 1]);
    assert.deepEqual(closed, [
      "HttpServer",
      "Outbox",
      "GrpcServer",
      "JpegEncoder",
      "Vision",
      "Systemd",
    ]);
    assert.deepEqual([signals.handled, timers.remainingMs], [[], []]);
    assert.deepEqual([await isOpen(grpcPort), await isOpen(httpPort)], [false, false]);
  },
);

testWithoutLeaks("runServer() ends with the input", async () => {
  const { status } = await serve([], async ({ source, ended }) => {
    await source.send(source.frame());
    await source.send(undefined);
    assert.equal(await ended, 0);
  });
  assert.equal(status, 0);
});
