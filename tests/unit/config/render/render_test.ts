import assert from "node:assert/strict";
import {
  bool,
  choice,
  type ConfigFile,
  int,
  list,
  optionalPath,
  secret,
  text,
  topic,
} from "../../../../src/config/flag.ts";
import { defaultFileText } from "../../../../src/config/default_files.ts";
import { defineFlags } from "../../../../src/config/flag_table.ts";
import { completions, SHELLS } from "../../../../src/config/render/completions.ts";
import {
  commandHelp,
  flagNotes,
  flagsHelp,
  flagUsage,
  overview,
  wrap,
} from "../../../../src/config/render/help.ts";
import { jsonSchema } from "../../../../src/config/render/json_schema.ts";
import { manualPage } from "../../../../src/config/render/man.ts";
import { flagsPage } from "../../../../src/config/render/markdown.ts";
import { Secret } from "../../../../src/config/secret.ts";

const FILE: ConfigFile = {
  name: "broker",
  pathFlag: "config",
  saveFlag: "save",
  defaultFile: "default.json",
  schemaFile: "schema.json",
};
const row = (key: string, documented = true) => ({ config: FILE, key, documented });

const ROWS = {
  loop: bool("loop", "Don't [stop]: go on."),
  version: bool("version", "Print it.", { action: "version" }),
  port: int("port", "A port.", { default: 7, range: [1, 9], file: row("port") }),
  mode: choice("mode", "A mode.", { default: "a", choices: ["a", "b"], file: row("mode", false) }),
  kind: choice("kind", "A kind.", { default: "a", choices: ["a", "b"], placeholder: "KIND" }),
  out: optionalPath("out", "A file."),
  hosts: list("hosts", "Hosts.", { placeholder: "A|B" }),
  password: secret("password", "A password.", {
    default: new Secret("hunter2"),
    secretFrom: { fileFlag: "f", credential: "c" },
    file: row("password"),
  }),
  name: text("name", "A name.", { default: "x", commands: ["record"] }),
};
const TABLE = defineFlags({ first: topic("First", ["serve"], ROWS) });

/** The line of a text that contains a part, without the spaces around it. */
function lineWith(all: string, part: string): string | undefined {
  return all.split("\n").find((line) => line.includes(part))?.trim();
}

Deno.test("flagUsage() is the syntax of a flag", () => {
  assert.equal(flagUsage(ROWS.loop), "--[no]loop");
  assert.equal(flagUsage(ROWS.version), "--version");
  assert.equal(flagUsage(ROWS.port), "--port=N");
  assert.equal(flagUsage(ROWS.mode), "--mode=a|b");
});

Deno.test("flagNotes() are the default, the range and the choices that the syntax does not show", () => {
  assert.equal(flagNotes(ROWS.loop), "default false");
  assert.equal(flagNotes(ROWS.version), "");
  assert.equal(flagNotes(ROWS.port), "default 7; 1 to 9");
  assert.equal(flagNotes(ROWS.mode), "default a");
  assert.equal(flagNotes(ROWS.kind), "default a; a, b");
  assert.equal(flagNotes(ROWS.out), "");
  assert.equal(flagNotes(ROWS.password), "default ***");
});

Deno.test("wrap() breaks lines between words, up to the width, and indents each", () => {
  const wrapped = (text: string) => wrap(text, { width: 5, indent: 2 });
  assert.equal(wrapped("ab cd"), "  ab cd");
  assert.equal(wrapped("ab cde"), "  ab\n  cde");
  assert.equal(wrapped("abcdefgh i"), "  abcdefgh\n  i");
  assert.equal(wrapped("a b c d"), "  a b c\n  d");
  assert.equal(wrapped(""), "  ");
});

Deno.test("flagsHelp() prints the flags whose names contain a word", () => {
  const port = "First\n  --port=N\n      A port. (default 7; 1 to 9)";
  for (const word of ["port", "--po", "-port"]) assert.equal(flagsHelp(TABLE, word), port);
  assert.equal(flagsHelp(TABLE, "xyz"), "");
  assert.equal(flagsHelp(TABLE, "out"), "First\n  --out=FILE\n      A file.");
});

Deno.test("flagsHelp() wraps its lines at 92 characters", () => {
  const helpOf = (length: number) =>
    flagsHelp(
      defineFlags({
        a: topic("A", ["serve"], { x: optionalPath("x", "y".repeat(length - 9) + " z.") }),
      }),
      "x",
    ).split("\n").length;
  assert.deepEqual([helpOf(92), helpOf(93)], [3, 4]);
});

