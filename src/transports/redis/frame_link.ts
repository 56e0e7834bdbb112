import type { RedisLink } from "./redis_link.ts";
import { TimeoutTracker } from "./response_timeout.ts";

/** The connection is closed when no frame was sent for this time, in milliseconds. Chosen. */
const IDLE_MS = 60_000;

/** The connection for frames, which is open only while some are sent. */
export class FrameLink implements AsyncDisposable {
  readonly link: RedisLink;
  /** The response times of what is in flight. */
  readonly timeout = new TimeoutTracker();
  /** When a frame was to be sent last, by `performance.now()`. */
  #usedMs = -Infinity;

  constructor(link: RedisLink) {
    this.link = link;
  }

  /** Opens the connection, if it is not open. Returns whether frames can be sent now. */
  open(): boolean {
    this.#usedMs = performance.now();
    if (!this.link.started) this.link.start();
    return this.link.ready;
  }

  /** Call regularly. */
  closeIfIdle(): void {
    if (this.link.started && performance.now() - this.#usedMs >= IDLE_MS) this.link.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
  }
}
