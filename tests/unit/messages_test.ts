import assert from "node:assert/strict";
import { STATUS_TABLE } from "../../src/vitals/condition/status_table.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PAGE = Deno.readTextFileSync(`${ROOT}docs/DEVICE.md`).replaceAll(/\s+/g, " ");

/** The rooms that run on a device; `validate` and its kind are for a desk. */
const ROOMS = [
  "launcher",
  "main.ts",
  "src/capture",
  "src/commands/compose",
  "src/commands/install",
  "src/commands/install.ts",
  "src/commands/serve.ts",
  "src/commands/uninstall.ts",
  "src/config",
  "src/control",
  "src/envelope",
  "src/ipc",
  "src/telemetry",
  "src/vision",
];

function* sourcesIn(path: string): Generator<string> {
  if (Deno.statSync(path).isFile) {
    if (/\.(ts|c)$/.test(path)) yield path;
    return;
  }
  for (const { name } of Deno.readDirSync(path)) {
    if (name !== "build") yield* sourcesIn(`${path}/${name}`);
  }
}

const LITERAL = String.raw`("(?:\\.|[^"\\\n])*"|` + "`(?:\\\\.|[^`\\\\])*`)";
/** What is said: errors with a class for users, warnings of the log, and sentences kept in tables. */
const SAYINGS = [
  String.raw`new (?:UsageError|ConfigError|UnavailableError|SourceError)\(\s*`,
  String.raw`\b(?:warning|error)\(\s*`,
  String.raw`"(?:warning|error)",\s*`,
  String.raw`\bfail\(\s*(?:EXIT_\w+|\d+),\s*`,
  String.raw`(?<!new \w*Error\(\s*)(?=["` + "`]Cannot )",
].map((start) => new RegExp(start + LITERAL, "g"));

/** The first words of a message that say more than "Cannot use". */
function tellingPart(literal: string): string | undefined {
  return literal.slice(1, -1).replaceAll("\\n", "").split(/\$\{[^}]*\}?|%[.*\w]+|: |@/)
    .map((part) => part.trim()).find((part) => part.length >= 12);
}

Deno.test("each message that a device may show is found in docs/DEVICE.md", () => {
  const missing = new Map<string, string>();
  for (const room of ROOMS) {
    for (const path of sourcesIn(ROOT + room)) {
      const text = Deno.readTextFileSync(path).replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "");
      for (const saying of SAYINGS) {
        for (const [, literal] of text.matchAll(saying)) {
          const part = tellingPart(literal ?? "");
          if (part && !PAGE.includes(part)) missing.set(part, path.slice(ROOT.length));
        }
      }
    }
  }
  assert.deepEqual(Object.fromEntries(missing), {}, "These want a row in docs/DEVICE.md");
});

Deno.test("each status and each reason for a missing number is found there too", () => {
  const reasons = Deno.readTextFileSync(`${ROOT}src/vitals/estimate.ts`)
    .match(/export type Withheld =[^;]*/)?.[0].match(/\w+(?=")/g) ?? [];
  assert(reasons.length > 5);
  for (const word of [...Object.keys(STATUS_TABLE), ...reasons]) assert(PAGE.includes(word), word);
});
