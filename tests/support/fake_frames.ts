import { epochUs } from "../../src/base/time.ts";
import type { FrameImage } from "../../src/envelopes/envelope.ts";
import type { FrameDemand, FrameViewer } from "../../src/web/frame_fanout.ts";
import type { DeviceFrame } from "../../src/web/device_frame.ts";

/** A frame with the beginning of a JPEG, its sequence number and `bytes` more bytes. */
export function fakeImage(sequence: number, bytes = 0): FrameImage {
  const jpeg = new Uint8Array(3 + bytes);
  jpeg.set([0xff, 0xd8, sequence]);
  return { timestamp: epochUs(sequence), sequence, width: 4, height: 3, jpeg };
}

/** A viewer that collects frames; change `demands`, and update the fan-out, to watch other devices. */
export class FakeViewer implements FrameViewer {
  readonly frames: string[] = [];
  demands: Readonly<Record<string, FrameDemand>>;

  constructor(demands: Readonly<Record<string, FrameDemand>>) {
    this.demands = demands;
  }

  frameDemand(device: string): FrameDemand {
    return this.demands[device] ?? "none";
  }

  takeFrame({ device, image }: DeviceFrame): void {
    this.frames.push(`${device} ${image.sequence}`);
  }
}
