import assert from "node:assert/strict";
import { JsonLines, type JsonLinesOptions } from "../../../../src/transports/file/json_lines.ts";
import { DEFAULT_FILE_OPTIONS } from "../../../../src/transports/file/options.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { ManualClock } from "../../../support/manual_clock.ts";
import { replaced } from "../../../support/replace.ts";

/** 2026-11-23T06:31:05.123Z. */
const START_US = Date.UTC(2026, 10, 23, 6, 31, 5, 123) * 1000;

const encoder = new TextEncoder();

/** A JSON Lines file in a temporary folder. */
class Fixture implements AsyncDisposable {
  readonly folder = temporaryFolder();
  readonly path = `${this.folder.path}/core_metrics.jsonl`;
  readonly clock = new ManualClock(START_US);
  readonly lines: JsonLines;

  constructor(options: Partial<JsonLinesOptions> = {}) {
    const used = { ...DEFAULT_FILE_OPTIONS, ioBufferSize: 0, ...options };
    this.lines = new JsonLines(this.path, used, this.clock);
  }

  append(text: string): Promise<void> {
    return this.lines.append(encoder.encode(text));
  }

  get text(): string {
    return Deno.readTextFileSync(this.path);
  }

  get names(): string[] {
    return [...Deno.readDirSync(this.folder.path)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lines[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

Deno.test("JsonLines.open() removes the lines of an earlier run only if it truncates", async () => {
  for (const truncate of [false, true]) {
    await using fixture = new Fixture();
    Deno.writeTextFileSync(fixture.path, '{"a":1}\n');
    await fixture.lines.open({ truncate });
    await fixture.append('{"b":2}');
    assert.equal(fixture.text, (truncate ? "" : '{"a":1}\n') + '{"b":2}\n');
  }
});

Deno.test("JsonLines.open() cuts the torn last line of a crash, and appends after the complete ones", async () => {
  await using fixture = new Fixture();
  Deno.writeTextFileSync(fixture.path, '{"a":1}\n{"b":');
  await fixture.lines.open({ truncate: false });
  assert.equal(fixture.text, '{"a":1}\n');
  await fixture.append('{"c":3}');
  assert.equal(fixture.text, '{"a":1}\n{"c":3}\n');
});

Deno.test("JsonLines.open() again keeps what was written, and closes the former file", async () => {
  await using fixture = new Fixture();
  await fixture.lines.open({ truncate: true });
  await fixture.append("{}");
  const openFiles = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = openFiles();
  await fixture.lines.open({ truncate: false });
  await fixture.append("{}");
  assert.equal(fixture.text, "{}\n{}\n");
  assert.equal(openFiles(), before);
  await fixture.lines[Symbol.asyncDispose]();
  assert.equal(openFiles(), before - 1);
});

Deno.test("JsonLines.append() writes at once when the buffer is full, newlines included", async () => {
  await using fixture = new Fixture({ ioBufferSize: 8 });
  using timers = new HeldTimers();
  await fixture.lines.open({ truncate: true });
  await fixture.append('{"a":1}');
  assert.equal(fixture.text, '{"a":1}\n');
  fixture.append('{"a":}');
  await fixture.clock.advance(0);
  assert.deepEqual([fixture.text, timers.remainingMs], ['{"a":1}\n', [100]]);
  await fixture.append("");
  assert.equal(fixture.text, '{"a":1}\n{"a":}\n\n');
  assert.deepEqual(timers.remainingMs, [], "the timer is cleared");
});

Deno.test("JsonLines.append() writes a line within 100 ms, from the first one that waits", async () => {
  await using fixture = new Fixture({ ioBufferSize: 1000 });
  using timers = new HeldTimers();
  await fixture.lines.open({ truncate: true });
  const first = fixture.append("{}");
  timers.advance(60);
  const second = fixture.append("[]");
  timers.advance(39);
  await fixture.clock.advance(0);
  assert.equal(fixture.text, "");
  timers.advance(1);
  await Promise.all([first, second]);
  assert.equal(fixture.text, "{}\n[]\n");
  const third = fixture.append("1");
  assert.deepEqual(timers.remainingMs, [100]);
  timers.advance(100);
  await third;
});

Deno.test("JsonLines writes the buffered lines when it is flushed or disposed", async () => {
  await using fixture = new Fixture({ ioBufferSize: 1000 });
  using timers = new HeldTimers();
  await fixture.lines.open({ truncate: true });
  const first = fixture.append("1");
  await fixture.lines.flush();
  await first;
  assert.equal(fixture.text, "1\n");
  fixture.append("2");
  await fixture.lines[Symbol.asyncDispose]();
  assert.equal(fixture.text, "1\n2\n");
  assert.deepEqual(timers.remainingMs, []);
});

Deno.test("JsonLines.append() rejects while the file is not open", async () => {
  await using fixture = new Fixture();
  await assert.rejects(fixture.append("{}"), /core_metrics.jsonl: it is not open/);
});

Deno.test("JsonLines.isInPlace() is false once the file was removed or replaced", async () => {
  await using fixture = new Fixture();
  assert.equal(await fixture.lines.isInPlace(), false);
  await fixture.lines.open({ truncate: true });
  assert.equal(await fixture.lines.isInPlace(), true);
  Deno.renameSync(fixture.path, `${fixture.path}.old`);
  assert.equal(await fixture.lines.isInPlace(), false);
  Deno.writeTextFileSync(fixture.path, "");
  assert.equal(await fixture.lines.isInPlace(), false);
});

Deno.test("JsonLines.isInPlace() is true while the file is rotated", async () => {
  await using fixture = new Fixture({ rotateBytes: 10 });
  await fixture.lines.open({ truncate: true });
  await fixture.append('{"line":1}');
  const { rename } = Deno;
  const renamed = Promise.withResolvers<void>(), proceed = Promise.withResolvers<void>();
  using _rename = replaced(Deno, "rename", async (from, to) => {
    await rename(from, to);
    renamed.resolve();
    await proceed.promise;
  });
  const appended = fixture.append('{"line":2}');
  await renamed.promise;
  const inPlace = fixture.lines.isInPlace();
  // Without waiting, the file would be looked up before the rotation has ended.
  const missing = await Deno.stat(fixture.path).catch(() => undefined);
  proceed.resolve();
  await appended;
  assert.deepEqual([missing, await inPlace], [undefined, true]);
  assert.equal(fixture.names.length, 2);
});

Deno.test("JsonLines holds a lock while it writes, if it is asked to", async () => {
  for (const useFileLocking of [false, true]) {
    await using fixture = new Fixture({ useFileLocking });
    await fixture.lines.open({ truncate: true });
    using other = Deno.openSync(fixture.path, { read: true });
    other.lockSync(true);
    const written = fixture.append("{}");
    await settledFile(() => fixture.text !== "");
    assert.equal(fixture.text, useFileLocking ? "" : "{}\n");
    other.unlockSync();
    await settledFile(() => fixture.text !== "", () => fixture.clock.advance(5));
    await written;
    assert.equal(other.tryLockSync(true), true, "it was unlocked");
  }
});

/** Gives file operations up to 50 ms. */
async function settledFile(done: () => boolean, step = () => Promise.resolve()): Promise<void> {
  for (let tries = 0; tries < 50 && !done(); tries++) {
    await step();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("JsonLines writes a batch completely or not at all, and fails the lines behind it too", async () => {
  await using fixture = new Fixture({ useFileLocking: false, ioBufferSize: 5 });
  const { open } = Deno;
  let failing = false;
  const writes: number[] = [];
  Deno.open = async (...args) => {
    const file = await open(...args);
    const write = file.write.bind(file);
    file.write = (bytes) => {
      writes.push(bytes.length);
      // At most three bytes at a time; the second call fails.
      if (failing && writes.length > 1) return Promise.reject(new Error("The disk is full"));
      return write(bytes.subarray(0, 3));
    };
    return file;
  };
  try {
    await fixture.lines.open({ truncate: true });
  } finally {
    Deno.open = open;
  }
  await fixture.append('{"a":1}');
  assert.deepEqual([fixture.text, writes], ['{"a":1}\n', [8, 5, 2]]);
  writes.length = 0;
  failing = true;
  const failed = fixture.append('{"b":2}');
  await Promise.resolve();
  const behind = fixture.append("1");
  const results = await Promise.allSettled([failed, behind]);
  assert.deepEqual(results.map(({ status }) => status), ["rejected", "rejected"]);
  assert.equal(fixture.text, '{"a":1}\n');
  failing = false;
  await fixture.append('{"c":3}');
  assert.equal(fixture.text, '{"a":1}\n{"c":3}\n');
});

Deno.test("JsonLines rotates a file that has reached its size before the next line", async () => {
  await using fixture = new Fixture({ rotateBytes: 10 });
  await fixture.lines.open({ truncate: true });
  await fixture.append("12345678"); // 9 bytes with the newline
  await fixture.append("x");
  assert.deepEqual(fixture.names, ["core_metrics.jsonl"]);
  await fixture.append("y");
  assert.deepEqual(fixture.names, [
    "core_metrics.20261123T063105.123Z.jsonl",
    "core_metrics.jsonl",
  ]);
  const rotated = Deno.readTextFileSync(`${fixture.folder.path}/${fixture.names[0]}`);
  assert.deepEqual([rotated, fixture.text], ["12345678\nx\n", "y\n"]);
});

Deno.test("JsonLines counts the bytes of an earlier run for the rotation", async () => {
  await using fixture = new Fixture({ rotateBytes: 10 });
  Deno.writeTextFileSync(fixture.path, '{"a":123}\n');
  await fixture.lines.open({ truncate: false });
  await fixture.append("{}");
  assert.equal(fixture.text, "{}\n");
});

Deno.test("JsonLines rotates a file of its age, in seconds since it was opened", async () => {
  await using fixture = new Fixture({ rotateSeconds: 60 });
  await fixture.lines.open({ truncate: true });
  await fixture.clock.jump(70_000);
  await fixture.append("1");
  assert.deepEqual(fixture.names, ["core_metrics.jsonl"], "an empty file is not rotated");
  await fixture.append("2");
  assert.deepEqual(fixture.text, "2\n");
  await fixture.clock.jump(59_999);
  await fixture.append("3");
  assert.equal(fixture.names.length, 2);
  await fixture.clock.jump(1);
  await fixture.append("4");
  assert.deepEqual([fixture.names.length, fixture.text], [3, "4\n"]);
});

Deno.test("JsonLines never rotates by default", async () => {
  await using fixture = new Fixture();
  await fixture.lines.open({ truncate: true });
  await fixture.append("1".repeat(100_000));
  await fixture.clock.jump(1e9);
  await fixture.append("2");
  assert.deepEqual(fixture.names, ["core_metrics.jsonl"]);
});

Deno.test("JsonLines keeps the newest rotated files of its own name", async () => {
  for (const rotateKeep of [0, 2]) {
    await using fixture = new Fixture({ rotateBytes: 1, rotateKeep });
    const others = ["core_metrics.notes.jsonl", "status.20200101T000000.000Z.jsonl"];
    for (const name of others) Deno.writeTextFileSync(`${fixture.folder.path}/${name}`, "");
    await fixture.lines.open({ truncate: true });
    for (let count = 0; count <= 4; count++) {
      await fixture.clock.jump(1);
      await fixture.append(`${count}`);
    }
    const rotated = fixture.names.filter((name) => /^core_metrics\.2/.test(name));
    const texts = rotated.map((name) => Deno.readTextFileSync(`${fixture.folder.path}/${name}`));
    assert.deepEqual(texts, rotateKeep === 0 ? [] : ["2\n", "3\n"]);
    assert.equal(fixture.text, "4\n");
    for (const name of others) assert.ok(fixture.names.includes(name), name);
  }
});
