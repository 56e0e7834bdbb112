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
import { listCameras } from "./cameras.ts";
import { cameraError } from "./hints.ts";
import { type CameraSettings, DEFAULT_SETTINGS, type V4l2SourceOptions } from "./options.ts";
import { CameraTimeline } from "./timeline.ts";

/** A camera is silent after this time or this number of frames, whichever is longer. */
const SILENCE_MS = 2000;
const SILENCE_FRAMES = 5;
/** A camera that has just been started may need longer for its first picture: so many silences. */
const START_SILENCES = 3;
const RETRY_MS = 1000;
/** USB gives up a question after 5 s, and opening asks a few. A driver that needs longer hangs. */
const OPEN_MS = 60_000;
/** A driver that holds us longer at the end than this will not let go. */
const CLOSE_MS = 6000;

const NO_LOSSES: CameraLosses = { lost: 0, damaged: 0, overrun: 0, reason: "" };

/**
 * A camera of this machine by V4L2. One that is unplugged or falls silent is told as
 * `disconnected`, and tried again each second by its stable path for as long as the program runs.
 */
export class V4l2Source implements FrameSource {
  readonly realtime = true;
  readonly #options: CameraSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #timeline: CameraTimeline;
  readonly #closing = new AbortController();
  #camera: NativeCamera | undefined;
  #iteration: AsyncGenerator<SourceEvent> | undefined;
  #path: string;
  /** Which plug the camera is at, where it has no lasting path. */
  #place: CameraGranted | undefined;
  /** Why the camera could not be given back; whoever waited for a frame may not have heard it. */
  #stuck: unknown;
  #locked = false;
  #connected = false;
  #losses = NO_LOSSES;

