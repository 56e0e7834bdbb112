import { NativeCamera, stableCameraPath } from "../../../ffi/camera.ts";
import type {
  CameraFrame,
  CameraGranted,
  CameraLosses,
  CameraRequest,
} from "../../../ffi/camera_values.ts";
import { NativeError } from "../../../ffi/library.ts";
import { type Clock, SystemClock } from "../../telemetry/clock.ts";
import { Counters } from "../../telemetry/counters.ts";
import { type Log, silentLog } from "../../telemetry/log.ts";
import type { Frame, FrameSource, SourceEvent } from "../frame.ts";
import { CameraTimeline } from "./camera_timeline.ts";
import { listCameras } from "./cameras.ts";
import { cameraError } from "./hints.ts";
import { type CameraSettings, DEFAULT_SETTINGS, type V4l2SourceOptions } from "./options.ts";

/** A camera is silent after this time or this number of frames, whichever is longer. */
const SILENCE_MS = 2000;
const SILENCE_FRAMES = 5;
/** Silence timeouts before the camera is reopened if no frame came since it was opened. */
const START_TIMEOUTS = 3;
const RETRY_MS = 1000;
/** A USB control transfer times out after 5 s, and opening needs several; more than this hangs. */
const OPEN_TIMEOUT_MS = 60_000;
/** A driver that takes longer than this to close does not respond. */
const CLOSE_TIMEOUT_MS = 6000;

/** Where a source looks for cameras; tests have none. */
export interface CameraDevices {
  /** @default listCameras */
  readonly list?: typeof listCameras;
  /** @default stableCameraPath */
  readonly stablePath?: typeof stableCameraPath;
}

const NO_LOSSES: CameraLosses = { lost: 0, damaged: 0, overrun: 0, reason: "" };

/**
 * Source of frames from a V4L2 camera. A camera that is unplugged or sends no frames is reported as
 * `disconnected`; the source then tries to reopen it every second by its stable path.
 */
export class V4l2Source implements FrameSource {
  readonly realtime = true;
  readonly #options: CameraSettings;
  readonly #devices: Required<CameraDevices>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #timeline: CameraTimeline;
  readonly #closing = new AbortController();
  #camera: NativeCamera | undefined;
  #iteration: AsyncGenerator<SourceEvent> | undefined;
  #path: string;
  /** Name, bus and driver that identify the camera if it has no stable path. */
  #identity: CameraGranted | undefined;
  /** Why the camera could not be closed; reported on disposal. */
  #closeError: unknown;
  #locked = false;
  #connected = false;
  #losses = NO_LOSSES;

  constructor(options: V4l2SourceOptions, devices: CameraDevices = {}) {
    const { clock = new SystemClock(), log = silentLog, counters = new Counters() } = options;
    this.#options = { ...DEFAULT_SETTINGS, ...options };
    this.#devices = { list: listCameras, stablePath: stableCameraPath, ...devices };
    this.#path = options.device;
    this.#clock = clock;
    this.#timeline = new CameraTimeline(clock);
    this.#log = log;
    this.#counters = counters;
  }

  get description(): string {
    const granted = this.#camera?.granted;
    if (!granted) return `camera ${this.#options.device}`;
    const { name, format, width, height, fps } = granted;
    const rate = fps === undefined ? "" : ` at ${fps} fps`;
    return `${name}: ${format} ${width}x${height}${rate} (${this.#options.device})`;
  }

  get nominalFps(): number {
    return this.#camera?.granted.fps ?? this.#options.fps;
  }

  /** True while exposure and white balance are locked. */
  get exposureLocked(): boolean {
    return this.#locked;
  }

