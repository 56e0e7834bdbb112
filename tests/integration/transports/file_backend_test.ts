import assert from "node:assert/strict";
import { PixmapConverter } from "../../../ffi/jpeg_rgb.ts";
import { FileBackend } from "../../../src/transports/file/file_backend.ts";
import { DEFAULT_FILE_OPTIONS, type FileOptions } from "../../../src/transports/file/options.ts";
import { Outbox } from "../../../src/delivery/outbox.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { clock, coreMetric, edgeMetric, frame } from "../../support/messages.ts";
import { cameraJpegs } from "../../support/camera_jpegs.ts";
import { temporaryFolder, testWithSmallDisk } from "../../support/folders.ts";
import { waitFor } from "../../support/wait.ts";

function startOutbox(baseDirectory: string, more: Partial<FileOptions> = {}) {
  const counters = new Counters();
  const options = { ...DEFAULT_FILE_OPTIONS, baseDirectory, ...more };
  const backend = new FileBackend(options, { clock, log: silentLog });
  const outbox = new Outbox(backend, { clock, counters, log: silentLog });
  outbox.start();
  return {
    outbox,
    backend,
    counters,
    [Symbol.asyncDispose]: () => outbox[Symbol.asyncDispose](),
  };
}

function linesOf(path: string): { payload: { metadata: { sequence: number } } }[] {
  const text = Deno.readTextFileSync(path);
  assert.ok(text === "" || text.endsWith("\n"));
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

function sequencesIn(path: string): number[] {
  return linesOf(path).map(({ payload }) => payload.metadata.sequence);
}

Deno.test("each envelope is a line of its file, and the newest picture is latest.jpg", async () => {
  using folder = temporaryFolder();
  const base = `${folder.path}/made/by/the/server`;
  {
    await using ends = startOutbox(base);
    await waitFor("the folder", () => ends.backend.ready);
    for (let sequence = 1; sequence <= 20; sequence++) {
      ends.outbox.offer(coreMetric(sequence));
      ends.outbox.offer(edgeMetric(sequence));
    }
    ends.outbox.offer(frame(1));
    await waitFor("a frame", () => ends.counters.get("outbox_sent_total", { class: "frame" }));
    await ends.outbox.flush(1000);
  }
  const expected = Array.from({ length: 20 }, (_, index) => index + 1);
  assert.deepEqual(sequencesIn(`${base}/core_metrics.jsonl`), expected);
  assert.deepEqual(sequencesIn(`${base}/edge_metrics.jsonl`), expected);
  assert.deepEqual(Deno.readFileSync(`${base}/latest.jpg`), frame(1).image.jpeg);
  assert.equal(Deno.statSync(`${base}/status.jsonl`).size, 0);
});

Deno.test("metrics offered before the folder is open are not lost", async () => {
  using folder = temporaryFolder();
  await using ends = startOutbox(folder.path);
  ends.outbox.offer(coreMetric(1));
  ends.outbox.offer(coreMetric(2));
  const path = `${folder.path}/core_metrics.jsonl`;
  await waitFor("both lines", () => ends.backend.ready && linesOf(path).length === 2);
  assert.deepEqual(sequencesIn(path), [1, 2]);
});

Deno.test("numbered frames are kept to their count, and go on after a restart", async () => {
  using folder = temporaryFolder();
  const namesOf = () =>
    [...Deno.readDirSync(folder.path)].map(({ name }) => name).filter((name) =>
      name.startsWith("frame_")
    ).sort();
  for (const [first, truncateOnInit] of [[1, true], [1, false]] as const) {
    await using ends = startOutbox(folder.path, { maxFrameCount: 3, truncateOnInit });
    await waitFor("the folder", () => ends.backend.ready);
    for (let sequence = first; sequence < first + 5; sequence++) {
      ends.outbox.offer(frame(sequence));
      const sent = sequence - first + 1;
      await waitFor(
        "the frame",
        () => ends.counters.get("outbox_sent_total", { class: "frame" }) === sent,
      );
    }
  }
  assert.deepEqual(namesOf(), [
    "frame_000000000008.jpg",
    "frame_000000000009.jpg",
    "frame_000000000010.jpg",
  ]);
});

Deno.test("frames that are not compressed are pixmaps of the same picture", async () => {
  using folder = temporaryFolder();
  const [jpeg] = await cameraJpegs({ count: 1, size: "320x240" });
  const converter = new PixmapConverter();
  const backend = new FileBackend(
    { ...DEFAULT_FILE_OPTIONS, baseDirectory: folder.path, frameExtension: "ppm" },
    { clock, log: silentLog, uncompressed: (each) => converter.convert(each) },
  );
  await using _backend = backend;
  backend.start();
  await waitFor("the folder", () => backend.ready);
  const outgoing = frame(1);
  await backend.send({ ...outgoing, image: { ...outgoing.image, jpeg: jpeg! } });
  const pixmap = Deno.readFileSync(`${folder.path}/latest.ppm`);
  const head = "P6\n320 240\n255\n";
  assert.equal(new TextDecoder().decode(pixmap.subarray(0, head.length)), head);
  Deno.writeFileSync(`${folder.path}/own.jpg`, jpeg!);
  const { stdout: theirs } = await new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-i", `${folder.path}/own.jpg`, "-f", "image2", "-c:v", "ppm", "-"],
  }).output();
  assert.equal(pixmap.length, theirs.length);
  const difference = pixmap.reduce((sum, value, at) => sum + Math.abs(value - theirs[at]!), 0);
  assert.ok(difference / pixmap.length < 2, `${difference / pixmap.length} levels`);
});

