import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { encodeEnvelope, type Envelope } from "../../../src/envelopes/envelope.ts";
import { FAKE_START_US, fakeMetrics, fakeStatus } from "../../support/fake_stream.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { Program, PYTHON, SAMPLES } from "../../support/program.ts";
import { PYTHON_CLIENT } from "../../support/python_client.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const HISTORY = "physiology:core_metrics:history";
const core = (n: number) => fakeMetrics(n)[0] as Extract<Envelope, { type: "core_metrics" }>;
const text = (envelope: Envelope) => new TextDecoder().decode(encodeEnvelope(envelope));

/** Core metrics with another pulse; undefined withholds it. */
function corePulse(n: number, value: number | undefined): Envelope {
  const { payload, ...envelope } = core(n);
  const { strict: _, ...pulse } = payload.pulse!;
  const strict = { value: value ?? 0, confidence: 0.9, window_s: 10 };
  return {
    ...envelope,
    payload: value === undefined
      ? { ...payload, pulse, withheld: { pulse: "motion" } }
      : { ...payload, pulse: { ...pulse, strict } },
  };
}

function start(name: string, server: RedisServer, ...args: readonly string[]): Program {
  return new Program(PYTHON, [`${SAMPLES}${name}.py`, `--redis_port=${server.port}`, ...args], {
    env: { PYTHONPATH: `${PYTHON_CLIENT}src`, PYTHONDONTWRITEBYTECODE: "1" },
  });
}

async function publish(
  server: RedisServer,
  envelope: Envelope,
  prefix = "physiology",
): Promise<void> {
  const channel = `${prefix}:${envelope.type}`;
  const client = server.client();
  await waitFor("a receiver", async () => await client.publish(channel, text(envelope)) > 0);
}

async function store(server: RedisServer, envelopes: readonly Envelope[]): Promise<void> {
  const client = server.client();
  for (const envelope of envelopes) {
    const id = `${Math.floor(envelope.timestamp / 1000)}-*`;
    await client.xadd(HISTORY, id, "envelope", text(envelope));
  }
}

Deno.test("samples that are starters have fewer than 80 lines", () => {
  for (
    const name of [
      "alerts_service",
      "analytics_worker",
      "cloud_processor",
      "database_logger",
      "web_dashboard",
    ]
  ) {
    const lines = Deno.readTextFileSync(`${SAMPLES}${name}.py`).trimEnd().split("\n").length;
    assert.ok(lines < 80, `${name}.py has ${lines} lines`);
  }
});

Deno.test("web_dashboard.py serves a page, and the values of all devices as events", async () => {
  await using server = await startRedis();
  await using program = start(
    "web_dashboard",
    server,
    "--redis_key_prefix=ward-*",
    "--http_port=0",
  );
  await program.prints(/Serving http:\/\/127\.0\.0\.1:\d+\//);
  const [url] = /http:\S+/.exec(program.output)!;
  await publish(server, core(5), "ward-1");
  await publish(server, core(0), "ward-2");
  await publish(server, fakeStatus(0), "ward-2");
  const page = await (await fetch(url)).text();
  assert.match(page, /new EventSource\("events"\)/);
  const missing = await fetch(`${url}other`);
  assert.equal(missing.status, 404);
  await missing.body?.cancel();
  const response = await fetch(`${url}events`);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  let events = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    events += chunk;
    if (
      /"ward-1".*pulse 72\.5.*\n/.test(events) && /"ward-2".*warming_up.*Measuring\./.test(events)
    ) {
      break;
    }
  }
});

Deno.test("analytics_worker.py processes each entry once, and claims those of a killed worker", async () => {
  await using server = await startRedis();
  const client = server.client();
  await store(server, [core(1), core(2)]);
  await using first = start("analytics_worker", server, "--consumer=first");
  await first.prints("fake 1: withheld");
  await first.prints("fake 2: withheld");
  const pending = async () =>
    Number((await client.call("XPENDING", HISTORY, "analytics") as [number])[0]);
  await waitFor("the acknowledgements", async () => await pending() === 0);
  // Redis hands two entries to the worker, which is killed before it processes them.
  let n = 3;
  await waitFor("a worker that waits for entries", async () => {
    first.kill("SIGSTOP");
    const both = [core(n), core(n + 1)].map((envelope) =>
      ["xadd", HISTORY, "*", "envelope", text(envelope)] as [string, ...string[]]
    );
    await client.multi(both).exec();
    if (await pending() === 2) return true;
    first.kill("SIGCONT");
    await first.prints(`fake ${n + 1}: `);
    n += 2;
    return false;
  });
  first.kill("SIGKILL");
  await using second = start(
    "analytics_worker",
    server,
    "--consumer=second",
    "--claim_after_s=0.1",
  );
  await second.prints("Claimed 2 entries");
  await second.prints(`fake ${n}: 72.5`);
  await second.prints(`fake ${n + 1}: 72.5`);
  await waitFor("the acknowledgements", async () => await pending() === 0);
  assert.doesNotMatch(second.output, /fake [12]:/);
  await client.xadd(HISTORY, "*", "envelope", "no JSON");
  await client.xadd(HISTORY, "*", "envelope", text(core(90)));
  await second.prints(/Ignored the entry/);
  await second.prints("fake 90: 72.5");
  await server.kill();
  await second.prints("reconnecting");
  await server.restart();
  await store(server, [core(20)]);
  await second.prints("fake 20: 72.5");
});

