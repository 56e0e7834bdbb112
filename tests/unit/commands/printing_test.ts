import assert from "node:assert/strict";
import { FLAGS } from "../../../src/app/flags.ts";
import { assetPath } from "../../../src/base/assets.ts";
import { ConfigError, UsageError } from "../../../src/base/errors.ts";
import { VERSION } from "../../../src/base/version.ts";
import { run as checkConfig } from "../../../src/commands/check_config.ts";
import { run as completions } from "../../../src/commands/completions.ts";
import { run as help } from "../../../src/commands/help.ts";
import { run as licenses } from "../../../src/commands/licenses.ts";
import { run as man } from "../../../src/commands/man.ts";
import { run as printConfig } from "../../../src/commands/print_config.ts";
import { LOADERS } from "../../../src/commands/table.ts";
import { run as version } from "../../../src/commands/version.ts";
import { COMMANDS } from "../../../src/config/command_names.ts";
import { commandHelp, flagsHelp, overview } from "../../../src/config/render/help.ts";
import { commandContext, type CommandOptions } from "../../support/command_context.ts";
import { withEnvironment } from "../../support/environment.ts";

type Command = typeof help;

/** What a command prints when it succeeds. */
async function printedBy(run: Command, argv: readonly string[], options?: CommandOptions) {
  const context = commandContext(argv, options);
  assert.equal(await run(context), 0);
  assert.equal(context.printed.length, 1);
  return context.printed[0]!;
}

Deno.test("LOADERS has the module of each command", async () => {
  assert.deepEqual(Object.keys(LOADERS).sort(), Object.keys(COMMANDS).sort());
  for (const loader of Object.values(LOADERS)) {
    assert.equal(typeof (await loader()).run, "function");
  }
});

Deno.test("help prints the overview, the help of a command, or that of flags", async () => {
  assert.equal(await printedBy(help, ["help"]), overview(FLAGS));
  assert.equal(await printedBy(help, ["help", "record"]), commandHelp(FLAGS, "record"));
  assert.equal(await printedBy(help, ["help", "redis"]), flagsHelp(FLAGS, "redis"));
  const unknown = commandContext(["help", "no_such_word"]);
  await assert.rejects(async () => await help(unknown), UsageError);
  assert.deepEqual(unknown.printed, []);
});

Deno.test("completions prints the script of a shell, and rejects others", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    assert.match(await printedBy(completions, ["completions", shell]), /physiology_server/);
  }
  for (const argv of [["completions", "tcsh"], ["completions"]]) {
    await assert.rejects(async () => await completions(commandContext(argv)), UsageError);
  }
});

Deno.test("man prints the manual page", async () => {
  assert.match(await printedBy(man, ["man"]), /^\.TH /m);
});

Deno.test("version prints the version, or its details as JSON", async () => {
  assert.equal(await printedBy(version, ["version"]), `physiology_server ${VERSION}`);
  for (const [assets, packed] of [[undefined, false], ["/a", true]] as const) {
    await withEnvironment({ PHYSIOLOGY_ASSETS: assets }, async () => {
      const details = JSON.parse(await printedBy(version, ["version", "--json"]));
      assert.deepEqual(
        [details.name, details.version, details.deno, details.packed],
        ["physiology_server", VERSION, Deno.version.deno, packed],
      );
    });
  }
});

Deno.test("licenses prints the file of the licenses, and names it if it is missing", async () => {
  const text = Deno.readTextFileSync(assetPath("licenses"));
  assert.equal(await printedBy(licenses, ["licenses"]), text);
  await withEnvironment({ PHYSIOLOGY_ASSETS: "/no/such" }, async () => {
    await assert.rejects(
      licenses(commandContext(["licenses"])),
      (error) => error instanceof ConfigError && /\/no\/such\/licenses\.txt$/.test(error.message),
    );
  });
});

