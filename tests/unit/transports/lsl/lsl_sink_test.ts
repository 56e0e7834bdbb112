import assert from "node:assert/strict";
import fc from "fast-check";
import type { LslLibrary, LslStream } from "../../../../ffi/lsl.ts";
import { epochUs } from "../../../../src/base/time.ts";
import type { Envelope } from "../../../../src/envelopes/envelope.ts";
import { EnvelopeMessage } from "../../../../src/envelopes/message.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { LslSink } from "../../../../src/transports/lsl/lsl_sink.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../../support/fake_stream.ts";
import { frame } from "../../../support/messages.ts";

/** A library in memory, whose clock is the epoch and an offset. */
class FakeLibrary implements LslLibrary {
  readonly version = 117;
  readonly streams: LslStream[] = [];
  readonly pushed: [stream: string, time: number, ...values: (number | string)[]][] = [];
  readonly closed: string[] = [];
  accepts = true;
  /** Streams that can be opened. */
  maxStreams = Infinity;

  constructor(readonly localClockS: () => number) {}

  openOutlet(stream: LslStream) {
    if (this.streams.length >= this.maxStreams) throw new Error("no port");
    this.streams.push(stream);
    const { type, channels } = stream;
    return {
      pushFloats: (values: Float32Array, times: Float64Array) => {
        for (const [k, time] of times.entries()) {
          this.pushed.push([type, time, ...values.slice(k * channels, (k + 1) * channels)]);
        }
        return this.accepts;
      },
      pushText: (text: string, time: number) => {
        this.pushed.push([type, time, text]);
        return this.accepts;
      },
      close: () => {
        this.closed.push(type);
      },
    };
  }
}

function open(machineId: string | undefined = "machine") {
  const time = { epochS: 2000, offsetS: -1000 };
  const clock = {
    monotonicUs: () => 0 as never,
    epochUs: () => epochUs(time.epochS * 1e6),
    sleep: () => Promise.resolve(),
  };
  const library = new FakeLibrary(() => time.epochS + time.offsetS);
  const counters = new Counters();
  const sink = new LslSink({ library, name: "bed", machineId }, { clock, counters });
  const offer = (envelope: Envelope) => sink.offer(new EnvelopeMessage(envelope));
  const of = (type: string) => library.pushed.filter(([each]) => each === type);
  return { time, library, counters, sink, offer, of };
}

/** Core metrics with a pulse trace, at seconds since the epoch. */
function metrics(at: number, trace: readonly (readonly [number, number])[] = []): Envelope {
  const [core] = fakeMetrics(1);
  return {
    ...core!,
    timestamp: epochUs(at * 1e6),
    payload: {
      ...core!.payload,
      pulse: { trace: trace.map(([s, value]) => ({ timestamp: epochUs(s * 1e6), value })) },
      breathing: {},
      withheld: { pulse: "motion", breathing: "no_chest" },
    },
  } as Envelope;
}

Deno.test("LslSink maps capture times to the clock of LSL, and follows steps of either clock", () => {
  const { time, offer, of } = open();
  offer(metrics(2000, [[1999.5, 1], [2000, 2]]));
  time.epochS = 2001;
  time.offsetS = -1000.0005; // an error of the measurement
  offer(metrics(2001, [[2001, 3]]));
  time.epochS = 5002; // the system clock was set forward by 3000 s
  time.offsetS = -4000;
  offer(metrics(5002, [[5002, 4]]));
  assert.deepEqual(of("PPG"), [
    ["PPG", 999.5, 1],
    ["PPG", 1000, 2],
    ["PPG", 1001, 3],
    ["PPG", 1002, 4],
  ]);
});

Deno.test("LslSink reads the clocks again if the process was suspended between two readings", () => {
  const { library, offer, of } = open();
  const readings = [1000, 1004, 1004, 1004.0001];
  Object.assign(library, { localClockS: () => readings.shift() ?? 1004 });
  offer(metrics(2000, [[2000, 1]]));
  assert.ok(Math.abs(of("PPG")[0]![1] - 1004.00005) < 1e-6, `${of("PPG")[0]}`);
});

Deno.test("LslSink sends each sample once: a correction is not sent", () => {
  const { offer, of } = open();
  offer(metrics(2000, [[1999.9, 1], [2000, 2]]));
  offer(metrics(2000.2, [[2000, 9], [2000.1, 3], [2000.2, 4]]));
  offer(metrics(2000.4, [[1999.9, 8], [2000.2, 8]]));
  assert.deepEqual(of("PPG").map(([, , value]) => value), [1, 2, 3, 4]);
});

