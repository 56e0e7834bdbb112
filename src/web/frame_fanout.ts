import type { DeviceFrame } from "./device_frame.ts";

/** Which frames of a device a viewer receives: all, one a second, or none. */
export type FrameDemand = "live" | "stills" | "none";

/** A receiver of frames. */
export interface FrameViewer {
  /** Which frames of a device it wants; call `FrameFanout.update()` when the answer changes. */
  frameDemand(device: string): FrameDemand;
  /** Takes a frame. Never waits and never throws. */
  takeFrame(frame: DeviceFrame): void;
}

export interface FrameFanoutOptions {
  /** Called when the strongest demand of all viewers for a device has changed. */
  readonly onDemand: (device: string, demand: FrameDemand) => void;
  /** Monotonic time in milliseconds. */
  readonly nowMs: () => number;
}

/** Time between two stills of a device, in milliseconds, less the jitter of their arrival. */
const STILL_INTERVAL_MS = 900;

interface Watched {
  readonly demand: Exclude<FrameDemand, "none">;
  lastMs: number;
}

/**
 * Distributes the frames of devices to viewers, and knows which devices have any: a device publishes
 * frames only on demand.
 */
export class FrameFanout {
  readonly #options: FrameFanoutOptions;
  readonly #viewers = new Set<FrameViewer>();
  /** The viewers of each known device. */
  readonly #watched = new Map<string, Map<FrameViewer, Watched>>();

  constructor(options: FrameFanoutOptions) {
    this.#options = options;
  }

  add(viewer: FrameViewer): void {
    this.#viewers.add(viewer);
    this.update(viewer);
  }

  remove(viewer: FrameViewer): void {
    this.#viewers.delete(viewer);
    for (const device of this.#watched.keys()) this.#change(device, viewer, "none");
  }

  /** Asks a viewer again what it wants. */
  update(viewer: FrameViewer): void {
    for (const device of this.#watched.keys()) {
      this.#change(device, viewer, viewer.frameDemand(device));
    }
  }

  /** Adds a device, which viewers may want. */
  addDevice(device: string): void {
    this.#watched.set(device, new Map());
    for (const viewer of this.#viewers) this.#change(device, viewer, viewer.frameDemand(device));
  }

  removeDevice(device: string): void {
    for (const viewer of this.#viewers) this.#change(device, viewer, "none");
    this.#watched.delete(device);
  }

  /** The strongest demand of all viewers. */
  demand(device: string): FrameDemand {
    const viewers = [...this.#watched.get(device)?.values() ?? []];
    if (viewers.length === 0) return "none";
    return viewers.some(({ demand }) => demand === "live") ? "live" : "stills";
  }

  /** True if a viewer would receive a frame that is published now. */
  isDue(device: string): boolean {
    const nowMs = this.#options.nowMs();
    return [...this.#watched.get(device)?.values() ?? []].some((each) => isDue(each, nowMs));
  }

  publish(frame: DeviceFrame): void {
    const nowMs = this.#options.nowMs();
    for (const [viewer, watched] of this.#watched.get(frame.device) ?? []) {
      if (!isDue(watched, nowMs)) continue;
      watched.lastMs = nowMs;
      viewer.takeFrame(frame);
    }
  }

  #change(device: string, viewer: FrameViewer, demand: FrameDemand): void {
    const viewers = this.#watched.get(device);
    const current = viewers?.get(viewer);
    if (!viewers || (current?.demand ?? "none") === demand) return;
    const before = this.demand(device);
    if (demand === "none") viewers.delete(viewer);
    else viewers.set(viewer, { demand, lastMs: current?.lastMs ?? -Infinity });
    const after = this.demand(device);
    if (after !== before) this.#options.onDemand(device, after);
  }
}

function isDue({ demand, lastMs }: Watched, nowMs: number): boolean {
  return demand === "live" || nowMs - lastMs >= STILL_INTERVAL_MS;
}
