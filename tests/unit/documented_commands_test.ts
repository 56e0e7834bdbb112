import assert from "node:assert/strict";
import { FLAGS, load } from "../../src/app/flags.ts";
import { ExitError } from "../../src/base/errors.ts";
import { withProvision } from "../../src/installation/provision.ts";
import { trackedMarkdown } from "../support/markdown.ts";

const ROOT = new URL("../../", import.meta.url);

interface DocumentedCommand {
  /** The document and the command in one line. */
  readonly title: string;
  readonly argv: readonly string[];
}

/** Returns the lines of code blocks, fenced or indented, with continued lines joined. */
function codeLines(markdown: string): string[] {
  let inFence = false;
  return markdown.replaceAll(/\\\n\s*/g, " ").split("\n").filter((line) => {
    const isFence = /^\s*```/.test(line);
    if (isFence) inFence = !inFence;
    return !isFence && (inFence || /^ {4}/.test(line));
  });
}

/** Splits a command of a shell into words, up to a comment, a pipe or another command. */
function wordsOf(command: string): string[] {
  const [simple = ""] = /^(?:'[^']*'|"(?:\\.|[^"\\])*"|(?!\s#|[|;&<>]).)*/s.exec(command) ?? [];
  const words = simple.match(/(?:'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"])+/gs) ?? [];
  return words.map((word) =>
    word.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"/gs, (_whole, single, double) => single ?? double)
  );
}

/** A word that stands for flags of the reader, without which a command is not complete. */
const PLACEHOLDER = /^(\.\.\.|FLAGS)$/;
const START = /^\s*(?:sudo )?(?:\S*\/)?physiology_server(?:-linux-\w+)? /;

function documentedCommands(): DocumentedCommand[] {
  return trackedMarkdown().flatMap((document) =>
    codeLines(Deno.readTextFileSync(new URL(document, ROOT))).flatMap((line) => {
      const start = START.exec(line)?.[0];
      if (start === undefined) return [];
      const argv = wordsOf(line.slice(start.length));
      // The launcher takes --unpack_to itself, before the program starts.
      const isLaunched = !argv[0]?.startsWith("--unpack_to=");
      if (argv.length === 0 || !isLaunched || argv.some((word) => PLACEHOLDER.test(word))) {
        return [];
      }
      return [{ title: `${document}: ${argv.join(" ")}`, argv }];
    })
  );
}

/** The example of a file for --provision, which has a device of this host name. */
const [PROVISION = ""] = /(?<=```json\n)\{\n {2}"\*": .*?(?=```)/s.exec(
  Deno.readTextFileSync(new URL("docs/FLEET.md", ROOT)),
) ?? [];
const HOST_NAME = "pi-1";

/** Reads any file that a flag names, as on a device where each exists. */
function readText(path: string): string {
  if (path === "devices.json") return PROVISION;
  if (path.endsWith("/hostname")) return HOST_NAME;
  if (path.endsWith(".json")) return "{}";
  return path.includes("url") ? "rtsps://camera:8322/stream" : "owl-7-owl-7-owl-7-owl-7";
}

function settingsFor(argv: readonly string[]) {
  return load(argv, { env: {}, readText });
}

/** Returns the message with which the program refuses a command; undefined if it accepts it. */
function refusal(argv: readonly string[]): string | undefined {
  try {
    settingsFor(argv);
    return undefined;
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    return error.message;
  }
}

Deno.test("wordsOf() splits as a shell does, up to the end of the command", () => {
  assert.deepEqual(wordsOf(`--a='b c' --d="e f" g#h  # comment`), ["--a=b c", "--d=e f", "g#h"]);
  for (const end of [" | grep x", "; x", " && x", " &", " >file"]) {
    assert.deepEqual(wordsOf(`--a${end}`), ["--a"]);
  }
});

Deno.test("every command in a document has known flags and values that the program accepts", () => {
  const commands = documentedCommands();
  assert(commands.length > 50, `${commands.length}`);
  const refused = commands.flatMap(({ title, argv }) => {
    const message = refusal(argv);
    return message === undefined ? [] : [`${title}: ${message}`];
  });
  assert.deepEqual(refused, []);
});

Deno.test("every documented start and installation keeps the rules of check-config", () => {
  const refused = documentedCommands().flatMap(({ title, argv }) => {
    if (refusal(argv) !== undefined) return []; // The other test reports it.
    const { command, settings } = settingsFor(argv);
    if (command !== "serve" && command !== "install") return [];
    const flags = withProvision(FLAGS, argv, { readText }).filter((word) =>
      word !== "install" && !/^--(instance|provision)=/.test(word)
    );
    // `install` adds a camera if no flag selects an input.
    const input = command === "install" && !settings.camera.use ? ["--use_camera"] : [];
    const message = refusal(["check-config", ...flags, ...input]);
    return message === undefined ? [] : [`${title}: ${message}`];
  });
  assert.deepEqual(refused, []);
});
