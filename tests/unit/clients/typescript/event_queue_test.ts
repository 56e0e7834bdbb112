import assert from "node:assert/strict";
import { EventQueue } from "../../../../clients/typescript/src/event_queue.ts";
import type { FrameEvent, StreamEvent } from "../../../../clients/typescript/src/events.ts";

const gone = (device: string): StreamEvent => ({ type: "gone", device });
const frame = (device: string, sequence: number): FrameEvent => ({
  type: "frame",
  device,
  timestamp: sequence,
  payload: { width: 1, height: 1, format: "jpeg", sequence },
  jpeg: new Uint8Array(),
});

function queueOf(...events: readonly StreamEvent[]): EventQueue<StreamEvent> {
  const queue = new EventQueue<StreamEvent>(() => {}, 3);
  for (const event of events) queue.push(event);
  return queue;
}

/** The events that wait, after the end of the queue. */
async function drain(queue: EventQueue<StreamEvent>): Promise<StreamEvent[]> {
  queue.end();
  const events: StreamEvent[] = [];
  for await (const event of queue) events.push(event);
  return events;
}

Deno.test("EventQueue yields events in order, and those that come later", async () => {
  const queue = queueOf(gone("a"));
  assert.deepEqual(await queue.next(), { value: gone("a"), done: false });
  const [second, third] = [queue.next(), queue.next()];
  queue.push(gone("b"));
  queue.push(gone("c"));
  assert.deepEqual((await second).value, gone("b"));
  assert.deepEqual((await third).value, gone("c"));
});

Deno.test("EventQueue keeps the newest frame of each device", async () => {
  const queue = queueOf(frame("a", 1), frame("b", 1), frame("a", 2));
  assert.equal(queue.dropped, 1);
  assert.deepEqual(await drain(queue), [frame("b", 1), frame("a", 2)]);
});

Deno.test("EventQueue drops the oldest events of a slow reader", async () => {
  const queue = queueOf(...["a", "b", "c", "d", "e"].map(gone));
  assert.equal(queue.dropped, 2);
  assert.deepEqual(await drain(queue), ["c", "d", "e"].map(gone));
});

Deno.test("EventQueue ends waiting readers, and an iteration that breaks", async () => {
  let ends = 0;
  const queue = new EventQueue<StreamEvent>(() => ends++);
  const waiting = queue.next();
  queue.push(gone("a"));
  queue.push(gone("b"));
  assert.deepEqual((await waiting).value, gone("a"));
  for await (const _ of queue) break;
  assert.equal(ends, 1);
  assert.deepEqual(await queue.next(), { value: undefined, done: true });
  queue.end();
  assert.equal(ends, 1);
});
