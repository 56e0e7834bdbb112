import type { MonotonicUs } from "../base/time.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** Records what happens to a frame and when. */
export interface Trace {
  /** Begins a span of the event loop. Spans nest. */
  begin(name: string): void;
  /** Ends the span that began last. */
  end(): void;
  /**
   * Begins a step that the steps of other messages may overlap.
   *
   * @param id identifies the message among those of this step.
   * @param atUs when it began. @default now
   */
  beginStep(name: string, id: number, atUs?: MonotonicUs): void;
  endStep(name: string, id: number): void;
}

/** Time after which nothing more is recorded, in microseconds: at 30 frames a second 50 MB. */
const MAX_US = 600_000_000;
/** Bytes that are collected for one write. */
const BLOCK_BYTES = 65_536;

/**
 * Writes a trace in the Trace Event Format of Chrome (its JSON array format), which Perfetto and
 * chrome://tracing open. The closing bracket is optional in that format, so that a trace is also
 * readable after a crash.
 */
export class TraceFile implements Trace, Disposable {
  readonly #file: Deno.FsFile;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #startUs: number;
  #text = "";
  #ended = false;

  /** Replaces the file. */
  constructor(path: string, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true, mode: 0o600 });
    this.#clock = clock;
    this.#log = log;
    this.#startUs = clock.monotonicUs();
    this.#text = "[\n";
    this.#write({ name: "process_name", ph: "M", args: { name: "physiology_server" } });
    this.#write({ name: "thread_name", ph: "M", args: { name: "event loop" } });
  }

  begin(name: string): void {
    this.#record({ name, ph: "B" });
  }

  end(): void {
    this.#record({ ph: "E" });
  }

  beginStep(name: string, id: number, atUs?: MonotonicUs): void {
    this.#record({ name, cat: name, ph: "b", id }, atUs);
  }

  endStep(name: string, id: number): void {
    this.#record({ name, cat: name, ph: "e", id });
  }

  [Symbol.dispose](): void {
    this.#flush();
    this.#file.close();
  }

  #record(event: object, atUs: number = this.#clock.monotonicUs()): void {
    if (this.#ended) return;
    if (atUs - this.#startUs > MAX_US) {
      this.#ended = true;
      this.#log.info("The trace is complete after ten minutes");
      return;
    }
    this.#write({ ...event, ts: atUs });
  }

  #write(event: object): void {
    this.#text += `${JSON.stringify({ ...event, pid: 1, tid: 1 })},\n`;
    if (this.#text.length >= BLOCK_BYTES) this.#flush();
  }

  /** Writes what was collected; an error, such as a full disk, ends the trace and nothing else. */
  #flush(): void {
    let rest = new TextEncoder().encode(this.#text);
    this.#text = "";
    try {
      while (rest.length > 0) rest = rest.subarray(this.#file.writeSync(rest));
    } catch (error) {
      this.#ended = true;
      this.#log.warning("Cannot write the trace", { reason: `${error}` });
    }
  }
}
