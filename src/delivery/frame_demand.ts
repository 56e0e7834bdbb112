import type { Clock } from "../telemetry/clock.ts";
import type { Backend, FrameDemand } from "./backend.ts";

/** Interval at which the backend is asked for watchers while frames have none, in milliseconds. */
const POLL_MS = 200;

export interface FrameDemandOptions {
  /**
   * Interval of single frames that find out whether clients receive them, where only the reply to
   * one can tell, in milliseconds; 0: none.
   */
  readonly idleFrameIntervalMs: number;
}

/**
 * Tracks whether clients receive frames, so that none is sent in vain. While the last frame had
 * no receiver, the backend is asked. It cannot count every kind of client: the receivers of a single
 * frame are then the answer.
 */
export class FrameDemandTracker {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #idleFrameIntervalUs: number;
  readonly #closing = new AbortController();
  /** Receivers of the last frame; undefined before one, or if the backend does not count them. */
  #receivers: number | undefined;
  /** The last answer of the backend; undefined if it has none. */
  #demand: FrameDemand | undefined;
  #probeDue = false;
  #lastFrameUs = -Infinity;

  constructor(
    { backend, clock }: { readonly backend: Backend; readonly clock: Clock },
    { idleFrameIntervalMs }: FrameDemandOptions,
  ) {
    this.#backend = backend;
    this.#clock = clock;
    this.#idleFrameIntervalUs = idleFrameIntervalMs * 1000;
    this.#reset();
  }

  /** Whether the next frame should be sent. */
  get wanted(): boolean {
    if (this.#probeDue || this.#isReceived) return true;
    return this.#demand ? this.#demand.watched : this.#receivers === undefined;
  }

  /** Starts asking the backend; ends with `close()`. */
  async start(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      if (this.#backend.ready && !this.#isReceived) await this.#poll();
      await this.#clock.sleep(POLL_MS, this.#closing.signal);
    }
  }

  close(): void {
    this.#closing.abort();
  }

  /** Call when a frame is taken for sending. */
  onFrameTaken(): void {
    this.#probeDue = false;
    this.#lastFrameUs = this.#clock.monotonicUs();
  }

  /** Call when a frame was delivered to `receivers`; undefined if the backend cannot count them. */
  onDelivered(receivers: number | undefined): void {
    this.#receivers = receivers;
  }

  /** Call when the link becomes ready or unready: its clients may be others. */
  linkChanged(ready: boolean): void {
    this.#reset();
    if (ready) void this.#poll();
  }

  get #isReceived(): boolean {
    return this.#receivers !== undefined && this.#receivers > 0;
  }

  #reset(): void {
    this.#receivers = undefined;
    this.#demand = this.#backend.frameDemand && { watched: false, patterns: 0 };
    this.#probeDue = false;
    this.#lastFrameUs = -Infinity;
  }

  async #poll(): Promise<void> {
    const previous = this.#demand?.patterns ?? 0;
    this.#demand = await this.#backend.frameDemand?.();
    if (this.wanted || this.#idleFrameIntervalUs === 0) return;
    const patterns = this.#demand?.patterns;
    if (patterns === 0) return;
    const idleUs = this.#clock.monotonicUs() - this.#lastFrameUs;
    const isNew = patterns !== undefined && patterns > previous;
    this.#probeDue ||= isNew || idleUs >= this.#idleFrameIntervalUs;
  }
}
