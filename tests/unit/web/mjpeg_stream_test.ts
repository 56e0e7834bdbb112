import assert from "node:assert/strict";
import { Hub } from "../../../src/web/hub.ts";
import { BOUNDARY, mjpegStream } from "../../../src/web/mjpeg_stream.ts";
import { fakeImage } from "../../support/fake_frames.ts";
import { fakeStatus } from "../../support/fake_stream.ts";
import { settle } from "../../support/manual_clock.ts";

function openHub(): Hub {
  const hub = new Hub();
  hub.publishEnvelope("a", { topic: "status", envelope: fakeStatus(1) });
  return hub;
}

/** Reads the stream of device `a` as text. */
function open(hub: Hub, onEnd?: () => void) {
  const reader = mjpegStream(hub, "a", onEnd).getReader();
  return {
    cancel: () => reader.cancel(),
    async read(): Promise<string | undefined> {
      const { value } = await reader.read();
      return value && new TextDecoder("latin1").decode(value);
    },
  };
}

const part = (sequence: number) =>
  "Content-Type: image/jpeg\r\nContent-Length: 3\r\n\r\n" +
  `\xff\xd8${String.fromCharCode(sequence)}\r\n--${BOUNDARY}\r\n`;

Deno.test("mjpegStream() sends a boundary, and each image with its length and the next boundary", async () => {
  const hub = openHub();
  const reader = open(hub);
  assert.equal(await reader.read(), `--${BOUNDARY}\r\n`);
  for (const sequence of [1, 2]) {
    hub.publishFrame("a", fakeImage(sequence));
    assert.equal(await reader.read(), part(sequence));
  }
  await reader.cancel();
});

Deno.test("mjpegStream() skips images while its client reads none", async () => {
  const hub = openHub();
  const reader = open(hub);
  await reader.read();
  for (let sequence = 1; sequence <= 9; sequence++) hub.publishFrame("a", fakeImage(sequence));
  const seen = [await reader.read()];
  if (seen[0] !== part(9)) seen.push(await reader.read());
  assert.equal(seen.at(-1), part(9));
  await reader.cancel();
});

Deno.test("mjpegStream() wants the frames of its device until its client leaves", async () => {
  const hub = openHub();
  let ends = 0;
  const readers = [1, 2].map(() => open(hub, () => ends++));
  assert.equal(hub.frames.demand("a"), "live");
  await readers[0]!.cancel();
  assert.deepEqual([hub.frames.demand("a"), ends], ["live", 1]);
  await readers[1]!.cancel();
  assert.deepEqual([hub.frames.demand("a"), ends], ["none", 2]);
});

Deno.test("mjpegStream() ends when the hub is closed, with a read in progress or without", async () => {
  const hub = openHub();
  let ends = 0;
  const readers = [1, 2].map(() => open(hub, () => ends++));
  for (const reader of readers) await reader.read();
  const read = readers[0]!.read();
  await settle();
  hub.close();
  assert.deepEqual([await read, await readers[1]!.read(), ends], [undefined, undefined, 2]);
});
