import assert from "node:assert/strict";
import { BOUNDARY, MjpegStream } from "../../../src/web/mjpeg_stream.ts";
import { settle } from "../../support/manual_clock.ts";

/** A stream, and the changes of having subscribers. */
function open() {
  const changes: boolean[] = [];
  const stream = new MjpegStream((subscribed) => changes.push(subscribed));
  return { stream, changes };
}

/** Reads a stream; `pending` is true while a read waits. */
function readerOf(subscription: ReadableStream<Uint8Array>) {
  const reader = subscription.getReader();
  return {
    cancel: () => reader.cancel(),
    async read(): Promise<string | undefined> {
      const { value } = await reader.read();
      return value && new TextDecoder("latin1").decode(value);
    },
    async isPending(): Promise<boolean> {
      let settled = false;
      void reader.read().then(() => settled = true, () => settled = true);
      await settle();
      return !settled;
    },
  };
}

const part = (jpeg: string) =>
  `Content-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n${jpeg}\r\n--${BOUNDARY}\r\n`;
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("MjpegStream sends a boundary, and each image with its length and the next boundary", async () => {
  const { stream } = open();
  const reader = readerOf(stream.subscribe());
  assert.equal(await reader.read(), `--${BOUNDARY}\r\n`);
  for (const jpeg of ["one", "three"]) {
    stream.publish(bytes(jpeg));
    assert.equal(await reader.read(), part(jpeg));
  }
  assert.equal(await reader.isPending(), true);
});

Deno.test("MjpegStream sends a new subscriber the newest image, and each image once", async () => {
  const { stream } = open();
  const first = readerOf(stream.subscribe());
  await first.read();
  stream.publish(bytes("old"));
  stream.publish(bytes("new"));
  const second = readerOf(stream.subscribe());
  await second.read();
  assert.equal(await second.read(), part("new"));
  assert.equal(await second.isPending(), true);
});

Deno.test("MjpegStream shows no image of before to a subscriber after a pause", async () => {
  const { stream, changes } = open();
  const first = readerOf(stream.subscribe());
  stream.publish(bytes("old"));
  await first.cancel();
  const later = readerOf(stream.subscribe());
  await later.read();
  const next = later.read();
  await settle();
  stream.publish(bytes("new"));
  assert.equal(await next, part("new"));
  assert.deepEqual(changes, [true, false, true]);
});

Deno.test("MjpegStream reports only the first and the last subscriber", async () => {
  const { stream, changes } = open();
  const readers = [1, 2, 3].map(() => readerOf(stream.subscribe()));
  assert.deepEqual([stream.subscribers, changes], [3, [true]]);
  await readers[0]!.cancel();
  await readers[1]!.cancel();
  assert.deepEqual([stream.subscribers, changes], [1, [true]]);
  await readers[2]!.cancel();
  assert.deepEqual([stream.subscribers, changes], [0, [true, false]]);
});

Deno.test("MjpegStream keeps its newest image while one subscriber remains", async () => {
  const { stream } = open();
  const [first, second] = [readerOf(stream.subscribe()), readerOf(stream.subscribe())];
  await second.read();
  stream.publish(bytes("image"));
  await first.cancel();
  assert.equal(await second.read(), part("image"));
});

Deno.test("MjpegStream.close() ends the streams of all subscribers", async () => {
  const { stream } = open();
  const readers = [1, 2].map(() => readerOf(stream.subscribe()));
  for (const reader of readers) await reader.read();
  const ends = readers.map((reader) => reader.read());
  stream.close();
  assert.deepEqual(await Promise.all(ends), [undefined, undefined]);
});
