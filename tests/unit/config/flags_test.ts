import assert from "node:assert/strict";
import { type CommandName, COMMANDS } from "../../../src/config/command_names.ts";
import { defaultFileText as textOf } from "../../../src/config/default_files.ts";
import { FLAGS } from "../../../src/app/flags.ts";
import { environmentName } from "../../../src/config/flag.ts";
import { generatedFiles } from "../../../src/config/generated.ts";
import { Secret } from "../../../src/config/secret.ts";
import { checkJson, formatValue } from "../../../src/config/values.ts";

function defaultFileText(name: string): string {
  return textOf(FLAGS, FLAGS.configFiles.find((file) => file.name === name)!);
}

const ROOT = new URL("../../../", import.meta.url);

Deno.test("no command has two flags of one name, nor a flag that another one negates", () => {
  for (const command of Object.keys(COMMANDS) as CommandName[]) {
    const names = FLAGS.flagsOf(command).map(({ flag }) => flag.name);
    assert.equal(new Set(names).size, names.length, command);
    for (const name of names) assert(!names.includes(`no${name}`), name);
  }
});

Deno.test("every flag has a plain name, a sentence of help, and a default that it would accept", () => {
  for (const { flag } of FLAGS.entries) {
    assert.match(flag.name, /^[a-z][a-z0-9_]*$/);
    assert.match(flag.help, /^\S.*\.$|^-2:/, flag.name);
    assert.match(environmentName(flag), /^PHYSIOLOGY_[A-Z0-9_]+$/);
    if (flag.default === undefined) continue;
    const plain = flag.default instanceof Secret ? flag.default.reveal() : flag.default;
    assert("value" in checkJson(flag, plain), `${flag.name}: ${formatValue(flag.default)}`);
  }
});

Deno.test("the default Redis file holds the documented keys and values in the documented order", () => {
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

Deno.test("the default file of the file backend holds its documented keys and values", () => {
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

Deno.test("what is made from the flag table is current: run deno task docs", () => {
  for (const [path, text] of generatedFiles(FLAGS)) {
    assert.equal(Deno.readTextFileSync(new URL(path, ROOT)), text, `${path} is stale`);
  }
});
