import type { FrameImage } from "../envelopes/envelope.ts";

/** A frame of a device. Its messages are encoded once, when the first client of the stream needs them. */
export class DeviceFrame {
  readonly device: string;
  readonly image: FrameImage;
  #text: string | undefined;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(device: string, image: FrameImage) {
    this.device = device;
    this.image = image;
  }

  /** What the frame is, as JSON: an envelope without the image, and with the device. */
  get text(): string {
    const { timestamp, width, height, sequence } = this.image;
    const payload = { width, height, format: "jpeg", sequence };
    return this.#text ??= JSON.stringify({
      type: "frame",
      timestamp,
      payload,
      device: this.device,
    });
  }

  /** The capture time in microseconds since the Unix epoch in 8 big-endian bytes, then the JPEG. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes ??= toBytes(this.image);
  }
}

function toBytes({ timestamp, jpeg }: FrameImage): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + jpeg.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(timestamp));
  bytes.set(jpeg, 8);
  return bytes;
}
