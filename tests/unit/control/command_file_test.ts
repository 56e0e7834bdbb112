import assert from "node:assert/strict";
import { CommandFile } from "../../../src/control/command_file.ts";
import { MAX_COMMAND_BYTES } from "../../../src/control/commands.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { waitFor } from "../../support/wait.ts";

async function withCommandFile(
  run: (path: string, seen: string[], start: () => void) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/command.jsonl`;
  const seen: string[] = [];
  let file: CommandFile | undefined;
  const start = () => {
    file = new CommandFile({
      path,
      onCommand: (bytes) => seen.push(new TextDecoder().decode(bytes)),
      clock: new SystemClock(),
      log: silentLog,
    });
  };
  try {
    await run(path, seen, start);
  } finally {
    await file?.[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

const append = (path: string, text: string) => Deno.writeTextFile(path, text, { append: true });

Deno.test("CommandFile reads appended lines whole and in order, and skips earlier ones", () =>
  withCommandFile(async (path, seen, start) => {
    await append(path, "old\n");
    start();
    await append(path, "one\ntw");
    await waitFor("the first line", () => seen.length === 1);
    await append(path, "o\n\nthree\n");
    await waitFor("three lines", () => seen.length === 3);
    assert.deepEqual(seen, ["one", "two", "three"]);
  }));

Deno.test("CommandFile reads a created, replaced or truncated file from its beginning", () =>
  withCommandFile(async (path, seen, start) => {
    start();
    await append(path, "created later\n");
    await waitFor("the first line", () => seen.length === 1);
    await append(path + ".new", "replaced\n");
    await Deno.rename(path + ".new", path);
    await waitFor("the second line", () => seen.length === 2);
    await Deno.writeTextFile(path, "cut\n");
    await waitFor("the third line", () => seen.length === 3);
    assert.deepEqual(seen, ["created later", "replaced", "cut"]);
  }));

Deno.test("CommandFile passes on a too large line once, and reads the next line", () =>
  withCommandFile(async (path, seen, start) => {
    start();
    await append(path, "x".repeat(100_000) + "\nnext\n");
    await waitFor("both", () => seen.includes("next"));
    assert.deepEqual(seen.map((line) => line.length), [MAX_COMMAND_BYTES + 1, 4]);
  }));
