/** What stands between two pictures of a `multipart/x-mixed-replace` answer. */
export const BOUNDARY = "physiology-frame";

const encoder = new TextEncoder();

interface Watcher {
  /** Serial number of the picture it was sent last. */
  seen: number;
  wake: () => void;
}

/**
 * One device's video for any number of watchers. Each gets the newest picture as soon as it has
 * taken the last: who is slow sees fewer, and nothing queues.
 */
export class FrameFeed {
  readonly #onWatch: (watched: boolean) => void;
  readonly #watchers = new Set<Watcher>();
  #newest: Uint8Array<ArrayBuffer> | undefined;
  #serial = 0;
  #closed = false;

  /** `onWatch` is called when the first watcher comes and when the last has gone. */
  constructor(onWatch: (watched: boolean) => void) {
    this.#onWatch = onWatch;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  publish(jpeg: Uint8Array<ArrayBuffer>): void {
    this.#newest = jpeg;
    this.#serial++;
    for (const watcher of this.#watchers) watcher.wake();
  }

  watch(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const watcher: Watcher = { seen: 0, wake: () => {} };
    this.#watchers.add(watcher);
    if (this.#watchers.size === 1) this.#onWatch(true);
    return new ReadableStream({
      start: (controller) => controller.enqueue(encoder.encode(`--${BOUNDARY}\r\n`)),
      pull: async (controller) => {
        while (!this.#closed && this.#watchers.has(watcher) && watcher.seen === this.#serial) {
          await new Promise<void>((resolve) => watcher.wake = resolve);
        }
        if (this.#closed) return controller.close();
        if (!this.#newest || !this.#watchers.has(watcher)) return;
        watcher.seen = this.#serial;
        controller.enqueue(part(this.#newest));
      },
      cancel: () => {
        if (this.#watchers.delete(watcher) && this.#watchers.size === 0) {
          // A picture from before the pause would be an old face under a new number.
          this.#newest = undefined;
          this.#serial = 0;
          this.#onWatch(false);
        }
        watcher.wake();
      },
    }, { highWaterMark: 1 });
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.wake();
  }
}

/** One picture; the boundary follows at once, because browsers show a picture when it is over. */
function part(jpeg: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const head = encoder.encode(
    `Content-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`,
  );
  const tail = encoder.encode(`\r\n--${BOUNDARY}\r\n`);
  const bytes = new Uint8Array(head.length + jpeg.length + tail.length);
  bytes.set(head);
  bytes.set(jpeg, head.length);
  bytes.set(tail, head.length + jpeg.length);
  return bytes;
}
