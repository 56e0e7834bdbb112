/** Canvases that show the frames of devices. Frames that arrive while one is decoded are replaced by the newest. */
export class Screens {
  readonly #canvases = new Map<string, Set<HTMLCanvasElement>>();
  readonly #waiting = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #decoding = new Set<string>();

  /** Shows the frames of a device on a canvas. */
  add(device: string, canvas: HTMLCanvasElement): void {
    const canvases = this.#canvases.get(device) ?? new Set();
    this.#canvases.set(device, canvases.add(canvas));
  }

  remove(device: string, canvas: HTMLCanvasElement): void {
    const canvases = this.#canvases.get(device);
    canvases?.delete(canvas);
    if (canvases?.size === 0) this.#canvases.delete(device);
  }

  /** Takes a frame; it is decoded only if a canvas shows the device. */
  take(device: string, jpeg: Uint8Array<ArrayBuffer>): void {
    if (!this.#canvases.has(device)) return;
    this.#waiting.set(device, jpeg);
    if (!this.#decoding.has(device)) void this.#decode(device);
  }

  async #decode(device: string): Promise<void> {
    this.#decoding.add(device);
    for (let jpeg = this.#waiting.get(device); jpeg; jpeg = this.#waiting.get(device)) {
      this.#waiting.delete(device);
      try {
        const image = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
        for (const canvas of this.#canvases.get(device) ?? []) draw(canvas, image);
        image.close();
      } catch {
        // A publisher may send anything; the frame before stays, and its age is shown.
      }
    }
    this.#decoding.delete(device);
  }
}

/** Draws an image. A still has the resolution of its element, a live video that of the image. */
function draw(canvas: HTMLCanvasElement, image: ImageBitmap): void {
  const isStill = canvas.classList.contains("still");
  const scale = isStill ? Math.min(1, 160 / image.width) : 1;
  const [width, height] = [Math.round(image.width * scale), Math.round(image.height * scale)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  canvas.getContext("2d")?.drawImage(image, 0, 0, width, height);
  canvas.dataset["shown"] = "";
}
