/**
 * The process whose memory redis_faults.ts watches: fills its read buffers, then publishes 5 core
 * metrics and at most 30 frames a second to the port that it is given, for a time at six times the
 * rate in which its memory finds its size, and says every 2 s on stdout how it fares. Ends, after
 * what waits has left, when its stdin does.
 *
 *   deno run -A --v8-flags=--expose-gc tests/soak/publisher.ts PORT SPOOL_FOLDER WARM_UP_SECONDS
 */
import { FramePacing } from "../../src/frames/pacing.ts";
import { clock, coreMetric, frame } from "../support/messages.ts";
import { optionsFor, startOutbox } from "../support/redis_outbox.ts";
import { fillReadBuffers } from "./read_buffers.ts";

/** One line of the publisher. */
export interface Told {
  readonly sequence: number;
  /** Bytes that are resident, and those of live objects, after a collection. */
  readonly rss: number;
  readonly heap: number;
  readonly files: number;
  readonly dropped: { readonly metric: number; readonly frame: number };
}

if (import.meta.main) await publish();

async function publish(): Promise<void> {
  const [port, spoolFolder = "", warmUpS] = Deno.args;
  await fillReadBuffers();
  await using ends = startOutbox(optionsFor({ port: Number(port) }), {
    memoryBytes: 100_000,
    spoolFolder,
  });
  const pacing = new FramePacing({ policy: "always", maxFps: 200 });
  let sequence = 0;
  let turn = 0;
  const produce = () => {
    if (turn++ % 6 === 0) ends.outbox.offer(coreMetric(++sequence));
    const demand = { wanted: ends.outbox.framesWanted, degradation: ends.outbox.frameDegradation };
    if (pacing.isDue(clock.monotonicUs(), demand)) ends.outbox.offer(frame(turn, 60_000));
  };
  let producer = setInterval(produce, 5);
  setTimeout(() => {
    clearInterval(producer);
    producer = setInterval(produce, 33);
  }, Number(warmUpS) * 1000 - performance.now()); // from the start of the process
  const tell = () => {
    (globalThis as { gc?: () => void }).gc?.();
    const { rss, heapUsed, external } = Deno.memoryUsage();
    const files = [...Deno.readDirSync("/proc/self/fd")].length;
    const dropped = { metric: ends.dropped("metric"), frame: ends.dropped("frame") };
    const told: Told = { sequence, rss, heap: heapUsed + external, files, dropped };
    console.log(JSON.stringify(told));
  };
  const reporter = setInterval(tell, 2000);
  for await (const _ of Deno.stdin.readable);
  clearInterval(producer);
  clearInterval(reporter);
  tell();
  await ends.outbox.flush(120_000);
}
