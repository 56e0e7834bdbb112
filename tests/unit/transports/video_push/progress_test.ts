import assert from "node:assert/strict";
import fc from "fast-check";
import { progressFrames } from "../../../../src/transports/video_push/progress.ts";

async function framesOf(...chunks: readonly Uint8Array[]): Promise<number[]> {
  return await Array.fromAsync(progressFrames(ReadableStream.from(chunks)));
}

const REPORTS = "frame=1\nfps=0.00\nprogress=continue\nframe= 28\nfps=30.0\nprogress=end\n";

Deno.test("progressFrames() yields the frames of each report, however it is cut", async () => {
  const bytes = new TextEncoder().encode(REPORTS);
  await fc.assert(fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), async (a, b) => {
    const [first, second] = [Math.min(a, b), Math.max(a, b)];
    const chunks = [bytes.slice(0, first), bytes.slice(first, second), bytes.slice(second)];
    assert.deepEqual(await framesOf(...chunks), [1, 28]);
  }));
});

Deno.test("progressFrames() skips anything else, and keeps no line without an end", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array()), async (chunks) => {
    for (const frames of await framesOf(...chunks)) assert(Number.isSafeInteger(frames));
  }));
  const endless = new Uint8Array(1 << 20).fill(0x61);
  assert.deepEqual(
    await framesOf(endless, endless, new TextEncoder().encode("\nframe=2\n")),
    [2],
  );
});
