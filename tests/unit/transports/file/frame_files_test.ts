import assert from "node:assert/strict";
import { FrameFiles, type FrameFilesOptions } from "../../../../src/transports/file/frame_files.ts";
import { DEFAULT_FILE_OPTIONS } from "../../../../src/transports/file/options.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { clock, frame } from "../../../support/messages.ts";

class Fixture implements Disposable {
  readonly folder = temporaryFolder();
  readonly latest = `${this.folder.path}/latest.jpg`;
  readonly frames: FrameFiles;

  constructor(
    options: Partial<FrameFilesOptions> = {},
    convertJpeg?: (jpeg: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>,
  ) {
    const { path: baseDirectory } = this.folder;
    this.frames = new FrameFiles({ ...DEFAULT_FILE_OPTIONS, baseDirectory, ...options }, {
      clock,
      convertJpeg,
    });
  }

  get names(): string[] {
    return [...Deno.readDirSync(this.folder.path)].map(({ name }) => name).sort();
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

/** Images of different sizes, so that one written over another is neither. */
const images = [3000, 2000, 4000].map((bytes, sequence) => frame(sequence, bytes).image);

for (const useFileLocking of [false, true]) {
  Deno.test(`FrameFiles replaces latest.jpg while a reader has it open, ${useFileLocking ? "with" : "without"} locks`, async () => {
    using fixture = new Fixture({ useFileLocking });
    await fixture.frames.open({ truncate: true });
    for (const image of images) {
      const before = fixture.names.length > 0 ? Deno.readFileSync(fixture.latest) : undefined;
      using reader = before && Deno.openSync(fixture.latest);
      await fixture.frames.write(image);
      assert.deepEqual(Deno.readFileSync(fixture.latest), image.jpeg);
      if (!reader) continue;
      const seen = new Uint8Array(10_000);
      assert.deepEqual(seen.subarray(0, reader.readSync(seen)!), before);
    }
    assert.deepEqual(fixture.names, ["latest.jpg"]);
  });
}

Deno.test("FrameFiles keeps latest.jpg and removes its temporary file if a frame cannot be written", async () => {
  using fixture = new Fixture();
  await fixture.frames.open({ truncate: true });
  await fixture.frames.write(images[0]!);
  const { open } = Deno;
  try {
    Deno.open = async (...args) => {
      const file = await open(...args);
      const { write } = file;
      let writes = 0;
      file.write = (bytes) =>
        ++writes === 1
          ? write.call(file, bytes.subarray(0, 5))
          : Promise.reject(new Deno.errors.WriteZero("The disk is full"));
      return file;
    };
    await assert.rejects(fixture.frames.write(images[1]!), /The disk is full/);
  } finally {
    Deno.open = open;
  }
  assert.deepEqual(fixture.names, ["latest.jpg"]);
  assert.deepEqual(Deno.readFileSync(fixture.latest), images[0]!.jpeg);
});

Deno.test("FrameFiles keeps the content of a numbered frame when the next one is written", async () => {
  using fixture = new Fixture({ maxFrameCount: 2 });
  await fixture.frames.open({ truncate: true });
  for (const image of images) await fixture.frames.write(image);
  assert.deepEqual(fixture.names, [
    "frame_000000000001.jpg",
    "frame_000000000002.jpg",
    "latest.jpg",
  ]);
  for (const n of [1, 2]) {
    const content = Deno.readFileSync(`${fixture.folder.path}/frame_00000000000${n}.jpg`);
    assert.deepEqual(content, images[n]!.jpeg);
  }
});

Deno.test("FrameFiles.open() removes the frames of an earlier run only if it truncates", async () => {
  for (const truncate of [false, true]) {
    using fixture = new Fixture({ maxFrameCount: 2 });
    const earlier = [
      ".latest.jpg.tmp",
      "frame_000000000007.jpg",
      "frame_000000000008.jpg",
      "frame_000000000009.jpg",
      "latest.jpg",
      "notes.jpg",
    ];
    for (const name of earlier) Deno.writeTextFileSync(`${fixture.folder.path}/${name}`, name);
    await fixture.frames.open({ truncate });
    const kept = truncate
      ? ["notes.jpg"]
      : ["frame_000000000008.jpg", "frame_000000000009.jpg", "latest.jpg", "notes.jpg"];
    assert.deepEqual(fixture.names, kept);
  }
});

Deno.test("FrameFiles writes frames in the order of the calls, and continues after a failed conversion", async () => {
  const waiting: PromiseWithResolvers<Uint8Array<ArrayBuffer>>[] = [];
  using fixture = new Fixture({}, () => {
    const conversion = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    waiting.push(conversion);
    return conversion.promise;
  });
  await fixture.frames.open({ truncate: true });
  const written = images.map((image) => fixture.frames.write(image));
  const results = Promise.allSettled(written);
  for (const [index, image] of images.entries()) {
    while (waiting.length <= index) await Promise.race([written[index - 1], clock.sleep(1)]);
    if (index === 1) waiting[index]!.reject(new Error("No JPEG"));
    else waiting[index]!.resolve(image.jpeg);
    await written[index]!.catch(() => {});
  }
  assert.deepEqual((await results).map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  assert.deepEqual(Deno.readFileSync(fixture.latest), images[2]!.jpeg);
});

Deno.test("FrameFiles numbers frames by their sequence, and counts on if that falls behind", async () => {
  using fixture = new Fixture({ maxFrameCount: 10 });
  await fixture.frames.open({ truncate: true });
  for (const sequence of [0, 5, 5, 2]) await fixture.frames.write(frame(sequence, 100).image);
  assert.deepEqual(
    fixture.names.slice(0, -1),
    [0, 5, 6, 7].map((number) => `frame_00000000000${number}.jpg`),
  );
});

Deno.test("FrameFiles counts on after the frames of an earlier run, by number and not by text", async () => {
  using fixture = new Fixture({ maxFrameCount: 2 });
  for (const name of ["frame_999999999999.jpg", "frame_1000000000000.jpg", "frame_7.jpg"]) {
    Deno.writeTextFileSync(`${fixture.folder.path}/${name}`, "");
  }
  await fixture.frames.open({ truncate: false });
  await fixture.frames.write(frame(1, 100).image);
  assert.deepEqual(fixture.names, [
    "frame_1000000000000.jpg",
    "frame_1000000000001.jpg",
    "frame_7.jpg",
    "latest.jpg",
  ]);
});

Deno.test("FrameFiles accepts an extension with a dot, and only its own files", async () => {
  using fixture = new Fixture({ maxFrameCount: 1, frameExtension: ".jpg" });
  Deno.writeTextFileSync(`${fixture.folder.path}/frame_000000000001.png`, "");
  await fixture.frames.open({ truncate: true });
  await fixture.frames.write(frame(2, 100).image);
  assert.deepEqual(fixture.names, [
    "frame_000000000001.png",
    "frame_000000000002.jpg",
    "latest.jpg",
  ]);
});

Deno.test("FrameFiles copies a numbered frame where there are no hard links", async () => {
  using fixture = new Fixture({ maxFrameCount: 1 });
  await fixture.frames.open({ truncate: true });
  const { link } = Deno;
  try {
    Deno.link = () => Promise.reject(new Error("Operation not permitted"));
    await fixture.frames.write(images[0]!);
  } finally {
    Deno.link = link;
  }
  const content = Deno.readFileSync(`${fixture.folder.path}/frame_000000000000.jpg`);
  assert.deepEqual(content, images[0]!.jpeg);
});

Deno.test("FrameFiles.open() reports a file that it cannot remove", async () => {
  using fixture = new Fixture();
  Deno.mkdirSync(`${fixture.latest}/folder`, { recursive: true });
  await assert.rejects(fixture.frames.open({ truncate: true }));
});

Deno.test("FrameFiles locks the file that it writes only if it is asked to", async () => {
  for (const useFileLocking of [false, true]) {
    using fixture = new Fixture({ useFileLocking });
    await fixture.frames.open({ truncate: true });
    const { open } = Deno;
    let locks = 0;
    try {
      Deno.open = async (...args) => {
        const file = await open(...args);
        const tryLock = file.tryLock.bind(file);
        file.tryLock = (exclusive) => {
          locks++;
          return tryLock(exclusive);
        };
        return file;
      };
      await fixture.frames.write(images[0]!);
    } finally {
      Deno.open = open;
    }
    assert.equal(locks, useFileLocking ? 1 : 0);
  }
});

Deno.test("FrameFiles waits for the frame that is being written when it is disposed", async () => {
  using fixture = new Fixture();
  await fixture.frames.open({ truncate: true });
  const writing = fixture.frames.write(images[2]!);
  await fixture.frames[Symbol.asyncDispose]();
  assert.deepEqual(Deno.readFileSync(fixture.latest), images[2]!.jpeg);
  await writing;
});