Deno.test("half a line that a power cut left is gone after the next start", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/core_metrics.jsonl`;
  const whole = new TextDecoder().decode(coreMetric(1).bytes) + "\n";
  Deno.writeTextFileSync(path, whole + whole.slice(0, 40));
  await using ends = startOutbox(folder.path, { truncateOnInit: false });
  ends.outbox.offer(coreMetric(2));
  await waitFor("the new line", () => ends.backend.ready && linesOf(path).length === 2);
  assert.deepEqual(sequencesIn(path), [1, 2]);
});

Deno.test("a reader that holds a shared lock sees whole lines only, while the server writes", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/core_metrics.jsonl`;
  await using ends = startOutbox(folder.path, { ioBufferSize: 20_000 });
  await waitFor("the folder", () => ends.backend.ready);
  const countLines = async () => {
    using file = Deno.openSync(path);
    await file.lock(false);
    const { length } = linesOf(path);
    await file.unlock();
    return length;
  };
  for (let sequence = 1; sequence <= 2000; sequence++) {
    ends.outbox.offer(coreMetric(sequence));
    if (sequence % 100 === 0) await countLines();
  }
  await waitFor("all lines", async () => await countLines() === 2000);
});

Deno.test("a reader of latest.jpg never sees part of a picture", async () => {
  using folder = temporaryFolder();
  await using ends = startOutbox(folder.path);
  await waitFor("the folder", () => ends.backend.ready);
  for (let sequence = 1; sequence <= 100; sequence++) {
    ends.outbox.offer(frame(sequence, 200_000 + sequence));
    await clock.sleep(1);
    const picture = await Deno.readFile(`${folder.path}/latest.jpg`).catch(() => undefined);
    if (picture) assert.deepEqual([...picture.slice(-2)], [0xff, 0xd9]);
  }
});

Deno.test("a second server in one folder waits, and says why", async () => {
  using folder = temporaryFolder();
  await using second = await (async () => {
    await using first = startOutbox(folder.path);
    await waitFor("the first", () => first.backend.ready);
    const second = startOutbox(folder.path);
    await waitFor("the trouble", () => second.outbox.trouble);
    assert.match(second.outbox.trouble ?? "", /another physiology_server writes there/);
    assert.equal(second.backend.ready, false);
    return second;
  })();
  await waitFor("its turn", () => second.backend.ready);
});

