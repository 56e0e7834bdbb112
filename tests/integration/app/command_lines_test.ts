import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { runProgram, startProgram, Subscriber } from "../../support/physiology_server.ts";
import { startRedis } from "../../support/redis_server.ts";
import { hasShared, sharedPath } from "../../support/shared_data.ts";
import { waitFor } from "../../support/wait.ts";

/** Without the variable that keeps the servers of other tests from listening for gRPC. */
const AS_A_USER = { env: { PHYSIOLOGY_PORT: undefined } };

/** The command lines of the published description, and what one line of stderr has to name. */
const COMMAND_LINES: readonly (readonly [line: string, refusal?: RegExp])[] = [
  [
    "--streaming_backend=redis --use_camera --redis_config_path=/path/to/config.json --also_log_to_stderr",
    /^Cannot read the configuration \/path\/to\/config\.json: no such file or directory$/,
  ],
  [
    "--streaming_backend=redis --use_camera --redis_host=192.168.1.100 --redis_port=6379 " +
    "--redis_key_prefix=myapp --redis_use_pubsub=true",
    /^Cannot send frames to Redis at 192\.168\.1\.100 without TLS: add --redis_tls, or --redis_allow_plaintext$/,
  ],
  ["--streaming_backend=redis --use_camera"],
  [
    "--streaming_backend=redis --redis_host=cloud.redis.host --redis_password=$REDIS_PASSWORD --use_camera",
    /^Cannot send the password to Redis at cloud\.redis\.host without TLS: add --redis_tls, or --redis_allow_plaintext$/,
  ],
  [
    "--streaming_backend=redis --redis_key_prefix=tenant_a",
    /^Cannot start without an input: add --use_camera, /,
  ],
  [
    "--streaming_backend=redis --redis_key_prefix=tenant_b",
    /^Cannot start without an input: add --use_camera, /,
  ],
];
/** Flags that the description mentions on their own. */
const SINGLE_FLAGS = [
  "--redis_key_prefix=app1",
  "--redis_password=your_secure_password",
  "--redis_max_bulk_string_bytes=20971520",
  "--redis_connection_timeout_ms=10000",
  "--redis_operation_timeout_ms=5000",
];

/** A machine without a camera refuses the camera that a command line names. */
const HAS_CAMERA = existsSync("/dev/video0");
const NO_CAMERA = /^Cannot open the camera \/dev\/video0: .*: Plug the camera in, or choose one /;

Deno.test("every command line of the published description is accepted, or says in a line what to add", async () => {
  const singles = SINGLE_FLAGS.map((flag) => [`--use_camera ${flag}`] as const);
  for (const [line, refusal] of [...COMMAND_LINES, ...singles]) {
    const flags = line.replace("$REDIS_PASSWORD", "secret").split(" ");
    const { code, stdout, stderr } = await runProgram(["check-config", ...flags], AS_A_USER);
    if (refusal === undefined && HAS_CAMERA) {
      assert.deepEqual([code, stdout, stderr], [0, "The configuration is valid\n", ""], line);
      continue;
    }
    const [message = "", ...more] = stderr.trim().split("\n");
    assert.match(message.replace("physiology_server: ", ""), refusal ?? NO_CAMERA);
    if (line.includes("_host")) assert.equal(code, 78, line);
    assert.deepEqual(more, [], line);
  }
});

Deno.test({
  name: "the command lines of this test are those of the published description",
  ignore: !hasShared("design/redis_ipc_source.txt"),
  fn() {
    const source = Deno.readTextFileSync(sharedPath("design/redis_ipc_source.txt"))
      .replaceAll(/\s*\\\n\s*/g, " ");
    for (const flags of [...COMMAND_LINES.map(([line]) => line), ...SINGLE_FLAGS]) {
      assert(source.includes(flags), flags);
    }
    const lines = source.match(/physiology_server --streaming_backend.*/g) ?? [];
    const known = COMMAND_LINES.map(([line]) => `physiology_server ${line}`);
    assert.deepEqual(lines.filter((line) => !known.includes(line.trim())), []);
  },
});

Deno.test("two tenants of one host start beside each other, without a --port", async () => {
  await using broker = await startRedis();
  const tenant = (prefix: string) =>
    startProgram([
      "--streaming_backend=redis",
      `--redis_key_prefix=${prefix}`,
      "--simulate",
      `--redis_port=${broker.port}`,
    ], AS_A_USER);
  await using first = tenant("tenant_a");
  await using second = tenant("tenant_b");
  const ports = await Promise.all([first, second].map(async (server) => {
    const listening = /Listening for gRPC on 127\.0\.0\.1:(\d+)/;
    await waitFor("the port", () => listening.test(server.stderr), { timeoutMs: 60_000 });
    return Number(listening.exec(server.stderr)?.[1]);
  }));
  assert.notEqual(ports[0], ports[1]);
  assert(ports.every((port) => port >= 50051 && port <= 50060), `${ports}`);
  assert.match(first.stderr + second.stderr, /Port 50051 is in use/);
  for (const prefix of ["tenant_a", "tenant_b"]) {
    const subscriber = await Subscriber.of(broker, prefix);
    await subscriber.first("core_metrics");
  }
});

Deno.test("serve refuses a --port that is in use", async () => {
  using _taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = _taken.addr as Deno.NetAddr;
  const { code, stderr } = await runProgram(["--simulate", `--port=${port}`]);
  assert.equal(code, 69);
  assert.match(stderr, new RegExp(`Cannot listen for gRPC on 127.0.0.1:${port}: .*--port`));
});
