import assert from "node:assert/strict";
import { type ConfigFile, int, optionalPath, text, topic } from "../../../src/config/flag.ts";
import { defineFlags } from "../../../src/config/flag_table.ts";
import { load } from "../../../src/config/load.ts";

const FILE: ConfigFile = {
  name: "broker",
  pathFlag: "broker_config_path",
  saveFlag: "save_default_broker_config",
  defaultFile: "default_broker.json",
  schemaFile: "broker.schema.json",
};

const TABLE = defineFlags({
  broker: topic("Broker", ["serve", "record"], {
    configPath: optionalPath("broker_config_path", "JSON file."),
    host: text("broker_host", "Host.", {
      default: "localhost",
      file: { config: FILE, key: "host", documented: true },
    }),
    port: int("broker_port", "Port.", { default: 1883, range: [1, 65535], commands: ["serve"] }),
  }),
}, {
  rules: [({ broker }) => broker.host === "none" ? "Cannot use the host none" : undefined],
  commandRules: {
    serve: [({ broker }) => broker.port === 1 ? "Cannot serve on port 1" : undefined],
  },
});

Deno.test("defineFlags() lists the flags and the JSON files of its topics", () => {
  assert.deepEqual(TABLE.flagsOf("record").map(({ key }) => key), ["configPath", "host"]);
  assert.deepEqual(TABLE.flagsOf("check-config").map(({ key }) => key).length, 3);
  assert.deepEqual(TABLE.configFiles, [FILE]);
  assert.deepEqual(TABLE.defaultSettings(), {
    broker: { configPath: undefined, host: "localhost", port: 1883 },
  });
});

Deno.test("load() uses the flags, the JSON files and the rules of its table", () => {
  const context = { env: {}, readText: () => '{"host": "other"}' };
  const { settings } = load(TABLE, ["--broker_config_path=/b.json", "--broker_port=9"], context);
  assert.deepEqual([settings.broker.host, settings.broker.port], ["other", 9]);
  assert.throws(() => load(TABLE, ["--broker_host=none"], context), /Cannot use the host none/);
  assert.throws(() => load(TABLE, ["--broker_port=1"], context), /Cannot serve on port 1/);
});