Deno.test("cloud_processor.py writes the means of each period and device", async () => {
  using folder = temporaryFolder();
  const output = `${folder.path}/rates.jsonl`;
  await using server = await startRedis();
  await using program = start(
    "cloud_processor",
    server,
    "--redis_key_prefix=*",
    "--period_s=1",
    `--output=${output}`,
  );
  const values = [70, undefined, 74, 72, undefined, 80];
  for (const [n, value] of values.entries()) {
    await publish(server, corePulse(n + 5, value), "tenant_a");
    await publish(server, corePulse(n + 5, undefined), "tenant_b");
  }
  const lines = () =>
    Deno.readTextFileSync(output).trim().split("\n").filter(Boolean).map((line) =>
      JSON.parse(line)
    );
  await waitFor("both devices", () => lines().length === 2);
  const a = lines().find(({ device }) => device === "tenant_a");
  assert.deepEqual(a, {
    device: "tenant_a",
    start: FAKE_START_US + 1_000_000,
    pulse: 72,
    breathing: 16.2,
    pulse_values: 3,
    breathing_values: 5,
  });
  const b = lines().find(({ device }) => device === "tenant_b");
  assert.deepEqual([b.pulse, b.breathing_values], [undefined, 5]);
  program.kill("SIGINT");
  await program.ended();
  assert.deepEqual(lines().at(-2).pulse, 80);
});

Deno.test("database_logger.py stores each message once, also over a restart", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/vitals.db`;
  await using server = await startRedis();
  const args = [`--database=${path}`, "--key_value", "--commit_s=0.1"];
  const rows = () => {
    using database = new DatabaseSync(path, { readOnly: true });
    return database.prepare("SELECT * FROM vitals ORDER BY sequence").all();
  };
  await store(server, [core(1), core(4)]);
  {
    await using program = start("database_logger", server, ...args);
    await program.prints("Logging");
    await waitFor("the rows", () => rows().length === 2);
  }
  await store(server, [core(5), corePulse(6, undefined)]);
  await using program = start("database_logger", server, ...args);
  await program.prints("Logging");
  await waitFor("the rows", () => rows().length === 4);
  assert.deepEqual(
    rows().map(({ sequence, pulse, pulse_withheld }) => [sequence, pulse, pulse_withheld]),
    [
      [1, null, "warming_up"],
      [4, 72.5, null],
      [5, 72.5, null],
      [6, null, "motion"],
    ],
  );
  await server.kill();
  await server.restart();
  await store(server, [core(7)]);
  await waitFor("the row after the outage", () => rows().length === 5);
});

Deno.test("alerts_service.py alerts after the dwell, not for a flicker, and for a silence", async () => {
  const alerts: Record<string, unknown>[] = [];
  await using hook = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      alerts.push(await request.json());
      return new Response();
    },
  );
  await using server = await startRedis();
  await using program = start(
    "alerts_service",
    server,
    "--dwell_s=1",
    `--webhook=http://127.0.0.1:${hook.addr.port}/`,
  );
  await program.prints("Watching");
  let n = 10;
  /** Publishes values, each until the condition holds. */
  const send = async (values: readonly (number | undefined)[], until: () => boolean) => {
    await waitFor("the alerts", async () => {
      await publish(server, corePulse(n, values[n++ % values.length]));
      return until();
    }, { pollMs: 50, timeoutMs: 20_000 });
  };
  const has = (alert: string, state: string) => () =>
    alerts.some((each) => each["alert"] === alert && each["state"] === state);
  const after = (count: number) => {
    const end = n + count;
    return () => n >= end;
  };
  await send([70], after(20));
  assert.deepEqual(alerts, []);
  await send([130, undefined], has("pulse_high", "raised"));
  await send([70], has("pulse_high", "ended"));
  await waitFor("the silence", has("silent", "raised"), { timeoutMs: 20_000 });
  await send([70], has("silent", "ended"));
  assert.deepEqual(alerts.map(({ device, alert, state }) => `${device} ${alert} ${state}`), [
    "physiology pulse_high raised",
    "physiology pulse_high ended",
    "physiology silent raised",
    "physiology silent ended",
  ]);
});
