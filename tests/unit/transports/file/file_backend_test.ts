import assert from "node:assert/strict";
import { BackendError } from "../../../../src/delivery/backend.ts";
import {
  FileBackend,
  type FileBackendContext,
} from "../../../../src/transports/file/file_backend.ts";
import { DEFAULT_FILE_OPTIONS, type FileOptions } from "../../../../src/transports/file/options.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { temporaryFolder, testWithSmallDisk } from "../../../support/folders.ts";
import { ManualClock } from "../../../support/manual_clock.ts";
import { coreMetric, edgeMetric, frame, statusMessage } from "../../../support/messages.ts";
import { waitFor } from "../../../support/wait.ts";

/** A backend in a temporary folder, on a manual clock. */
class Fixture implements AsyncDisposable {
  readonly folder = temporaryFolder();
  readonly base: string;
  readonly clock = new ManualClock();
  readonly log = new CollectingLog();
  readonly changes: boolean[] = [];
  readonly backend: FileBackend;

  constructor(
    options: Partial<FileOptions> = {},
    context: Pick<FileBackendContext, "convertJpeg"> = {},
    base?: string,
  ) {
    this.base = base ?? `${this.folder.path}/output`;
    this.backend = this.another(options, context);
    this.backend.onReady((ready) => void this.changes.push(ready));
  }

  /** Another backend for the same folder. */
  another(
    options: Partial<FileOptions> = {},
    context: Pick<FileBackendContext, "convertJpeg"> = {},
  ): FileBackend {
    const used = { ...DEFAULT_FILE_OPTIONS, ioBufferSize: 0, baseDirectory: this.base, ...options };
    return new FileBackend(used, { clock: this.clock, log: this.log, ...context });
  }

  async start(): Promise<void> {
    this.backend.start();
    await this.when("the folder", () => this.backend.ready);
  }

  /** Waits for a condition without a change of the time. */
  async when(what: string, condition: () => boolean): Promise<void> {
    await waitFor(what, condition, { pollMs: 1 });
  }

  /** Lets a second pass, and waits until its check is done. `backends` of the folder are running. */
  async check({ backends = 1 } = {}): Promise<void> {
    const areAsleep = () => this.clock.sleepers === backends;
    await this.when("the sleep before the check", areAsleep);
    await this.clock.advance(1000);
    await this.when("the end of the check", areAsleep);
  }

  read(name: string): string {
    return Deno.readTextFileSync(`${this.base}/${name}`);
  }