  constructor(options: V4l2SourceOptions) {
    const { clock = new SystemClock(), log = silentLog, counters = new Counters() } = options;
    this.#options = { ...DEFAULT_SETTINGS, ...options };
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

  /** True while exposure and white balance are held. */
  get exposureLocked(): boolean {
    return this.#locked;
  }

  /**
   * Holds exposure, gain, white balance and focus at what the camera has found, where it has such
   * controls; their hunting looks like a pulse. A camera that comes back is free again.
   */
  lockExposure(): void {
    if (!this.#camera || this.#locked) return;
    this.#camera.lock(true);
    this.#locked = true;
  }

  /** Lets the camera adapt itself again. */
  unlockExposure(): void {
    this.#camera?.lock(false);
    this.#locked = false;
  }

  /**
   * @throws {SourceError} from the first step, where the camera cannot be opened at all. Once it
   * gave frames it is waited for.
   * @throws {NativeError} with status `timeout` where a driver does not open the camera again, or
   * does not let go of it: the process should end, so that its supervisor starts it anew.
   */
  [Symbol.asyncIterator](): AsyncIterator<SourceEvent> {
    this.#iteration ??= this.#events();
    return this.#iteration;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#camera?.stop();
    if (!this.#iteration) return;
    const late = new AbortController();
    const ended = await Promise.race([
      this.#iteration.return(undefined).then(() => true),
      this.#clock.sleep(CLOSE_MS, late.signal).then(() => false),
    ]);
    late.abort();
    if (!ended) throw new Error(`Cannot close ${this.description}: its driver does not answer`);
    if (this.#stuck !== undefined) throw this.#stuck;
  }

  async *#events(): AsyncGenerator<SourceEvent> {
    if (this.#closing.signal.aborted) return;
    try {
      await this.#open();
    } catch (error) {
      throw cameraError(this.#options.device, error);
    }
    try {
      yield this.#found();
      while (!(yield* this.#frames())) {
        await this.#close();
        if (!await this.#reopen()) return;
      }
    } finally {
      await this.#close();
    }
  }

  #found(): SourceEvent {
    this.#connected = true;
    return { kind: "connected", description: this.description };
  }

  /** Once for each loss: what cannot be had again stays lost. */
  *#lost(reason: string): Generator<SourceEvent> {
    if (this.#connected) yield { kind: "disconnected", reason };
    this.#connected = false;
  }

  /** Yields what the open camera gives until it is of no more use; returns true once stopped. */
  async *#frames(): AsyncGenerator<SourceEvent, boolean> {
    const camera = this.#camera!;
    const silenceMs = Math.max(SILENCE_MS, SILENCE_FRAMES * 1000 / this.nominalFps);
    let silences = START_SILENCES;
    while (true) {
      const read = await camera.next(silenceMs);
      switch (read.state) {
        case "frame":
          this.#count(read.losses);
          if (!this.#connected) yield this.#found();
          yield { kind: "frame", frame: this.#toFrame(read.frame) };
          silences = 1;
          break;
        case "timeout":
          this.#count(read.losses);
          yield* this.#lost(`no picture for ${(silenceMs / 1000).toFixed(1)} s`);
          if (--silences === 0) return false;
          break;
        case "failed":
          yield* this.#lost(read.reason);
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
    const camera = await this.#inTime(NativeCamera.open(this.#path, request));
    if (this.#closing.signal.aborted) camera.stop();
    this.#camera = camera;
    const stablePath = stableCameraPath(this.#path);
    this.#path = stablePath ?? this.#path;
    this.#place = stablePath === undefined ? camera.granted : undefined;
    this.#locked = false;
    this.#losses = NO_LOSSES;
    this.#timeline.begin();
  }

  async #inTime(opening: Promise<NativeCamera>): Promise<NativeCamera> {
    const late = new AbortController();
    const camera = await Promise.race([opening, this.#clock.sleep(OPEN_MS, late.signal)]);
    late.abort();
    if (camera) return camera;
    opening.then((camera) => camera[Symbol.asyncDispose](), () => {});
    throw new NativeError(`Cannot open ${this.#path}: its driver does not answer`, "timeout");
  }

  /** Tries until the camera is back; false where the source was closed meanwhile. */
  async #reopen(): Promise<boolean> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        this.#path = await this.#whereItIs() ?? this.#path;
        await this.#open();
        return true;
      } catch (error) {
        if (error instanceof NativeError && error.status === "timeout") throw error;
        const { message, hint } = cameraError(this.#path, error);
        this.#log.limited("camera_reopen", 60, "warning", message, { hint });
      }
      await this.#clock.sleep(RETRY_MS, signal);
    }
    return false;
  }

  /** A camera without a lasting path may come back under another number, at the same plug. */
  async #whereItIs(): Promise<string | undefined> {
    const place = this.#place;
    if (!place) return undefined;
    const cameras = await listCameras();
    const found = cameras.find(({ name, bus, driver }) =>
      name === place.name && bus === place.bus && driver === place.driver
    );
    return found?.path;
  }

  async #close(): Promise<void> {
    const camera = this.#camera;
    this.#camera = undefined;
    try {
      await camera?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#stuck = error;
      throw error;
    }
  }

  #toFrame(native: CameraFrame): Frame {
    const { image, jpeg } = native;
    return {
      ...this.#timeline.place(native),
      width: image.fullWidth,
      height: image.fullHeight,
      picture: image,
      ...(jpeg && { jpeg }),
      [Symbol.dispose]: () => native[Symbol.dispose](),
    };
  }

  #count(losses: CameraLosses): void {
    const before = this.#losses;
    this.#losses = losses;
    for (const reason of ["lost", "damaged", "overrun"] as const) {
      const amount = losses[reason] - before[reason];
      if (amount > 0) this.#counters.add("camera_frames_lost_total", { reason }, amount);
    }
    if (losses.damaged > before.damaged) {
      this.#log.limited("camera_damaged", 60, "warning", "The camera sent a damaged frame", {
        reason: losses.reason,
      });
    }
  }
}
