/** Boundary between the images of a `multipart/x-mixed-replace` response. */
export const BOUNDARY = "physiology-frame";

const encoder = new TextEncoder();

interface Subscriber {
  /** Serial number of the image that was sent last. */
  sentSerial: number;
  wake: () => void;
}

/**
 * Motion JPEG stream of one device for any number of subscribers. Each receives the newest image
 * when it has consumed the previous one: a slow subscriber skips images, and nothing is queued.
 */
export class MjpegStream {
  readonly #onSubscribed: (subscribed: boolean) => void;
  readonly #subscribers = new Set<Subscriber>();
  #newest: Uint8Array<ArrayBuffer> | undefined;
  #serial = 0;
  #closed = false;

  /** @param onSubscribed called with true for the first subscriber, and false after the last left */
  constructor(onSubscribed: (subscribed: boolean) => void) {
    this.#onSubscribed = onSubscribed;
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** Publishes a JPEG image to all subscribers. */
  publish(jpeg: Uint8Array<ArrayBuffer>): void {
    this.#newest = jpeg;
    this.#serial++;
    for (const subscriber of this.#subscribers) subscriber.wake();
  }

  /** Adds a subscriber and returns its multipart stream; cancelling the stream removes it. */
  subscribe(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const subscriber: Subscriber = { sentSerial: 0, wake: () => {} };
    this.#subscribers.add(subscriber);
    if (this.#subscribers.size === 1) this.#onSubscribed(true);
    return new ReadableStream({
      start: (controller) => controller.enqueue(encoder.encode(`--${BOUNDARY}\r\n`)),
      pull: async (controller) => {
        while (
          !this.#closed && this.#subscribers.has(subscriber) &&
          subscriber.sentSerial === this.#serial
        ) {
          await new Promise<void>((resolve) => subscriber.wake = resolve);
        }
        if (this.#closed) return controller.close();
        if (!this.#newest || !this.#subscribers.has(subscriber)) return;
        subscriber.sentSerial = this.#serial;
        controller.enqueue(multipartPart(this.#newest));
      },
      cancel: () => {
        if (this.#subscribers.delete(subscriber) && this.#subscribers.size === 0) {
          // The next subscriber must not see an outdated image beside current values.
          this.#newest = undefined;
          this.#serial = 0;
          this.#onSubscribed(false);
        }
        subscriber.wake();
      },
    }, { highWaterMark: 1 });
  }

  /** Ends the streams of all subscribers. */
  close(): void {
    this.#closed = true;
    for (const subscriber of this.#subscribers) subscriber.wake();
  }
}

/** One image, followed by the boundary: browsers show an image when they receive its end. */
function multipartPart(jpeg: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
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