  get names(): string[] {
    return [...Deno.readDirSync(this.base)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

async function errorOf(sending: Promise<unknown>): Promise<BackendError> {
  try {
    await sending;
  } catch (error) {
    assert(error instanceof BackendError, String(error));
    return error;
  }
  throw new Error("It was sent");
}

function lineOf(outgoing: { readonly bytes: Uint8Array }): string {
  return new TextDecoder().decode(outgoing.bytes) + "\n";
}

Deno.test("FileBackend creates its folder, and a file for each topic and the newest frame", async () => {
  await using fixture = new Fixture();
  const { backend } = fixture;
  assert.deepEqual([backend.inOrder, backend.ready, backend.problem], [true, false, undefined]);
  await fixture.start();
  assert.deepEqual(fixture.changes, [true]);
  const [metric, edge, status] = [coreMetric(1), edgeMetric(2), statusMessage("status", 3)];
  for (const outgoing of [metric, edge, status, statusMessage("recording_state", 4)]) {
    assert.deepEqual(await backend.send(outgoing), {});
  }
  await backend.send(frame(1, 500));
  assert.equal(fixture.read("core_metrics.jsonl"), lineOf(metric));
  assert.equal(fixture.read("edge_metrics.jsonl"), lineOf(edge));
  assert.equal(fixture.read("status.jsonl"), lineOf(status));
  assert.deepEqual(Deno.readFileSync(`${fixture.base}/latest.jpg`), frame(1, 500).image.jpeg);
  assert.deepEqual(fixture.names, [
    ".physiology_server.lock",
    "core_metrics.jsonl",
    "edge_metrics.jsonl",
    "latest.jpg",
    "recording_state.jsonl",
    "status.jsonl",
  ]);
  assert.deepEqual(fixture.log.lines, []);
});

Deno.test("FileBackend.flush() writes at once what is collected", async () => {
  await using fixture = new Fixture({ ioBufferSize: 65_536 });
  await fixture.start();
  const sent = fixture.backend.send(coreMetric(1));
  assert.equal(fixture.read("core_metrics.jsonl"), "");
  await fixture.backend.flush();
  assert.notEqual(fixture.read("core_metrics.jsonl"), "");
  await sent;
});

Deno.test("FileBackend converts frames if it is asked to", async () => {
  const convertJpeg = () => Promise.resolve(new TextEncoder().encode("pixels"));
  await using fixture = new Fixture({ frameExtension: "ppm" }, { convertJpeg });
  await fixture.start();
  await fixture.backend.send(frame(1, 500));
  assert.equal(fixture.read("latest.ppm"), "pixels");
});

Deno.test("FileBackend keeps or removes the lines of an earlier run, but never its own", async () => {
  for (const truncateOnInit of [false, true]) {
    await using fixture = new Fixture({ truncateOnInit });
    Deno.mkdirSync(fixture.base);
    const path = `${fixture.base}/status.jsonl`;
    Deno.writeTextFileSync(path, '{"old":1}\n');
    Deno.writeTextFileSync(`${fixture.base}/latest.jpg`, "old");
    await fixture.start();
    const own = statusMessage("status", 1);
    await fixture.backend.send(own);
    const expected = (truncateOnInit ? "" : '{"old":1}\n') + lineOf(own);
    assert.equal(fixture.read("status.jsonl"), expected);
    assert.equal(fixture.names.includes("latest.jpg"), !truncateOnInit);
    // A file that was removed makes it open all of them again.
    Deno.removeSync(`${fixture.base}/edge_metrics.jsonl`);
    await fixture.check();
    await fixture.when("the loss", () => !fixture.backend.ready);
    await fixture.check();
    await fixture.when("the folder", () => fixture.backend.ready);
    assert.equal(fixture.read("status.jsonl"), expected);
  }
});

Deno.test("FileBackend refuses to create a missing folder unless it may, and tries every second", async () => {
  await using fixture = new Fixture({ createIfMissing: false });
  const { backend } = fixture;
  backend.start();
  await fixture.when("the problem", () => backend.problem !== undefined);
  assert.match(backend.problem ?? "", /output: it does not exist: create it$/);
  const error = await errorOf(backend.send(coreMetric(1)));
  assert.deepEqual([error.retriable, error.reason], [true, "not_open"]);
  assert.match(error.message, /The directory is not open/);
  Deno.mkdirSync(fixture.base);
  await fixture.clock.advance(999);
  assert.equal(backend.ready, false);
  await fixture.clock.advance(1);
  await fixture.when("the folder", () => backend.ready);
  assert.deepEqual([backend.problem, fixture.changes], [undefined, [true]]);
  assert.equal(fixture.log.linesWith("Resumed writing to").length, 1);
});

Deno.test("FileBackend ignores slashes at the end of its folder", async () => {
  await using fixture = new Fixture();
  await using second = fixture.another({
    baseDirectory: `${fixture.base}//`,
    createIfMissing: false,
  });
  second.start();
  await fixture.when("the problem", () => second.problem !== undefined);
  assert.match(second.problem ?? "", /\/output: it does not exist/);
});

Deno.test("FileBackend waits while another one uses its folder", async () => {
  await using fixture = new Fixture();
  await fixture.start();
  await using second = fixture.another({ truncateOnInit: false });
  second.start();
  await fixture.when("the problem", () => second.problem !== undefined);
  assert.match(second.problem ?? "", /another physiology_server uses it: choose another/);
  await fixture.check({ backends: 2 });
  assert.equal(second.ready, false);
  await fixture.backend[Symbol.asyncDispose]();
  await fixture.check();
  await fixture.when("the folder", () => second.ready);
});

Deno.test("FileBackend detects within a second that its folder was removed, and opens it again", async () => {
  await using fixture = new Fixture();
  const { backend } = fixture;
  await fixture.start();
  Deno.removeSync(fixture.base, { recursive: true });
  await fixture.check();
  await fixture.when("the loss", () => !backend.ready);
  assert.match(backend.problem ?? "", /does not exist/);
  await fixture.check();
  await fixture.when("the folder", () => backend.ready);
  assert.deepEqual([fixture.changes, backend.problem], [[true, false, true], undefined]);
  await backend.send(coreMetric(1));
  assert.ok(fixture.read("core_metrics.jsonl").length > 0);
});

Deno.test("FileBackend logs a lasting problem every 5 s", async () => {
  await using fixture = new Fixture({ createIfMissing: false });
  const lines = () => fixture.log.linesWith("does not exist").length;
  fixture.backend.start();
  await fixture.when("the line", () => lines() === 1);
  fixture.log.time.nowMs = 4500;
  await fixture.check();
  assert.equal(lines(), 1);
  fixture.log.time.nowMs = 5500;
  await fixture.check();
  await fixture.when("the next line", () => lines() === 2);
});

Deno.test("FileBackend logs every write only with debug logging", async () => {
  for (const enableDebugLogging of [false, true]) {
    await using fixture = new Fixture({ enableDebugLogging });
    await fixture.start();
    await fixture.backend.send(coreMetric(1));
    assert.equal(fixture.log.linesWith("Wrote").length, enableDebugLogging ? 1 : 0);
  }
});

/** Lets the files that are opened meanwhile fail each write with an error, while it is set. */
function failingWrites() {
  const { open } = Deno;
  const state: { error: Error | undefined } & Disposable = {
    error: undefined,
    [Symbol.dispose]: () => {
      Deno.open = open;
    },
  };
  Deno.open = async (...args) => {
    const file = await open(...args);
    const write = file.write.bind(file);
    file.write = (bytes) => state.error ? Promise.reject(state.error) : write(bytes);
    return file;
  };
  return state;
}

Deno.test("FileBackend stays ready on a full disk, and reports it until a metric is written", async () => {
  using writes = failingWrites();
  await using fixture = new Fixture();
  const { backend } = fixture;
  await fixture.start();
  writes.error = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  const error = await errorOf(backend.send(coreMetric(1)));
  assert.deepEqual([error.retriable, error.reason, backend.ready], [true, "disk_full", true]);
  assert.match(backend.problem ?? "", /the disk is full: free some space/);
  writes.error = undefined;
  await backend.send(frame(1, 500));
  assert.match(backend.problem ?? "", /the disk is full/);
  await backend.send(coreMetric(2));
  assert.equal(backend.problem, undefined);
});

Deno.test("FileBackend opens its files again after another error, and reports each change of ready", async () => {
  using writes = failingWrites();
  await using fixture = new Fixture();
  const { backend } = fixture;
  await fixture.start();
  writes.error = new Error("Input/output error");
  const error = await errorOf(backend.send(coreMetric(1)));
  assert.deepEqual([error.retriable, error.reason, backend.ready], [true, "file", false]);
  await errorOf(backend.send(coreMetric(1)));
  assert.deepEqual(fixture.changes, [true, false]);
  writes.error = undefined;
  await fixture.check();
  await fixture.when("the folder", () => backend.ready);
  await backend.send(coreMetric(2));
  assert.deepEqual(fixture.changes, [true, false, true]);
});

Deno.test("FileBackend closes every file and the lock when it is disposed", async () => {
  const openFiles = () => [...Deno.readDirSync("/proc/self/fd")].length;
  await using fixture = new Fixture();
  const before = openFiles();
  await fixture.start();
  // Four files, and the lock.
  assert.equal(openFiles(), before + 5);
  await fixture.backend[Symbol.asyncDispose]();
  assert.equal(openFiles(), before);
  assert.deepEqual([fixture.changes, fixture.backend.ready], [[true, false], false]);
  const unused = fixture.another();
  const changes: boolean[] = [];
  unused.onReady((ready) => void changes.push(ready));
  await unused[Symbol.asyncDispose]();
  assert.deepEqual(changes, []);
});

testWithSmallDisk(
  "FileBackend drops frames on a disk that is almost full, then edge metrics",
  async (disk) => {
    await using fixture = new Fixture({}, {}, `${disk}/output`);
    const { backend } = fixture;
    await fixture.start();
    await fixture.check();
    assert.equal(backend.problem, undefined);
    // A fifth of 1 MiB is kept free of frames, a tenth of edge metrics.
    for (
      const { freeKib, problem, dropped } of [
        { freeKib: 150, problem: /almost full: frames are not written: free/, dropped: ["frame"] },
        {
          freeKib: 50,
          problem: /almost full: frames and edge metrics are not written: free/,
          dropped: ["frame", "edge_metrics"],
        },
      ]
    ) {
      Deno.writeFileSync(`${disk}/ballast`, new Uint8Array((1024 - freeKib) * 1024));
      await fixture.check();
      await fixture.when("the problem", () => problem.test(backend.problem ?? ""));
      const refused: string[] = [];
      for (const outgoing of [frame(1, 100), edgeMetric(1), coreMetric(1)]) {
        await backend.send(outgoing).catch((error: BackendError) => {
          assert.deepEqual([error.retriable, error.reason], [false, "disk_full"]);
          assert.match(error.message, problem);
          refused.push(outgoing.topic);
        });
      }
      assert.deepEqual(refused, dropped);
    }
  },
);
