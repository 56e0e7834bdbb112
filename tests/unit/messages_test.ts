import assert from "node:assert/strict";
import { WITHHELD_REASONS } from "../../src/vitals/withheld.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PAGE_PATH = "docs/TROUBLESHOOTING.md";
const PAGE = Deno.readTextFileSync(ROOT + PAGE_PATH).replaceAll(/\s+/g, " ");

/** Code that runs on a device; commands such as `validate` and `record` run elsewhere. */
const SOURCES = [
  "ffi/camera.ts",
  "ffi/lsl.ts",
  "ffi/native",
  "launcher",
  "main.ts",
  "src/alarms",
  "src/app",
  "src/capture",
  "src/commands/install.ts",
  "src/commands/serve.ts",
  "src/commands/uninstall.ts",
  "src/config",
  "src/control",
  "src/database",
  "src/delivery",
  "src/envelopes",
  "src/frames",
  "src/installation",
  "src/telemetry",
  "src/transports",
  "src/vision",
  "src/web",
];

/** Folders whose messages never reach a user of the device. */
const EXCLUDED_FOLDERS = ["acl", "build", "gen", "page", "tests"];
/** The only native code whose messages are shown as they are: that of the camera. */
const EXCLUDED_FILES = /^ffi\/native\/(?!camera|v4l2)|^src\/envelopes\/render\//;

function* sourceFiles(path: string): Generator<string> {
  if (Deno.statSync(ROOT + path).isFile) {
    if (/\.(ts|c)$/.test(path) && !EXCLUDED_FILES.test(path)) yield path;
    return;
  }
  for (const { name } of Deno.readDirSync(ROOT + path)) {
    if (!EXCLUDED_FOLDERS.includes(name)) yield* sourceFiles(`${path}/${name}`);
  }
}

const LITERAL = String.raw`("(?:\\.|[^"\\\n])*"|` + "`(?:\\\\.|[^`\\\\])*`)";
/** What precedes a message: the error classes for users, the log, tables, and failures in C. */
const MESSAGE_PATTERNS = [
  String.raw`new (?:Usage|Config|Unavailable|Source|Backend)Error\(\s*`,
  String.raw`\.(?:info|warning|error)\(\s*`,
  String.raw`"(?:info|warning|error)",\s*`,
  String.raw`\btext:\s*`,
  String.raw`fail\(\s*\w+,\s*`,
  String.raw`(?<!new \w*Error\(\s*)(?=["` + "`]Cannot )",
].map((start) => new RegExp(start + LITERAL, "g"));

/** Removes comments and joins literals that are concatenated over several lines. */
function readSource(path: string): string {
  return Deno.readTextFileSync(ROOT + path)
    .replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "")
    .replaceAll(/" \+\s*"/g, "")
    .replaceAll(/` \+\s*`/g, "");
}

/** Returns the first part of a message without values that is long enough to search for. */
function searchablePart(literal: string): string | undefined {
  return literal.slice(1, -1).replaceAll("\\n", "").split(/\$\{[^}]*\}?|%[.*\w]+|: |@/)
    .map((part) => part.trim()).find((part) => part.length >= 12);
}

Deno.test(`${PAGE_PATH} contains every message that a device can show`, () => {
  const missing = new Map<string, string>();
  for (const path of SOURCES.flatMap((source) => [...sourceFiles(source)])) {
    const text = readSource(path);
    for (const pattern of MESSAGE_PATTERNS) {
      for (const [, literal = ""] of text.matchAll(pattern)) {
        const part = searchablePart(literal);
        if (part && !PAGE.includes(part)) missing.set(part, path);
      }
    }
  }
  assert.deepEqual(Object.fromEntries(missing), {}, `Add these messages to ${PAGE_PATH}`);
});

Deno.test(`${PAGE_PATH} contains every reason for a withheld value`, () => {
  for (const name of Object.keys(WITHHELD_REASONS)) {
    assert(PAGE.includes(`\`${name}\``), name);
  }
});