Deno.test("LslSink sends samples in ascending order of time for any envelopes", () =>
  fc.assert(fc.property(
    fc.array(fc.array(fc.tuple(fc.double({ min: 1990, max: 2010, noNaN: true }), fc.float())), {
      maxLength: 10,
    }),
    (traces) => {
      const { offer, of } = open();
      for (const trace of traces) offer(metrics(2000, trace));
      const times = of("PPG").map(([, time]) => time);
      times.slice(1).forEach((time, k) => assert.ok(time > times[k]!));
      const newest = Math.max(-Infinity, ...traces.flat().map(([at]) => at - 1000));
      if (times.length > 0) assert.ok(newest - times.at(-1)! <= 0.001 + 1e-6);
    },
  )));

Deno.test("LslSink sends NaN for a rate that is withheld, and names the reason once", () => {
  const { offer, of } = open();
  for (const n of [1, 2, 3, 4]) for (const envelope of fakeMetrics(n)) offer(envelope);
  const [first, , third] = of("VITALS").map(([, , ...values]) => values);
  assert.deepEqual(first, [NaN, NaN, NaN, NaN]);
  assert.deepEqual(third, [...Float32Array.of(72.5, 0.95, 16.2, 0.89)]);
  assert.deepEqual(of("Markers").map(([, , text]) => text), [
    "Pulse withheld: warming_up",
    "Breathing withheld: warming_up",
    "Pulse measured",
    "Breathing measured",
  ]);
});

Deno.test("LslSink sends changes of the status and of the recording, and no session id", () => {
  const { offer, of } = open();
  for (
    const envelope of [
      fakeStatus(1),
      fakeStatus(2),
      fakeRecordingState(3, "anna"),
      fakeStatus(4, "NO_FACES_FOUND"),
      fakeRecordingState(5),
    ]
  ) offer(envelope);
  assert.deepEqual(of("Markers").map(([, , text]) => text), [
    "Status: OK",
    "Recording started",
    "Status: NO_FACES_FOUND",
    "Recording ended",
  ]);
});

Deno.test("LslSink counts what liblsl refuses, ignores frames, and closes every stream once", async () => {
  const { library, counters, sink, offer } = open();
  offer(fakeStatus(1));
  library.accepts = false;
  offer(metrics(2000, [[1999, 1], [2000, 1]]));
  sink.offer(frame(1));
  const count = (name: string, stream: string) =>
    counters.families().find((family) => family.name === name)?.samples
      .find(({ labels }) => labels["stream"] === stream)?.value;
  assert.equal(count("lsl_published_total", "markers"), 1);
  assert.equal(count("lsl_failed_total", "ppg"), 2);
  assert.equal(count("lsl_failed_total", "markers"), 2);
  await sink[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
  const { length } = library.pushed;
  offer(metrics(2001, [[2001, 1]]));
  assert.equal(library.pushed.length, length);
  assert.deepEqual(library.closed, ["PPG", "RESP", "VITALS", "Markers"]);
});

Deno.test("LslSink closes the streams that it has opened if another one cannot be", () => {
  const library = new FakeLibrary(() => 0);
  library.maxStreams = 2;
  const clock = {
    monotonicUs: () => 0 as never,
    epochUs: () => epochUs(0),
    sleep: () => Promise.resolve(),
  };
  const options = { library, name: "bed", machineId: undefined };
  assert.throws(() => new LslSink(options, { clock, counters: new Counters() }), /no port/);
  assert.deepEqual(library.closed, ["PPG", "RESP"]);
});

Deno.test("LslSink identifies streams by the machine without its id, or not at all", () => {
  const sources = (machineId?: string) => open(machineId).library.streams.map((s) => s.sourceId);
  assert.deepEqual(sources("a"), sources("a"));
  assert.equal(new Set([...sources("a"), ...sources("b")]).size, 8);
  for (const source of sources("a")) assert.match(source, /^physiology_server_[\da-f]{32}$/);
  const library = new FakeLibrary(() => 0);
  const clock = {
    monotonicUs: () => 0 as never,
    epochUs: () => epochUs(0),
    sleep: () => Promise.resolve(),
  };
  new LslSink({ library, name: "bed", machineId: undefined }, { clock, counters: new Counters() });
  assert.deepEqual(library.streams.map(({ sourceId }) => sourceId), ["", "", "", ""]);
});