Deno.test("a folder that is removed is made again, and nothing offered since is lost", async () => {
  using folder = temporaryFolder();
  const base = `${folder.path}/output`;
  await using ends = startOutbox(base);
  await waitFor("the folder", () => ends.backend.ready);
  Deno.removeSync(base, { recursive: true });
  await waitFor("the loss to be noticed", () => !ends.backend.ready, { pollMs: 1 });
  ends.outbox.offer(coreMetric(1));
  await waitFor("the line", () => {
    return ends.backend.ready && linesOf(`${base}/core_metrics.jsonl`).length === 1;
  });
});

Deno.test("a file grown too large is put aside whole, and only the newest few are kept", async () => {
  using folder = temporaryFolder();
  await using ends = startOutbox(folder.path, {
    rotateBytes: 5000,
    rotateKeep: 2,
    ioBufferSize: 1,
  });
  await waitFor("the folder", () => ends.backend.ready);
  for (let sequence = 1; sequence <= 200; sequence++) {
    ends.outbox.offer(coreMetric(sequence));
    await clock.sleep(1); // file names have a resolution of 1 ms
  }
  await ends.outbox.flush(2000);
  const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name)
    .filter((name) => name.startsWith("core_metrics")).sort();
  assert.equal(names.length, 3);
  const sequences = names.flatMap((name) => sequencesIn(`${folder.path}/${name}`));
  assert.equal(sequences.at(-1), 200);
  assert.deepEqual(sequences, sequences.map((_, index) => 200 - sequences.length + 1 + index));
});

testWithSmallDisk(
  "on a full disk frames stop first, core metrics last, and all comes back with the space",
  async (disk) => {
    const path = `${disk}/output/core_metrics.jsonl`;
    await using ends = startOutbox(`${disk}/output`);
    await waitFor("the folder", () => ends.backend.ready);
    const drops = (kind: string) =>
      ends.counters.get("outbox_dropped_total", { class: kind, reason: "disk_full" });
    let sequence = 0;
    const offerAll = () => {
      ends.outbox.offer(coreMetric(++sequence));
      ends.outbox.offer(edgeMetric(sequence));
      ends.outbox.offer(frame(sequence, 5000));
    };

    Deno.writeFileSync(`${disk}/ballast`, new Uint8Array(830 * 1024));
    await waitFor("dropped frames", () => {
      offerAll();
      return drops("frame") > 0;
    }, { pollMs: 50 });
    assert.match(ends.outbox.trouble ?? "", /almost full: frames are not written/);
    assert.equal(drops("metric"), 0);

    await waitFor("a full disk", () => {
      offerAll();
      return /the disk is full/.test(ends.outbox.trouble ?? "");
    }, { pollMs: 1, timeoutMs: 20_000 });
    assert.ok(drops("metric") > 0, "edge metrics stop before core metrics");
    linesOf(path);

    Deno.removeSync(`${disk}/ballast`);
    await waitFor("all core metrics", () => linesOf(path).length === sequence, {
      timeoutMs: 20_000,
    });
    assert.deepEqual(sequencesIn(path), sequencesIn(path).map((_, index) => index + 1));
    await waitFor("no trouble", () => ends.outbox.trouble === undefined);
    const framesBefore = ends.counters.get("outbox_sent_total", { class: "frame" });
    await waitFor("frames", () => {
      offerAll();
      return ends.counters.get("outbox_sent_total", { class: "frame" }) > framesBefore;
    });
  },
);

testWithSmallDisk(
  "a disk that is read-only is told, and used once it can be written",
  async (disk) => {
    const path = `${disk}/output/core_metrics.jsonl`;
    const remount = (how: string) =>
      new Deno.Command("mount", { args: ["-o", `remount,${how}`, disk] }).outputSync().success;
    assert.ok(remount("ro"));
    await using ends = startOutbox(`${disk}/output`);
    ends.outbox.offer(coreMetric(1));
    await waitFor("the trouble", () => /read-only/.test(ends.outbox.trouble ?? ""));
    assert.ok(remount("rw"));
    await waitFor("the line", () => ends.backend.ready && linesOf(path).length === 1);
    assert.deepEqual(sequencesIn(path), [1]);
    assert.equal(ends.outbox.trouble, undefined);
  },
);
