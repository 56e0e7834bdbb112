/**
 * The process whose memory redis_faults.ts observes. It fills its read buffers, then publishes 5
 * core metrics and at most 30 frames per second to a port, at six times that rate during the
 * warm-up. It prints a report every 2 s, and exits after a flush when its stdin is closed.
 *
 *   deno run -A --v8-flags=--expose-gc tests/soak/publisher.ts PORT SPOOL_FOLDER WARM_UP_SECONDS
 */
import { FramePacing } from "../../src/frames/pacing.ts";
import { clock, coreMetric, frame } from "../support/messages.ts";
import { optionsFor, startOutbox } from "../support/redis_outbox.ts";
import { fillReadBuffers } from "./read_buffers.ts";

/** One line that the publisher prints. */
export interface PublisherReport {
  readonly sequence: number;
  /** Resident set size after a garbage collection, in bytes. */
  readonly rss: number;
  /** Live JavaScript and external objects after a garbage collection, in bytes. */
  readonly heap: number;
  /** Open file descriptors. */
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
  let tick = 0;
  const produce = () => {
    if (tick++ % 6 === 0) ends.outbox.offer(coreMetric(++sequence));
    const demand = { wanted: ends.outbox.framesWanted, degradation: ends.outbox.frameDegradation };
    if (pacing.isDue(clock.monotonicUs(), demand)) ends.outbox.offer(frame(tick, 60_000));
  };
  let producer = setInterval(produce, 5);
  setTimeout(() => {
    clearInterval(producer);
    producer = setInterval(produce, 33);
  }, Number(warmUpS) * 1000 - performance.now()); // seconds since the start of the process
  const report = () => {
    (globalThis as { gc?: () => void }).gc?.();
    const { rss, heapUsed, external } = Deno.memoryUsage();
    const files = [...Deno.readDirSync("/proc/self/fd")].length;
    const dropped = { metric: ends.dropped("metric"), frame: ends.dropped("frame") };
    const line: PublisherReport = { sequence, rss, heap: heapUsed + external, files, dropped };
    console.log(JSON.stringify(line));
  };
  const reporter = setInterval(report, 2000);
  for await (const _ of Deno.stdin.readable);
  clearInterval(producer);
  clearInterval(reporter);
  report();
  await ends.outbox.flush(120_000);
}