Deno.test("commandHelp() prints the usage, the summary and the flags of a command", () => {
  const help = commandHelp(TABLE, "record");
  assert.equal(
    help,
    "physiology_server record [--flag=value ...]\n\nSave the metrics from Redis to files\n\n" +
      "First\n  --name=TEXT\n      A name. (default x)",
  );
  assert.match(commandHelp(TABLE, "completions"), /^physiology_server completions SHELL \[--flag/);
});

Deno.test("overview() lists every visible command in a column, and the flags of serve", () => {
  const text = overview(TABLE);
  assert.match(text, /\n {2}serve {9}Measure and publish \(the default command\)\n/);
  assert.match(text, /\n {2}check-config {2}Check flags/);
  assert.doesNotMatch(text, /save-default-config/);
  assert.match(text, /\nFirst\n {2}--\[no\]loop\n/);
  assert.doesNotMatch(text, /--name=TEXT/);
});

Deno.test("manualPage() has the commands and every flag with its variable and key, in roff", () => {
  const page = manualPage(TABLE);
  assert.match(page, /\n\.TP\n\.B check\\-config\nCheck flags/);
  assert.match(
    page,
    /\n\.SS First\n\.TP\n\.B \\-\\-\[no\]loop\nDon't \[stop\]: go on\. \(default false\)\n\[PHYSIOLOGY_LOOP\]\n/,
  );
  assert.match(page, /\n\.B \\-\\-version\nPrint it\.\n\.TP\n/);
  assert.match(page, /\nA port\. \(default 7; 1 to 9\)\n\[PHYSIOLOGY_PORT; key port\]\n/);
  assert.match(page, /\nA file\.\n\[PHYSIOLOGY_OUT\]\n/);
});

Deno.test("flagsPage() has a table of the flags of each topic", () => {
  const page = flagsPage(TABLE);
  assert.equal(
    lineWith(page, "--port"),
    "| `--port=N` | default 7; 1 to 9 | `port` | serve | A port. |",
  );
  assert.equal(lineWith(page, "--name"), "| `--name=TEXT` | default x |  | record | A name. |");
  assert.equal(lineWith(page, "--hosts"), "| `--hosts=A\\|B` |  |  | serve | Hosts. |");
  assert.ok(page.endsWith("|\n"));
});

Deno.test("flagsPage() lists up to six commands of a flag, and calls more of them all", () => {
  const commands = ["serve", "devices", "simulate", "validate", "record", "dashboard", "version"];
  for (const [count, cell] of [[6, commands.slice(0, 6).join(", ")], [7, "all"]] as const) {
    const used = commands.slice(0, count) as "serve"[];
    const table = defineFlags({ a: topic("A", used, { x: optionalPath("x", "Help.") }) });
    assert.equal(lineWith(flagsPage(table), "--x"), `| \`--x=FILE\` |  |  | ${cell} | Help. |`);
  }
});

Deno.test("jsonSchema() describes every key of a file, with its default and range", () => {
  assert.deepEqual(jsonSchema(TABLE, FILE), {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "The broker configuration of physiology_server",
    type: "object",
    properties: {
      port: { description: "A port.", type: "integer", minimum: 1, maximum: 9, default: 7 },
      mode: { description: "A mode.", type: "string", enum: ["a", "b"], default: "a" },
      password: {
        description: "A password.",
        type: "string",
        maxLength: 65_536,
        pattern: "^[^\\0]*$",
        default: "hunter2",
      },
    },
    additionalProperties: false,
  });
});

Deno.test("defaultFileText() has the documented keys alone", () => {
  assert.deepEqual(JSON.parse(defaultFileText(TABLE, FILE)), { port: 7, password: "hunter2" });
});

Deno.test("completions() of bash have the flags of each command, and the words that follow it", () => {
  const script = completions(TABLE, "bash");
  const serve = "--loop --version --port= --mode= --kind= --out= --hosts= --password=";
  assert.equal(lineWith(script, " serve)"), `serve) flags='${serve}' ;;`);
  assert.equal(lineWith(script, " record)"), "record) flags='--name=' ;;");
  assert.equal(lineWith(script, " completions)"), "completions) flags='bash zsh fish' ;;");
  assert.match(lineWith(script, " help)") ?? "", /flags='serve up devices .* help'/);
  assert.equal(lineWith(script, " devices)"), "devices) flags='' ;;");
  assert.equal(lineWith(script, "--mode |"), "=--mode | --mode=*) values='a b' ;;");
  assert.equal(lineWith(script, "--port |"), undefined);
});

Deno.test("completions() of fish have a line for each command, flag and word", () => {
  const script = completions(TABLE, "fish");
  const serve = "-n '__fish_use_subcommand; or __fish_seen_subcommand_from serve'";
  const lines = script.split("\n");
  assert.equal(lines[0], "complete -c physiology_server -f");
  for (
    const line of [
      `-n __fish_use_subcommand -a devices -d 'List cameras, their formats, and the flags that select them'`,
      `${serve} -l loop -d 'Don\\'t [stop]: go on.'`,
      `${serve} -l port -x -d 'A port.'`,
      `${serve} -l mode -x -a 'a b' -d 'A mode.'`,
      `${serve} -l out -r -F -d 'A file.'`,
      "-n '__fish_seen_subcommand_from record' -l name -x -d 'A name.'",
      "-n '__fish_seen_subcommand_from completions' -a zsh",
    ]
  ) assert.ok(lines.includes(`complete -c physiology_server ${line}`), line);
  assert.equal(lines.at(-1), "");
});

Deno.test("completions() of zsh have the specification of each flag", () => {
  const script = completions(TABLE, "zsh");
  assert.equal(
    lineWith(script, " serve)"),
    "serve) _arguments '--loop[Don'\\''t \\[stop\\]\\: go on.]' '--version[Print it.]' " +
      "'--port=[A port.]:value: ' '--mode=[A mode.]:value:(a b)' '--kind=[A kind.]:value:(a b)' " +
      "'--out=[A file.]:value:_files' '--hosts=[Hosts.]:value: ' '--password=[A password.]:value: ' ;;",
  );
  assert.equal(
    lineWith(script, " completions)"),
    "completions) _arguments '1:argument:(bash zsh fish)' ;;",
  );
  assert.equal(lineWith(script, " devices)"), "devices) _arguments  ;;");
  assert.equal(lineWith(script, "'record:"), "'record:Save the metrics from Redis to files'");
});

Deno.test("completions() of bash and zsh are valid scripts", () => {
  for (const shell of SHELLS) {
    if (shell === "fish") continue;
    const program = new Deno.Command(shell, { args: ["-n", "-c", completions(TABLE, shell)] });
    try {
      assert.equal(program.outputSync().code, 0, shell);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // the shell is not installed
    }
  }
});
