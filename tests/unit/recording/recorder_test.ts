import assert from "node:assert/strict";
import { Recorder, type RecorderOptions } from "../../../src/recording/recorder.ts";
import { ManualClock } from "../../support/manual_clock.ts";

const TOPICS = ["core_metrics", "edge_metrics", "status", "recording_state"];

/** A recorder on a manual clock; what it saves and subscribes to. */
function open(options: Partial<RecorderOptions> = {}) {
  const clock = new ManualClock();
  const saved: string[] = [];
  const subscribed: string[] = [];
  const polled: string[][] = [];
  let available = true;
  /** Entries that the next poll of the histories returns. */
  const entries: { stream: string; id: string; envelope: string }[] = [];
  const stop = new AbortController();
  const saver = {
    derivations: 0,
    add: (text: string) => void saved.push(text),
    derive() {
      this.derivations++;
      return Promise.resolve();
    },
  };
  const recorder = new Recorder({
    saver,
    device: "ward",
    usePubsub: true,
    clock,
    reader: {
      prefixOf: (device) => `{p1}:${device}`,
      subscribe: (...channels) => Promise.resolve(void subscribed.push(...channels)),
      newestEntry: () => Promise.resolve("0-0"),
      readEntries(after) {
        polled.push([...after.keys()]);
        if (!available) return Promise.reject(new Error("Redis is away"));
        return Promise.resolve(entries.splice(0));
      },
    },
    ...options,
  });
  const setAvailable = (value: boolean) => available = value;
  return { recorder, clock, saver, saved, subscribed, polled, entries, stop, setAvailable };
}

Deno.test("Recorder subscribes to the metrics of its device, and saves what it takes, until it is stopped", async () => {
  const { recorder, clock, saved, subscribed, stop } = open();
  let ended = false;
  const running = recorder.run(stop.signal).then(() => ended = true);
  await clock.advance(1000);
  assert.deepEqual(subscribed, TOPICS.map((topic) => `{p1}:ward:${topic}`));
  recorder.take("one");
  assert.deepEqual([saved, ended], [["one"], false]);
  stop.abort();
  await running;
});

Deno.test("Recorder polls the histories of a device without channels five times a second", async () => {
  const { recorder, clock, saved, subscribed, polled, entries, stop, setAvailable } = open({
    usePubsub: false,
  });
  const running = recorder.run(stop.signal);
  await clock.advance(1950);
  assert.deepEqual([polled.length, subscribed], [10, []]);
  assert.deepEqual(polled[0], TOPICS.map((topic) => `{p1}:ward:${topic}:history`));
  setAvailable(false);
  await clock.advance(400);
  setAvailable(true);
  entries.push({ stream: "{p1}:ward:status:history", id: "1-0", envelope: "one" });
  await clock.advance(400);
  assert.deepEqual(saved, ["one"]);
  stop.abort();
  await running;
});

Deno.test("Recorder derives the series of ended sessions every 0.5 s until it is stopped", async () => {
  const { recorder, clock, saver, stop } = open();
  const running = recorder.run(stop.signal);
  await clock.advance(400);
  assert.equal(saver.derivations, 0);
  await clock.advance(200);
  assert.equal(saver.derivations, 1);
  await clock.advance(500);
  assert.equal(saver.derivations, 2);
  stop.abort();
  await running;
  assert.equal(saver.derivations, 2);
});

Deno.test("Recorder.run() rejects if series cannot be derived", async () => {
  const { recorder, clock, saver, stop } = open();
  saver.derive = () => Promise.reject(new Error("The disk is full"));
  const rejected = assert.rejects(recorder.run(stop.signal), /The disk is full/);
  await clock.advance(600);
  await rejected;
  stop.abort();
});

Deno.test("Recorder.run() rejects if a message cannot be saved", async () => {
  for (const usePubsub of [true, false]) {
    const { recorder, saver, stop } = open({ usePubsub });
    saver.add = () => {
      throw new Error("The disk is full");
    };
    const running = recorder.run(stop.signal);
    recorder.take("one");
    await assert.rejects(running, /The disk is full/);
    stop.abort();
  }
});
