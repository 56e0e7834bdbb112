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

Deno.test("FileBackend writes each envelope as a line and the newest frame as latest.jpg", async () => {
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

Deno.test("FileBackend writes metrics that were offered before the folder was open", async () => {
  using folder = temporaryFolder();
  await using ends = startOutbox(folder.path);
  ends.outbox.offer(coreMetric(1));
  ends.outbox.offer(coreMetric(2));
  const path = `${folder.path}/core_metrics.jsonl`;
  await waitFor("both lines", () => ends.backend.ready && linesOf(path).length === 2);
  assert.deepEqual(sequencesIn(path), [1, 2]);
});

Deno.test("FileBackend keeps the newest numbered frames and continues their numbers after a restart", async () => {
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

Deno.test("FileBackend writes uncompressed frames as pixmaps of the same image", async () => {
  using folder = temporaryFolder();
  const [jpeg] = await cameraJpegs({ count: 1, size: "320x240" });
  const converter = new PixmapConverter();
  const backend = new FileBackend(
    { ...DEFAULT_FILE_OPTIONS, baseDirectory: folder.path, frameExtension: "ppm" },
    { clock, log: silentLog, convertJpeg: (each) => converter.convert(each) },
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
  const { stdout: reference } = await new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-i", `${folder.path}/own.jpg`, "-f", "image2", "-c:v", "ppm", "-"],
  }).output();
  assert.equal(pixmap.length, reference.length);
  const difference = pixmap.reduce((sum, value, at) => sum + Math.abs(value - reference[at]!), 0);
  assert.ok(difference / pixmap.length < 2, `${difference / pixmap.length} levels`);
});

Deno.test("FileBackend removes an incomplete line after a power cut", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/core_metrics.jsonl`;
  const whole = new TextDecoder().decode(coreMetric(1).bytes) + "\n";
  Deno.writeTextFileSync(path, whole + whole.slice(0, 40));
  await using ends = startOutbox(folder.path, { truncateOnInit: false });
  ends.outbox.offer(coreMetric(2));
  await waitFor("the new line", () => ends.backend.ready && linesOf(path).length === 2);
  assert.deepEqual(sequencesIn(path), [1, 2]);
});

Deno.test("FileBackend shows only complete lines to a reader with a shared lock", async () => {
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

Deno.test("FileBackend never shows an incomplete image in latest.jpg", async () => {
  using folder = temporaryFolder();
  await using ends = startOutbox(folder.path);
  await waitFor("the folder", () => ends.backend.ready);
  for (let sequence = 1; sequence <= 100; sequence++) {
    ends.outbox.offer(frame(sequence, 200_000 + sequence));
    await clock.sleep(1);
    const image = await Deno.readFile(`${folder.path}/latest.jpg`).catch(() => undefined);
    if (image) assert.deepEqual([...image.slice(-2)], [0xff, 0xd9]);
  }
});

Deno.test("FileBackend waits while another server uses its folder, and reports it", async () => {
  using folder = temporaryFolder();
  await using second = await (async () => {
    await using first = startOutbox(folder.path);
    await waitFor("the first", () => first.backend.ready);
    const second = startOutbox(folder.path);
    await waitFor("the problem", () => second.outbox.problem);
    assert.match(second.outbox.problem ?? "", /another physiology_server uses it/);
    assert.equal(second.backend.ready, false);
    return second;
  })();
  await waitFor("the second", () => second.backend.ready);
});

Deno.test("FileBackend recreates a removed folder and loses nothing offered since", async () => {
  using folder = temporaryFolder();
  const base = `${folder.path}/output`;
  await using ends = startOutbox(base);
  await waitFor("the folder", () => ends.backend.ready);
  Deno.removeSync(base, { recursive: true });
  await waitFor("detection of the removal", () => !ends.backend.ready, { pollMs: 1 });
  ends.outbox.offer(coreMetric(1));
  await waitFor("the line", () => {
    return ends.backend.ready && linesOf(`${base}/core_metrics.jsonl`).length === 1;
  });
});

Deno.test("FileBackend rotates files by size and keeps the newest", async () => {
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
  "FileBackend drops frames first and core metrics last on a full disk, and recovers with space",
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
    assert.match(ends.outbox.problem ?? "", /almost full: frames are not written/);
    assert.equal(drops("metric"), 0);

    await waitFor("a full disk", () => {
      offerAll();
      return /the disk is full/.test(ends.outbox.problem ?? "");
    }, { pollMs: 1, timeoutMs: 20_000 });
    assert.ok(drops("metric") > 0, "edge metrics are dropped before core metrics");
    linesOf(path);

    Deno.removeSync(`${disk}/ballast`);
    await waitFor("all core metrics", () => linesOf(path).length === sequence, {
      timeoutMs: 20_000,
    });
    assert.deepEqual(sequencesIn(path), sequencesIn(path).map((_, index) => index + 1));
    await waitFor("recovery", () => ends.outbox.problem === undefined);
    const framesBefore = ends.counters.get("outbox_sent_total", { class: "frame" });
    await waitFor("frames", () => {
      offerAll();
      return ends.counters.get("outbox_sent_total", { class: "frame" }) > framesBefore;
    });
  },
);

testWithSmallDisk(
  "FileBackend reports a read-only disk and continues once it is writable",
  async (disk) => {
    const path = `${disk}/output/core_metrics.jsonl`;
    const remount = (how: string) =>
      new Deno.Command("mount", { args: ["-o", `remount,${how}`, disk] }).outputSync().success;
    assert.ok(remount("ro"));
    await using ends = startOutbox(`${disk}/output`);
    ends.outbox.offer(coreMetric(1));
    await waitFor("the problem", () => /read-only/.test(ends.outbox.problem ?? ""));
    assert.ok(remount("rw"));
    await waitFor("the line", () => ends.backend.ready && linesOf(path).length === 1);
    assert.deepEqual(sequencesIn(path), [1]);
    assert.equal(ends.outbox.problem, undefined);
  },
);
