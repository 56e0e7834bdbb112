import assert from "node:assert/strict";
import { type CommandName, COMMANDS } from "../../../src/config/command_names.ts";
import { defaultFileText as textOf } from "../../../src/config/default_files.ts";
import { FLAGS, load } from "../../../src/app/flags.ts";
import { ExitError } from "../../../src/base/errors.ts";
import { environmentName } from "../../../src/config/flag.ts";
import { generatedFiles } from "../../../src/config/generated.ts";
import { Secret } from "../../../src/config/secret.ts";
import { checkJson, formatValue } from "../../../src/config/values.ts";

function defaultFileText(name: string): string {
  return textOf(FLAGS, FLAGS.configFiles.find((file) => file.name === name)!);
}

const ROOT = new URL("../../../", import.meta.url);

Deno.test("FLAGS has unique names in each command, and no flag that negates another one", () => {
  for (const command of Object.keys(COMMANDS) as CommandName[]) {
    const names = FLAGS.flagsOf(command).map(({ flag }) => flag.name);
    assert.equal(new Set(names).size, names.length, command);
    for (const name of names) assert(!names.includes(`no${name}`), name);
  }
});

Deno.test("FLAGS has a valid name, a help sentence and a valid default in each row", () => {
  for (const { flag } of FLAGS.entries) {
    assert.match(flag.name, /^[a-z][a-z0-9_]*$/);
    assert.match(flag.help, /^\S.*\.$/, flag.name);
    assert.match(environmentName(flag), /^PHYSIOLOGY_[A-Z0-9_]+$/);
    if (flag.default === undefined) continue;
    const plain = flag.default instanceof Secret ? flag.default.reveal() : flag.default;
    assert("value" in checkJson(flag, plain), `${flag.name}: ${formatValue(flag.default)}`);
  }
});

Deno.test("defaultFileText() writes the documented keys and values for Redis in the documented order", () => {
  assert.equal(
    defaultFileText("redis"),
    JSON.stringify(
      {
        host: "localhost",
        port: 6379,
        password: "",
        database: 0,
        key_prefix: "physiology",
        connection_timeout_ms: 5000,
        operation_timeout_ms: 1000,
        use_pubsub: true,
        enable_debug_logging: false,
        max_bulk_string_bytes: 10485760,
        max_array_elements: 1000,
      },
      null,
      2,
    ) + "\n",
  );
});

Deno.test("defaultFileText() writes the documented keys and values for the file backend", () => {
  assert.deepEqual(Object.entries(JSON.parse(defaultFileText("filesystem"))), [
    ["base_directory", "./file_ipc_output"],
    ["create_if_missing", true],
    ["truncate_on_init", true],
    ["max_frame_count", 0],
    ["use_file_locking", true],
    ["frame_extension", "jpg"],
    ["compress_frames", true],
    ["io_buffer_size", 8192],
    ["enable_debug_logging", false],
  ]);
});

Deno.test("generatedFiles() equals the files in the project; otherwise run deno task docs", () => {
  for (const [path, text] of generatedFiles(FLAGS)) {
    assert.equal(Deno.readTextFileSync(new URL(path, ROOT)), text, `${path} is stale`);
  }
});

function messageOf(...argv: string[]): string | undefined {
  try {
    load(["--use_camera", ...argv], { env: {}, readText: () => "{}" });
    return undefined;
  } catch (error) {
    assert(error instanceof ExitError, String(error));
    return error.message;
  }
}

/** A contradiction, its message, and the flags that resolve it. */
const CONTRADICTIONS: readonly (readonly [string[], RegExp, string[]])[] = [
  [["--redis_tls", "--redis_tls_cert_path=a"], /alone: give both/, ["--redis_tls_key_path=b"]],
  [["--redis_tls_ca_path=a"], /without TLS: add --redis_tls/, ["--redis_tls"]],
  [["--redis_sentinels=a:1"], /alone: give both/, ["--redis_sentinel_name=a"]],
  [["--redis_cluster_nodes=a:1,b:2"], /without a cluster: add --redis_cluster/, [
    "--redis_cluster",
  ]],
  [["--redis_database=1", "--redis_cluster"], /must be 0: current value is 1/, [
    "--noredis_cluster",
  ]],
  [
    ["--redis_cluster", "--redis_sentinel_name=a", "--redis_sentinels=a:1"],
    /a server is one or the other/,
    ["--noredis_cluster"],
  ],
  [
    ["--http_port=80", "--http_address=0.0.0.0", "--http_allow_plaintext"],
    /without a token/,
    ["--http_token=a secret of 16 characters"],
  ],
  [["--streaming_backend=grpc", "--port=0"], /give a port/, ["--port=50051"]],
];

for (const [argv, message, resolution] of CONTRADICTIONS) {
  Deno.test(`load() rejects ${argv.join(" ")} without ${resolution.join(" ")}`, () => {
    assert.match(messageOf(...argv) ?? "", message);
    assert.equal(messageOf(...argv, ...resolution, "--redis_allow_plaintext"), undefined);
  });
}

Deno.test("record refuses formats that would show an encrypted session", () => {
  const context = { env: {}, readText: () => "" };
  const flags = ["record", "--record_recipients=keys"];
  assert.throws(() => load([...flags, "--format=mcap,bids"], context), {
    exitStatus: 64,
    message: /--format=bids together with --record_recipients/,
  });
  assert.deepEqual(load([...flags, "--format=mcap"], context).settings.record.formats, ["mcap"]);
  assert.throws(() => load(["record", "--format=xdf"], context), { exitStatus: 64 });
});
