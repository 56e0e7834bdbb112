import assert from "node:assert/strict";
import type { Frame, FrameSource } from "../../src/capture/frame.ts";
import { waitFor } from "./wait.ts";

/** A source that the common tests check. */
export interface SourceUnderTest {
  readonly name: string;
  /** Opens a new source of at least 20 frames. */
  readonly open: () => FrameSource | Promise<FrameSource>;
  /** True if the source ends by itself after a number of frames. */
  readonly ends: boolean;
}

/** Process ids of the running children of this process. */
export function childProcesses(): number[] {
  const children: number[] = [];
  for (const task of Deno.readDirSync("/proc/self/task")) {
    const text = Deno.readTextFileSync(`/proc/self/task/${task.name}/children`);
    children.push(...text.trim().split(" ").filter(Boolean).map(Number));
  }
  return children;
}

/** Takes `count` frames, inspects each before it is disposed, and ends the iteration. */
export async function takeFrames<Value>(
  source: FrameSource,
  { count, inspect }: { count: number; inspect: (frame: Frame) => Value },
): Promise<Value[]> {
  const values: Value[] = [];
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    values.push(inspect(frame));
    if (values.length === count) break;
  }
  return values;
}

/** Defines the tests that every `FrameSource` passes. */
export function testSource({ name, open, ends }: SourceUnderTest): void {
  Deno.test(`${name}: yields frames in order, with increasing times and sequence numbers`, async () => {
    await using source = await open();
    const frames = await takeFrames(source, {
      count: 20,
      inspect: ({ timeUs, sequence, width, height }) => ({ timeUs, sequence, width, height }),
    });
    assert.equal(frames.length, 20);
    for (const [i, frame] of frames.entries()) {
      assert.ok(Number.isInteger(frame.timeUs), `time ${frame.timeUs}`);
      assert.ok(frame.width > 0 && frame.height > 0);
      const before = frames[i - 1];
      if (!before) continue;
      assert.ok(frame.timeUs > before.timeUs, `${frame.timeUs} after ${before.timeUs}`);
      assert.ok(frame.sequence > before.sequence, `${frame.sequence} after ${before.sequence}`);
    }
  });

  Deno.test(`${name}: yields images whose planes have the stated size`, async () => {
    await using source = await open();
    await takeFrames(source, {
      count: 3,
      inspect: ({ image, width, height }) => {
        const { chromaShiftX, chromaShiftY } = image;
        const uvWidth = Math.ceil(image.width / 2 ** chromaShiftX);
        const uvHeight = Math.ceil(image.height / 2 ** chromaShiftY);
        assert.ok(image.yStride >= image.width);
        assert.ok(image.y.length >= image.yStride * (image.height - 1) + image.width);
        for (const plane of [image.u, image.v]) {
          if (!plane) continue;
          assert.ok(image.uvStride >= uvWidth);
          assert.ok(plane.length >= image.uvStride * (uvHeight - 1) + uvWidth);
        }
        const [shape, whole] = [image.width / image.height, width / height];
        assert.ok(Math.abs(shape / whole - 1) < 0.02, "the image shows the whole frame");
      },
    });
  });

  Deno.test(`${name}: leaves no child process when the iteration ends early`, async () => {
    const before = childProcesses();
    const source = await open();
    await takeFrames(source, { count: 2, inspect: () => {} });
    await source[Symbol.asyncDispose]();
    await waitFor("no child", () => childProcesses().every((pid) => before.includes(pid)));
  });

  Deno.test(`${name}: ends a pending iteration when it is disposed`, async () => {
    const before = childProcesses();
    const source = await open();
    const events = source[Symbol.asyncIterator]();
    const first = await events.next();
    if (!first.done && first.value.kind === "frame") first.value.frame[Symbol.dispose]();
    const draining = (async () => {
      while (true) {
        const { done, value } = await events.next();
        if (done) return;
        if (value.kind === "frame") value.frame[Symbol.dispose]();
      }
    })();
    await source[Symbol.asyncDispose]();
    await draining;
    await source[Symbol.asyncDispose](); // a second time does nothing
    await waitFor("no child", () => childProcesses().every((pid) => before.includes(pid)));
  });

  if (ends) {
    Deno.test(`${name}: ends the iteration at its own end`, async () => {
      const before = childProcesses();
      await using source = await open();
      const frames = await takeFrames(source, {
        count: Infinity,
        inspect: (frame) => frame.sequence,
      });
      assert.ok(frames.length >= 20);
      await waitFor("no child", () => childProcesses().every((pid) => before.includes(pid)));
    });
  }
}