Deno.test("check-config prints that the configuration is valid, and warns of misspelled variables", async () => {
  const warnings: string[] = [];
  const options = { log: { warning: (line: string) => void warnings.push(line) } };
  await withEnvironment({ PHYSIOLOGY_REDIS_HOTS: "x" }, async () => {
    const text = await printedBy(checkConfig, ["check-config", "--simulate"], options);
    assert.equal(text, "The configuration is valid");
  });
  assert.match(warnings.join(), /PHYSIOLOGY_REDIS_HOTS: did you mean PHYSIOLOGY_REDIS_HOST\?/);
  const json = await printedBy(checkConfig, ["check-config", "--simulate", "--json"]);
  assert.equal(json, '{"ok":true}');
});

/** Values from every origin. */
const ORIGINS: CommandOptions = {
  env: { PHYSIOLOGY_REDIS_PORT: "7777", CREDENTIALS_DIRECTORY: "/run/credentials" },
  readText: (path) => {
    if (path === "/c.json") return '{"database": 3}';
    if (path === "/run/credentials/grpc_token") return "hunter3";
    throw new Deno.errors.NotFound();
  },
};
const ORIGIN_FLAGS = ["--redis_config_path=/c.json", "--redis_password=hunter2", "--loop"];

Deno.test("print-config prints each value of serve in a column, and its origin in the next", async () => {
  const text = await printedBy(printConfig, ["print-config", ...ORIGIN_FLAGS], ORIGINS);
  const lines = text.split("\n");
  const names = FLAGS.flagsOf("serve").filter(({ flag }) => !flag.action)
    .map(({ flag }) => flag.name);
  assert.deepEqual(lines.map((line) => /^--(\w+)=/.exec(line)?.[1]), names);
  const columns = new Set(
    lines.filter((line) => line.length < 100).map((line) => line.indexOf("#")),
  );
  assert.equal(columns.size, 1);
  const originOf = (name: string) =>
    lines.find((line) => line.startsWith(`--${name}=`))?.split(/  +# /);
  assert.deepEqual(originOf("loop"), ["--loop=true", "command line"]);
  assert.deepEqual(originOf("redis_port"), [
    "--redis_port=7777",
    "environment PHYSIOLOGY_REDIS_PORT",
  ]);
  assert.deepEqual(originOf("redis_database"), ["--redis_database=3", '"database" in /c.json']);
  assert.deepEqual(originOf("grpc_token"), ["--grpc_token=***", "systemd credential grpc_token"]);
  assert.deepEqual(originOf("http_port"), ["--http_port=0", "default"]);
  assert.doesNotMatch(text, /hunter/);
});

for (const options of [[], ["--json"]]) {
  Deno.test(`print-config ${options} prints no credential in the URL of a camera`, async () => {
    for (const flag of ["path", "url"]) {
      const url = `--input_video_${flag}=http://me:hunter2@cam/?pwd=hunter3`;
      const text = await printedBy(printConfig, ["print-config", ...options, url]);
      assert.doesNotMatch(text, /hunter/);
      if (flag === "path") assert.ok(text.includes("http://***@cam/?pwd=***"));
    }
  });
}

Deno.test("print-config leaves at least two columns after the longest name of a flag", async () => {
  const text = await printedBy(printConfig, ["print-config"]);
  const longest = Math.max(...FLAGS.entries.map(({ flag }) => flag.name.length));
  const column = text.split("\n").find((line) => line.startsWith("--loop="))!.indexOf("#");
  assert.ok(column >= longest + 5 && column < longest + 25, `${column}`);
});

Deno.test("print-config --json prints each value and its origin by name, null without a value", async () => {
  const argv = ["print-config", "--json", ...ORIGIN_FLAGS];
  const text = await printedBy(printConfig, argv, ORIGINS);
  assert.doesNotMatch(text, /hunter/);
  assert.ok(text.startsWith('{\n  "'), "indented");
  const printed = JSON.parse(text);
  assert.deepEqual(printed.loop, { value: true, origin: { kind: "flag" } });
  assert.deepEqual(printed.spool_path, { value: null, origin: { kind: "default" } });
  assert.equal("help" in printed || "version" in printed, false);
});
