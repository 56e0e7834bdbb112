import assert from "node:assert/strict";
import { CommandFile } from "../../../src/control/command_file.ts";
import { MAX_COMMAND_BYTES } from "../../../src/control/commands.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { ManualClock } from "../../support/manual_clock.ts";
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

/** Follows a file on a manual clock, which polls only when the test advances it. */
function followedFile(existing?: string) {
  const folder = temporaryFolder();
  const path = `${folder.path}/command.jsonl`;
  if (existing !== undefined) Deno.writeTextFileSync(path, existing);
  const clock = new ManualClock();
  const log = new CollectingLog();
  const seen: string[] = [];
  const onCommand = (bytes: Uint8Array) => void seen.push(new TextDecoder().decode(bytes));
  const file = new CommandFile({ path, onCommand, clock, log });
  return {
    path,
    clock,
    log,
    seen,
    append: (text: string) => Deno.writeTextFileSync(path, text, { append: true }),
    async [Symbol.asyncDispose]() {
      await file[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

Deno.test("CommandFile polls every 40 ms, and not after it was disposed", async () => {
  const followed = followedFile("old\n");
  await followed.clock.advance(0);
  followed.append("one\n");
  await followed.clock.advance(39);
  assert.deepEqual(followed.seen, []);
  await followed.clock.advance(1);
  assert.deepEqual(followed.seen, ["one"]);
  await followed[Symbol.asyncDispose]();
  await followed.clock.advance(1000);
  assert.deepEqual(followed.seen, ["one"]);
});

Deno.test("CommandFile reads at most 16 KiB per poll", async () => {
  await using followed = followedFile();
  await followed.clock.advance(0);
  followed.append("0123456\n".repeat(4096));
  for (const count of [2048, 4096, 4096]) {
    await followed.clock.advance(40);
    assert.equal(followed.seen.length, count);
  }
});

Deno.test("CommandFile forgets the beginning of a line when the file is replaced or removed", async () => {
  await using followed = followedFile("");
  followed.append("beginning of");
  await followed.clock.advance(40);
  Deno.removeSync(followed.path);
  await followed.clock.advance(40);
  followed.append("new\n");
  await followed.clock.advance(40);
  followed.append("half");
  await followed.clock.advance(40);
  Deno.writeTextFileSync(followed.path, "cut\n");
  await followed.clock.advance(40);
  assert.deepEqual(followed.seen, ["new", "cut"]);
});

Deno.test("CommandFile passes on a line of the maximum size whole, and a longer one only once", async () => {
  await using followed = followedFile("");
  await followed.clock.advance(0);
  followed.append(
    "x".repeat(MAX_COMMAND_BYTES) + "\n" + "y".repeat(MAX_COMMAND_BYTES + 50) + "\nz\n",
  );
  await followed.clock.advance(40);
  assert.deepEqual(followed.seen.map(({ length }) => length), [
    MAX_COMMAND_BYTES,
    MAX_COMMAND_BYTES + 1,
    1,
  ]);
});

Deno.test("CommandFile logs once a minute that it cannot read its file", async () => {
  await using followed = followedFile();
  await followed.clock.advance(0);
  const { openSync } = Deno;
  try {
    Deno.openSync = () => {
      throw new Deno.errors.PermissionDenied("Permission denied");
    };
    followed.append("one\n");
    for (const [nowMs, lines] of [[0, 1], [59_000, 1], [61_000, 2]] as const) {
      followed.log.time.nowMs = nowMs;
      await followed.clock.advance(40);
      assert.equal(followed.log.linesWith("Cannot read").length, lines);
    }
  } finally {
    Deno.openSync = openSync;
  }
  await followed.clock.advance(40);
  assert.deepEqual(followed.seen, ["one"]);
});

/** Sets when a file was modified, and when it was read last: before that, as on an idle system. */
function setTimes(path: string, modifiedS: number, accessedS = modifiedS - 1): void {
  Deno.utimeSync(path, accessedS, modifiedS);
}

const START = '{"recording": true }\n', STOP = '{"recording": false}\n';

Deno.test("CommandFile reads a file that was written anew to the same length or more", async () => {
  await using followed = followedFile(START);
  setTimes(followed.path, 1000);
  await followed.clock.advance(0);
  const write = async (text: string, modifiedS: number) => {
    Deno.writeTextFileSync(followed.path, text);
    setTimes(followed.path, modifiedS);
    await followed.clock.advance(40);
    return followed.seen.splice(0).map((line) => `${line}\n`);
  };
  assert.deepEqual(await write(STOP, 1001), [STOP]);
  assert.deepEqual(await write(STOP, 1002), [STOP]);
  assert.deepEqual(await write(`${START}${STOP}`, 1003), [START, STOP]);
  assert.deepEqual(await write(START + "x".repeat(100) + "\n", 1004), [
    START,
    "x".repeat(100) + "\n",
  ]);
  const long = "y".repeat(50) + "\n";
  assert.deepEqual((await write(long.repeat(200), 1005)).length, 200);
  assert.deepEqual((await write(long.repeat(200), 1006)).length, 200);
});

Deno.test("CommandFile does not repeat the commands of a file that was only touched, or only read", async () => {
  await using followed = followedFile(START);
  setTimes(followed.path, 1000);
  await followed.clock.advance(0);
  followed.append(STOP);
  setTimes(followed.path, 1001);
  await followed.clock.advance(40);
  setTimes(followed.path, 1002, 1002);
  await followed.clock.advance(40);
  setTimes(followed.path, 1002, 1003);
  await followed.clock.advance(40);
  assert.deepEqual(followed.seen, [STOP.trimEnd()]);
});

Deno.test("CommandFile reads what a shell writes by `>`", () =>
  withCommandFile(async (path, seen, start) => {
    await append(path, START);
    start();
    for (const [count, text] of [STOP, START, START].entries()) {
      // The times of a file have a resolution of some milliseconds.
      const { mtime, atime } = await Deno.stat(path);
      const newestMs = Math.max(mtime!.getTime(), atime!.getTime());
      await waitFor("a new tick", () => Date.now() > newestMs + 20);
      await new Deno.Command("sh", { args: ["-c", `printf '${text}' > "$0"`, path] }).output();
      await waitFor("the command", () => seen.length > count);
    }
    assert.deepEqual(seen.map((line) => `${line}\n`), [STOP, START, START]);
  }));

Deno.test("CommandFile reports a path through a file, and reads it once it is there", async () => {
  using folder = temporaryFolder();
  const [parent, clock, log] = [`${folder.path}/a`, new ManualClock(), new CollectingLog()];
  Deno.writeTextFileSync(parent, "");
  const seen: string[] = [];
  await using _file = new CommandFile({
    path: `${parent}/command.jsonl`,
    onCommand: (bytes) => seen.push(new TextDecoder().decode(bytes)),
    clock,
    log,
  });
  assert.equal(log.linesWith(`Cannot read ${parent}/command.jsonl: `).length, 1);
  Deno.removeSync(parent);
  Deno.mkdirSync(parent);
  Deno.writeTextFileSync(`${parent}/command.jsonl`, "one\n");
  await clock.advance(40);
  assert.deepEqual(seen, ["one"]);
});
