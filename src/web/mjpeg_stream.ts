import type { DeviceFrame } from "./device_frame.ts";
import type { FrameDemand, FrameViewer } from "./frame_fanout.ts";
import type { Hub } from "./hub.ts";

/** Boundary between the images of a `multipart/x-mixed-replace` response. */
export const BOUNDARY = "physiology-frame";

const encoder = new TextEncoder();

/**
 * Returns the live frames of one device as multipart JPEG. The client receives the newest image when
 * it has consumed the previous one: if it is slow, images are skipped, and nothing is queued.
 *
 * @param onEnd Called once, when the client has left or the hub has been closed.
 */
export function mjpegStream(
  hub: Pick<Hub, "frames" | "onClose">,
  device: string,
  onEnd: () => void = () => {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const viewer = new NewestFrame(device);
  const end = () => {
    if (viewer.ended) return;
    viewer.end();
    forget();
    hub.frames.remove(viewer);
    onEnd();
  };
  const forget = hub.onClose(end);
  hub.frames.add(viewer);
  return new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode(`--${BOUNDARY}\r\n`)),
    pull: async (controller) => {
      const frame = await viewer.next();
      if (frame) controller.enqueue(multipartPart(frame.image.jpeg));
      else controller.close();
    },
    cancel: end,
  }, { highWaterMark: 1 });
}

/** Holds the newest frame of a device that has not been consumed. */
class NewestFrame implements FrameViewer {
  readonly #device: string;
  #frame: DeviceFrame | undefined;
  #wake = () => {};
  #ended = false;

  constructor(device: string) {
    this.#device = device;
  }

  get ended(): boolean {
    return this.#ended;
  }

  frameDemand(device: string): FrameDemand {
    return device === this.#device ? "live" : "none";
  }

  takeFrame(frame: DeviceFrame): void {
    this.#frame = frame;
    this.#wake();
  }

  /** Resolves with the next frame, or with undefined at the end. */
  async next(): Promise<DeviceFrame | undefined> {
    while (!this.#frame && !this.#ended) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const frame = this.#ended ? undefined : this.#frame;
    this.#frame = undefined;
    return frame;
  }

  end(): void {
    this.#ended = true;
    this.#wake();
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
