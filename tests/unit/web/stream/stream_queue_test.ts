import assert from "node:assert/strict";
import { DeviceFrame } from "../../../../src/web/device_frame.ts";
import { StreamQueue, type StreamSocket } from "../../../../src/web/stream/stream_queue.ts";
import { fakeImage } from "../../../support/fake_frames.ts";

/** A socket that sends nothing until `drain()`. */
class StuckSocket implements StreamSocket {
  bufferedAmount = 0;
  readonly sent: (string | Uint8Array)[] = [];
  readonly #waiting: (() => void)[] = [];

  send(data: string | Uint8Array<ArrayBuffer>, onSent: () => void = () => {}): void {
    this.sent.push(data);
    this.bufferedAmount += data.length;
    this.#waiting.push(() => {
      this.bufferedAmount -= data.length;
      onSent();
    });
  }

  /** Sends what was given to it so far, and returns it. */
  drain(): (string | Uint8Array)[] {
    const sent = this.sent.splice(0);
    for (const send of this.#waiting.splice(0)) send();
    return sent;
  }

  ping(): void {}
  close(): void {}
  terminate(): void {}
}

function open() {
  const clock = { ms: 0 };
  const socket = new StuckSocket();
  const queue = new StreamQueue(socket, () => clock.ms);
  const frame = (device: string, sequence: number, bytes: number) =>
    queue.addFrame(new DeviceFrame(device, fakeImage(sequence, bytes)));
  return { clock, socket, queue, frame };
}

/** The sequence numbers of the frames among messages. */
const framesOf = (sent: readonly (string | Uint8Array)[]) =>
  sent.filter((each) => typeof each !== "string").map((bytes) => (bytes as Uint8Array)[10]);

const KB100 = "x".repeat(100_000);

Deno.test("StreamQueue sends at once while the socket takes it", () => {
  const { socket, queue, frame } = open();
  queue.add("a", { text: "1" });
  frame("bed", 2, 10);
  queue.add("a", { text: "3" });
  const [first, description, image, last] = socket.drain();
  assert.deepEqual([first, last], ["1", "3"]);
  assert.equal(JSON.parse(String(description)).payload.sequence, 2);
  assert.deepEqual(framesOf([image!]), [2]);
});

Deno.test("StreamQueue keeps the newest message of each key while the socket is full", () => {
  const { clock, socket, queue } = open();
  for (let count = 0; count < 6; count++) queue.add("fill", { text: KB100 });
  assert.equal(socket.sent.length, 6);
  for (let count = 0; count < 1000; count++) {
    queue.add(`key ${count % 3}`, { text: `${count}` });
    clock.ms += 10;
  }
  assert.equal(socket.sent.length, 6);
  assert.equal(queue.blockedMs, 10_000);
  socket.drain();
  assert.deepEqual(socket.drain(), ["997", "998", "999"]);
  assert.equal(queue.blockedMs, 0);
});

Deno.test("StreamQueue keeps the newest frame of each device, and sends messages before frames", () => {
  const { socket, queue, frame } = open();
  for (let sequence = 0; sequence < 50; sequence++) {
    frame("a", sequence, 50_000);
    frame("b", 100 + sequence, 50_000);
    queue.add("metrics", { text: `${sequence}` });
  }
  const first = socket.drain();
  assert.deepEqual(framesOf(first), [0, 100, 1]);
  assert.equal(first.filter((each) => typeof each === "string" && each.length < 3).length, 50);
  assert.deepEqual(framesOf(socket.drain()), [49, 149]);
  assert.deepEqual(socket.drain(), []);
});

Deno.test("StreamQueue.clear() forgets what waits", () => {
  const { socket, queue, frame } = open();
  for (let count = 0; count < 6; count++) queue.add("fill", { text: KB100 });
  queue.add("key", { text: "1" });
  frame("a", 1, 10);
  queue.clear();
  socket.drain();
  assert.deepEqual(socket.drain(), []);
});
