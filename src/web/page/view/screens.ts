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
  readonly #waiting = new Map<string, Uint8Array<ArrayBuffer>>();
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
  take(device: string, jpeg: Uint8Array<ArrayBuffer>): void {
    if (!this.#live.has(device) && !this.#stills.has(device)) return;
    this.#waiting.set(device, jpeg);
    if (this.#live.has(device) && !this.#decoding.has(device)) void this.#playLive(device);
  }

  /** Shows the stills that have arrived. */
  async flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const devices = [...this.#waiting.keys()].filter((device) => !this.#live.has(device));
    const images = await Promise.all(
      devices.map(async (device) => ({ device, image: await this.#decodeNewest(device) })),
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
      const image = await this.#decodeNewest(device);
      const canvas = this.#live.get(device);
      if (image && canvas) draw(canvas, image);
      image?.close();
    }
    this.#decoding.delete(device);
  }

  /** Returns undefined for what is no image, as a publisher may send anything. */
  async #decodeNewest(device: string): Promise<ImageBitmap | undefined> {
    const jpeg = this.#waiting.get(device)!;
    this.#waiting.delete(device);
    return await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" })).catch(() => undefined);
  }
}

function draw(canvas: HTMLCanvasElement, image: ImageBitmap, maxWidth = Infinity): void {
  const scale = Math.min(1, maxWidth / image.width);
  const [width, height] = [Math.round(image.width * scale), Math.round(image.height * scale)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  canvas.getContext("2d", { alpha: false })?.drawImage(image, 0, 0, width, height);
  canvas.dataset["shown"] = "";
}