  /**
   * Locks exposure, gain, white balance and focus at their current values, if the camera has such
   * controls, because their hunting resembles a pulse. Reconnecting releases the lock.
   */
  lockExposure(): void {
    if (!this.#camera || this.#locked) return;
    this.#camera.lock(true);
    this.#locked = true;
  }

  /** Returns exposure, gain, white balance and focus to automatic control. */
  unlockExposure(): void {
    this.#camera?.lock(false);
    this.#locked = false;
  }

  /**
   * @throws {SourceError} from the first step, if the camera cannot be opened. Later the source
   * waits for the camera instead.
   * @throws {NativeError} with status `timeout`, if a driver does not respond while the camera is
   * reopened or closed: the process should exit, so that its supervisor restarts it.
   */
  [Symbol.asyncIterator](): AsyncIterator<SourceEvent> {
    this.#iteration ??= this.#events();
    return this.#iteration;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#camera?.stop();
    if (!this.#iteration) return;
    const ended = await this.#endsWithin(CLOSE_TIMEOUT_MS, this.#iteration.return(undefined));
    if (!ended) throw new Error(`Cannot close ${this.description}: its driver does not respond`);
    if (this.#closeError !== undefined) throw this.#closeError;
  }

  async *#events(): AsyncGenerator<SourceEvent> {
    if (this.#closing.signal.aborted) return;
    try {
      await this.#open();
    } catch (error) {
      throw cameraError(this.#options.device, error);
    }
    try {
      yield this.#connect();
      while (!(yield* this.#frames())) {
        await this.#close();
        if (!await this.#reopen()) return;
      }
    } finally {
      await this.#close();
    }
  }

  #connect(): SourceEvent {
    this.#connected = true;
    return { kind: "connected", description: this.description };
  }

  /** Yields `disconnected`, unless the camera is disconnected already. */
  *#disconnect(reason: string): Generator<SourceEvent> {
    if (this.#connected) yield { kind: "disconnected", reason };
    this.#connected = false;
  }

  /** Yields events until the camera must be reopened; returns true if it was stopped instead. */
  async *#frames(): AsyncGenerator<SourceEvent, boolean> {
    const camera = this.#camera!;
    const silenceMs = Math.max(SILENCE_MS, SILENCE_FRAMES * 1000 / this.nominalFps);
    let timeouts = START_TIMEOUTS;
    while (true) {
      const read = await camera.next(silenceMs);
      switch (read.state) {
        case "frame":
          this.#countLosses(read.losses);
          if (!this.#connected) yield this.#connect();
          yield { kind: "frame", frame: this.#toFrame(read.frame) };
          timeouts = 1;
          break;
        case "timeout":
          this.#countLosses(read.losses);
          yield* this.#disconnect(`no frame for ${(silenceMs / 1000).toFixed(1)} s`);
          if (--timeouts === 0) return false;
          break;
        case "failed":
          yield* this.#disconnect(read.reason);
          return false;
        case "stopped":
          return true;
      }
    }
  }

  async #open(): Promise<void> {
    const { width, height, fps, codec, transform, powerLine, analysisWidth, jpegQuality } =
      this.#options;
    const request: CameraRequest = {
      width,
      height,
      fps,
      format: codec,
      minWidth: analysisWidth,
      transform,
      powerLine,
      jpegQuality,
    };
    const camera = await this.#withTimeout(NativeCamera.open(this.#path, request));
    if (this.#closing.signal.aborted) camera.stop();
    this.#camera = camera;
    // The link of a port is kept, because that of an equal camera may lead to this one now.
    const isLink = /^\/dev\/v4l\/by-(id|path)\//.test(this.#path);
    const stablePath = isLink ? this.#path : this.#devices.stablePath(this.#path);
    this.#path = stablePath ?? this.#path;
    this.#identity = stablePath === undefined ? camera.granted : undefined;
    this.#locked = false;
    this.#losses = NO_LOSSES;
    this.#timeline.restart();
  }

  async #withTimeout(opening: Promise<NativeCamera>): Promise<NativeCamera> {
    if (await this.#endsWithin(OPEN_TIMEOUT_MS, opening)) return await opening;
    opening.then((camera) => camera[Symbol.asyncDispose](), () => {});
    throw new NativeError(`Cannot open ${this.#path}: its driver does not respond`, "timeout");
  }

  /** Waits until `work` has ended; returns false if this takes longer than `ms` milliseconds. */
  async #endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
    const timer = new AbortController();
    try {
      return await Promise.race([
        work.then(() => true),
        this.#clock.sleep(ms, timer.signal).then(() => false),
      ]);
    } finally {
      timer.abort();
    }
  }

  /** Retries until the camera is open; returns false if the source was closed meanwhile. */
  async #reopen(): Promise<boolean> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        this.#path = await this.#findPath() ?? this.#path;
        await this.#open();
        return true;
      } catch (error) {
        if (error instanceof NativeError && error.status === "timeout") throw error;
        const { message, hint } = cameraError(this.#path, error);
        this.#log.rateLimited("camera_reopen", 60, "warning", message, { hint });
      }
      await this.#clock.sleep(RETRY_MS, signal);
    }
    return false;
  }

  /** A camera without a stable path may return as another device number on the same bus. */
  async #findPath(): Promise<string | undefined> {
    const identity = this.#identity;
    if (!identity) return undefined;
    const cameras = await this.#devices.list();
    const found = cameras.find(({ name, bus, driver }) =>
      name === identity.name && bus === identity.bus && driver === identity.driver
    );
    return found?.path;
  }

  async #close(): Promise<void> {
    const camera = this.#camera;
    this.#camera = undefined;
    try {
      await camera?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#closeError = error;
      throw error;
    }
  }

  #toFrame(native: CameraFrame): Frame {
    const { image, jpeg } = native;
    return {
      ...this.#timeline.convert(native),
      width: image.fullWidth,
      height: image.fullHeight,
      image,
      ...(jpeg && { jpeg }),
      [Symbol.dispose]: () => native[Symbol.dispose](),
    };
  }

  #countLosses(losses: CameraLosses): void {
    const before = this.#losses;
    this.#losses = losses;
    for (const reason of ["lost", "damaged", "overrun"] as const) {
      const amount = losses[reason] - before[reason];
      if (amount > 0) this.#counters.add("camera_frames_lost_total", { reason }, amount);
    }
    if (losses.damaged > before.damaged) {
      this.#log.rateLimited("camera_damaged", 60, "warning", "The camera sent a damaged frame", {
        reason: losses.reason,
      });
    }
  }
}
