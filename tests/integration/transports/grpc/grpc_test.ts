import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/base/errors.ts";
import { GrpcBench } from "../../../support/grpc.ts";
import { Program, PYTHON, SAMPLES } from "../../../support/program.ts";
import { waitFor } from "../../../support/wait.ts";

const HERE = new URL("./", import.meta.url).pathname;
const GRPC_JS = new URL("../../../../.tools/grpc-js", import.meta.url).pathname;

function python(bench: GrpcBench, mode: string, count = 0): Program {
  return new Program(PYTHON, [`${HERE}client.py`, bench.address, mode, `${count}`]);
}

async function runs(program: Program): Promise<void> {
  await using client = program;
  assert.equal(await client.ended(), 0, client.output);
}

/** Installs grpc-js into an ignored folder; returns false if npm fails. */
async function hasGrpcJs(): Promise<boolean> {
  try {
    Deno.statSync(`${GRPC_JS}/node_modules/@grpc/grpc-js`);
    return true;
  } catch {
    Deno.mkdirSync(GRPC_JS, { recursive: true });
    const args = [
      "install",
      "--prefix",
      GRPC_JS,
      "--no-audit",
      "--no-fund",
      "--fetch-retries=0", // fails fast without a registry
      "@grpc/grpc-js@1.14.7",
    ];
    const { success } = await new Deno.Command("npm", { args, stdout: "null", stderr: "null" })
      .output().catch(() => ({ success: false }));
    return success;
  }
}

function node(bench: GrpcBench, mode: string, count: number): Program {
  const args = [`${HERE}client.mjs`, bench.address, mode, `${count}`];
  return new Program("node", args, { env: { GRPC_JS } });
}

const noneLeft = (bench: GrpcBench) =>
  waitFor("all connections to end", () => bench.server.connections === 0);

Deno.test("GrpcServer answers 2,000 calls on one connection from Python", async () => {
  await using bench = new GrpcBench();
  let changes = 0;
  bench.recording.onChange(() => changes++);
  await runs(python(bench, "calls", 2000));
  assert.equal(changes, 2000);
  assert.equal(bench.counters.get("grpc_connections_total"), 1);
  await noneLeft(bench);
});

Deno.test("GrpcServer answers more concurrent calls than one connection allows", async () => {
  await using bench = new GrpcBench();
  await runs(python(bench, "at_once", 500));
});

Deno.test("GrpcServer frees the resources of 500 connections from Python", async () => {
  await using bench = new GrpcBench();
  await runs(python(bench, "connections", 250));
  await noneLeft(bench);
  const before = Deno.memoryUsage().rss;
  await runs(python(bench, "connections", 250));
  await noneLeft(bench);
  assert.equal(bench.counters.get("grpc_connections_total"), 500);
  const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
  assert(grown < 100, `250 connections leaked ${grown.toFixed(0)} MiB`);
});

Deno.test("GrpcServer serves 50 concurrent streams", async () => {
  await using bench = new GrpcBench();
  bench.stream(20);
  await runs(python(bench, "streams", 50));
  await waitFor("the streams to end", () => bench.server.streams === 0);
});

Deno.test("GrpcServer serves 2,000 calls, 500 connections and 50 streams from grpc-js on Node", async () => {
  if (!await hasGrpcJs()) return console.log("skipped: npm cannot install @grpc/grpc-js");
  await using bench = new GrpcBench();
  bench.stream(20);
  await runs(node(bench, "calls", 2000));
  await runs(node(bench, "connections", 500));
  await runs(node(bench, "streams", 50));
  await noneLeft(bench);
  await waitFor("the streams to end", () => bench.server.streams === 0);
});

Deno.test("GrpcServer frees the streams of a client that exits without closing them", async () => {
  await using bench = new GrpcBench();
  bench.stream(20);
  await using client = python(bench, "vanish", 10);
  await client.prints("gone");
  await noneLeft(bench);
  assert.equal(bench.server.streams, 0);
});

Deno.test("GrpcServer closes the connection of a frozen client after a keepalive timeout", async () => {
  await using bench = new GrpcBench({ limits: { keepaliveMs: 300, keepaliveTimeoutMs: 300 } });
  bench.stream(100);
  await using client = python(bench, "stop_reading", 2);
  await client.prints("still");
  client.kill("SIGSTOP"); // the kernel still acknowledges TCP: only the HTTP/2 ping fails
  await noneLeft(bench);
  assert.equal(bench.server.streams, 0);
});

Deno.test("GrpcServer serves other clients while one does not read", async () => {
  await using bench = new GrpcBench();
  bench.stream(1);
  await using client = python(bench, "stop_reading", 5);
  await client.prints("still");
  await runs(python(bench, "streams", 5));
  await runs(python(bench, "calls", 20));
});

Deno.test("GrpcServer reports deadlines and errors by their gRPC codes", async () => {
  await using bench = new GrpcBench();
  await runs(python(bench, "deadline"));
  await runs(python(bench, "codes"));
  await waitFor("the stream to end", () => bench.server.streams === 0);
});

Deno.test("grpc_client.py shows metrics and controls the recording by reflection alone", async () => {
  await using bench = new GrpcBench();
  bench.stream(20);
  const sample = (...args: string[]) =>
    new Program(PYTHON, [`${SAMPLES}grpc_client.py`, `--address=${bench.address}`, ...args]);
  await using start = sample("--start", "--session_id=visit 7");
  assert.equal(await start.ended(), 0, start.output);
  assert.deepEqual(bench.recording.state, { recording: true, sessionId: "visit 7" });
  await using follow = sample("--messages=5");
  assert.equal(await follow.ended(), 0, follow.output);
  assert.match(follow.output, /pulse 72.5 beats\/min \(95%\), breathing 16.2 breaths\/min \(89%\)/);
  assert.match(follow.output, /"recording": true, "sessionId": "visit 7"/);
  await using stale = sample("--stop", "--session_id=visit 6");
  assert.equal(await stale.ended(), 1);
  assert.match(stale.output, /FAILED_PRECONDITION/);
  await using stop = sample("--stop");
  assert.equal(await stop.ended(), 0, stop.output);
  assert.equal(bench.recording.state.recording, false);
});

Deno.test("GrpcServer requires TLS and a token beyond loopback, and the token in every call", async () => {
  assert.throws(() => new GrpcBench({ address: "0.0.0.0" }), ConfigError);
  const folder = await Deno.makeTempDir();
  try {
    await makeCertificate(folder);
    const tls = {
      cert: await Deno.readTextFile(`${folder}/cert.pem`),
      key: await Deno.readTextFile(`${folder}/key.pem`),
    };
    assert.throws(() => new GrpcBench({ address: "0.0.0.0", tls }), ConfigError);
    await using bench = new GrpcBench({ address: "0.0.0.0", tls, token: "secret" });
    bench.stream(50);
    const sample = (token: string) =>
      new Program(PYTHON, [
        `${SAMPLES}grpc_client.py`,
        `--address=localhost:${bench.server.port}`,
        `--ca_path=${folder}/cert.pem`,
        `--token=${token}`,
        "--messages=2",
      ]);
    await using good = sample("secret");
    assert.equal(await good.ended(), 0, good.output);
    await using wrong = sample("guess");
    assert.equal(await wrong.ended(), 1);
    assert.match(wrong.output, /UNAUTHENTICATED/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function makeCertificate(folder: string): Promise<void> {
  // deno-fmt-ignore
  const args = [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
    "-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`, "-days", "2",
    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
  ];
  const { success } = await new Deno.Command("openssl", { args, stderr: "null" }).output();
  assert(success);
}
