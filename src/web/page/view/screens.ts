import type { FrameMessage } from "../protocol.ts";

/** Width of a still, in pixels: enough for the largest tile. */
const STILL_WIDTH = 160;

/**
 * Canvases that show the frames of devices: live video at once, stills together at each `flush()`,
 * because each change of the document costs a frame of the browser. Of the frames that wait, only
 * the newest is decoded.
 */
export class Screens {
  readonly #live = new Map<string, HTMLCanvasElement>();
  readonly #stills = new Map<string, HTMLCanvasElement>();
  readonly #waiting = new Map<string, Frame>();
  readonly #decoding = new Set<string>();
  #isFlushing = false;

  /** Shows the live video of a device on a canvas. */
  addLive(device: string, canvas: HTMLCanvasElement): void {
    this.#live.set(device, canvas);
  }

  removeLive(device: string): void {
    this.#live.delete(device);
  }

  /** Shows stills of a device on a canvas. */
  addStill(device: string, canvas: HTMLCanvasElement): void {
    this.#stills.set(device, canvas);
  }

  removeStill(device: string): void {
    this.#stills.delete(device);
  }

  /** Takes a frame; it is decoded only if a canvas shows the device. */
  take({ device, payload }: FrameMessage, jpeg: Uint8Array<ArrayBuffer>): void {
    if (!this.#live.has(device) && !this.#stills.has(device)) return;
    this.#waiting.set(device, { jpeg, aspect: payload.height / payload.width });
    if (this.#live.has(device) && !this.#decoding.has(device)) void this.#playLive(device);
  }

  /** Shows the stills that have arrived. */
  async flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const devices = [...this.#waiting.keys()].filter((device) => !this.#live.has(device));
    const images = await Promise.all(
      devices.map(async (device) => ({
        device,
        image: await this.#decodeNewest(device, decodeStill),
      })),
    );
    for (const { device, image } of images) {
      const canvas = this.#stills.get(device);
      if (image && canvas) draw(canvas, image, STILL_WIDTH);
      image?.close();
    }
    this.#isFlushing = false;
  }

  async #playLive(device: string): Promise<void> {
    this.#decoding.add(device);
    while (this.#live.has(device) && this.#waiting.has(device)) {
      const image = await this.#decodeNewest(device, decodeWhole);
      const canvas = this.#live.get(device);
      if (image && canvas) draw(canvas, image);
      image?.close();
    }
    this.#decoding.delete(device);
  }

  /** Returns undefined for what is no image, as a publisher may send anything. */
  async #decodeNewest(
    device: string,
    decode: (frame: Frame) => Promise<Picture>,
  ): Promise<Picture | undefined> {
    const frame = this.#waiting.get(device)!;
    this.#waiting.delete(device);
    return await decode(frame).catch(() => undefined);
  }
}

interface Frame {
  readonly jpeg: Uint8Array<ArrayBuffer>;
  /** Height divided by width. */
  readonly aspect: number;
}

type Picture = ImageBitmap | VideoFrame;

const TYPE = "image/jpeg";

async function decodeWhole({ jpeg }: Frame): Promise<Picture> {
  return await createImageBitmap(new Blob([jpeg], { type: TYPE }));
}

/** Decodes a JPEG at the size of a still, at a third of the cost, if the browser allows it here. */
async function decodeStill(frame: Frame): Promise<Picture> {
  const desiredHeight = Math.round(STILL_WIDTH * frame.aspect);
  // It exists only in secure contexts: loopback, or TLS.
  if (!("ImageDecoder" in globalThis) || !(desiredHeight > 0)) return await decodeWhole(frame);
  const decoder = new ImageDecoder({
    type: TYPE,
    data: frame.jpeg,
    desiredWidth: STILL_WIDTH,
    desiredHeight,
  });
  try {
    return (await decoder.decode()).image;
  } finally {
    decoder.close();
  }
}

function draw(canvas: HTMLCanvasElement, image: Picture, maxWidth = Infinity): void {
  const [fullWidth, fullHeight] = "displayWidth" in image
    ? [image.displayWidth, image.displayHeight]
    : [image.width, image.height];
  const scale = Math.min(1, maxWidth / fullWidth);
  const [width, height] = [Math.round(fullWidth * scale), Math.round(fullHeight * scale)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  canvas.getContext("2d", { alpha: false })?.drawImage(image, 0, 0, width, height);
  canvas.dataset["shown"] = "";
}
