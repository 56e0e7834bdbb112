import { type PixelRectangle, RegionMeter } from "../../ffi/regions.ts";
import type { Frame, Image } from "../capture/frame.ts";
import { reasonOf } from "../base/errors.ts";
import { type Log, silentLog } from "../telemetry/log.ts";
import { Appearance } from "./appearance.ts";
import type { Detection } from "./blazeface.ts";
import { rgbOf } from "./color.ts";
import { FaceDetector } from "./detector.ts";
import { type DetectionContext, FaceTracker } from "./face_tracker.ts";
import { DetectionScheduler } from "./detection_scheduler.ts";
import { DetectionTiming } from "./detection_timing.ts";
import { type GrayscaleContext, GrayscaleDetector } from "./grayscale_detector.ts";
import { chestRectangle, noseRectangle, regionShapes, toPixels } from "./layout.ts";
import { PulseNetwork } from "./pulse_network.ts";
import {
  type Box,
  type FaceObservation,
  REGION_NAMES,
  type RegionMean,
  type RegionName,
  type RegionSample,
} from "./region_sample.ts";
import { TrackedPatch } from "./tracked_patch.ts";

/** The skin mask is recomputed after this time, or after this relative change of brightness. */
const REMASK_US = 10_000_000;
const REMASK_BRIGHTNESS_CHANGE = 0.15;
/** Speed at which new masks fade in, in 1/255 per frame, by the reason for them. */
const FADE = { newFace: 255, moved: 40, remasked: 8 } as const;

/** Smallest region that is reported. */
const MIN_PIXELS = 16;
/** Change of position, in face widths, below which a tracked patch is not moved. */
const CHEST_TOLERANCE = 0.2;
const NOSE_TOLERANCE = 0.12;

/** Distance, in face widths, over which masks are translated before they are laid out again. */
const MAX_TRANSLATION = 0.2;

export interface VisionOptions {
  /** ONNX file of BlazeFace's front model. @default the packed model */
  readonly detectorPath?: string;
  /** ONNX file of a streaming pulse network. @default none */
  readonly pulseModelPath?: string;
  /** @default logs nothing */
  readonly log?: Log;
}

/** Detects and tracks the face in a stream of frames, and measures its regions. */
export class Vision implements AsyncDisposable {
  readonly #detector: FaceDetector;
  readonly #network: PulseNetwork | undefined;
  readonly #log: Log;
  readonly #meter = new RegionMeter();
  readonly #tracker = new FaceTracker();
  readonly #scheduler = new DetectionScheduler();
  readonly #timing = new DetectionTiming();
  readonly #chest = new TrackedPatch(this.#meter, {
    motion: 0,
    region: REGION_NAMES.indexOf("chest"),
  });
  /** Motion 1 of the meter, which also translates the masks on the face. */
  readonly #nose = new TrackedPatch(this.#meter, { motion: 1 });
  #detecting: Promise<void> | undefined;
  /** Whether the newest frame shows the face as it was detected last, and nothing else new. */
  #isStill = false;
  /** Result of a detection that the tracker has not received yet. */
  #detected: DetectionContext & { readonly faces: readonly Detection[] } | undefined;
  readonly #appearance = new Appearance();
  readonly #grayscale = new GrayscaleDetector();
  /** Track of the newest observed face. */
  #track: number | undefined;
  /** When the face was last replaced; earlier detections no longer count. */
  #replacedUs = -Infinity;
  /** Translation of the masks since they were laid out, in pixels. */
  #shift = { x: 0, y: 0 };
  /** State at the last layout; `brightness` is the green of the skin, 0 before it is measured. */
  #layout: { readonly face: FaceObservation; timeUs: number; brightness: number } | undefined;
  #lastGreen = 0;

  private constructor(detector: FaceDetector, network: PulseNetwork | undefined, log: Log) {
    this.#detector = detector;
    this.#network = network;
    this.#log = log;
  }

  /**
   * Loads the models.
   *
   * @throws {ConfigError} if the pulse network cannot be used
   * @throws {UnavailableError} if the face detector cannot be loaded
   */
  static async open(options: VisionOptions = {}): Promise<Vision> {
    const detector = await FaceDetector.open(options.detectorPath);
    try {
      const { pulseModelPath: path, log = silentLog } = options;
      return new Vision(detector, path ? await PulseNetwork.open(path) : undefined, log);
    } catch (error) {
      detector[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Measures a frame without waiting for the detector, whose result is used from a later frame on.
   * The pixels of the frame are not read after this returns.
   */
  observe(frame: Frame): RegionSample {
    if (!this.#detecting && this.#isDue(frame.timeUs)) this.#startDetection(frame);
    this.#updateTracker();
    const sample = this.#measure(frame);
    this.#runNetwork(frame, sample, false);
    return this.#withNetworkPulse(sample);
  }

  /**
   * Measures a frame like `observe`, but waits for a detection that is due, so that a recording
   * yields the same samples at any speed.
   */
  async observeInOrder(frame: Frame): Promise<RegionSample> {
    await this.#detecting;
    if (this.#isDue(frame.timeUs)) {
      this.#startDetection(frame);
      await this.#detecting;
    }
    this.#updateTracker();
    const sample = this.#measure(frame);
    await this.#runNetwork(frame, sample, true);
    return this.#withNetworkPulse(sample);
  }

  /** Boxes of all faces that may be in the newest frame, as fractions of the image. */
  get faceBoxes(): readonly Box[] {
    return this.#tracker.boxes;
  }

  /** Measures another face than the present one, if there is another that was not passed over. */
  passOverFace(): void {
    this.#tracker.passOver();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#detecting;
    await this.#network?.[Symbol.asyncDispose]();
    this.#detector[Symbol.dispose]();
    this.#meter[Symbol.dispose]();
  }

  #isDue(timeUs: number): boolean {
    return this.#timing.isDue(timeUs, { target: this.#tracker.target, isStill: this.#isStill });
  }

  #startDetection({ image, timeUs }: Frame): void {
    this.#timing.onStart(timeUs, this.#tracker.target);
    const { width, height } = image;
    const request = this.#scheduler.next(this.#tracker.target, image);
    const view = {
      x: request.view.x / width,
      y: request.view.y / height,
      width: request.view.size / width,
      height: request.view.size / height,
    };
    this.#detecting = this.#detector.detect(image, request).then(
      (faces) => {
        const { confirmThreshold } = request;
        this.#detected = { faces, timeUs, aspect: width / height, view, confirmThreshold };
      },
      (error: unknown) => {
        const reason = reasonOf(error);
        this.#log.rateLimited("detector", 60, "error", "The face detector failed", { reason });
      },
    ).finally(() => this.#detecting = undefined);
  }

  #updateTracker(): void {
    if (this.#detected && this.#detected.timeUs >= this.#replacedUs) {
      this.#tracker.update(this.#detected.faces, this.#detected);
      if (!this.#tracker.target.missed) this.#appearance.onDetected();
    }
    this.#detected = undefined;
  }

  #runNetwork({ image }: Frame, { face, timeUs }: RegionSample, everyFrame: boolean) {
    const network = this.#network;
    if (!network || !face) return undefined;
    if (network.tooSlow) {
      const runMs = Math.round(network.runMs);
      this.#log.rateLimited(
        "pulse_model",
        3600,
        "warning",
        "The pulse model is too slow for this device",
        {
          run_ms: runMs,
        },
      );
    }
    return network.process(image, face, { timeUs, everyFrame })?.catch((error: unknown) => {
      const reason = reasonOf(error);
      this.#log.rateLimited("pulse_model", 60, "error", "The pulse model failed", { reason });
    });
  }

  #withNetworkPulse(sample: RegionSample): RegionSample {
    const pulse = this.#network?.takeSample();
    return pulse ? { ...sample, networkPulse: pulse.value } : sample;
  }

  #measure({ image, timeUs, sequence }: Frame): RegionSample {
    const face = this.#observeFace(image, timeUs);
    this.#layOutRegions(image, face, timeUs);
    this.#meter.measure(image);
    this.#translate(image);
    const regions = this.#means(image);
    const isGrayscale = this.#isGrayscale(image, { timeUs, skin: face && regions.skin });
    if (this.#layout && this.#layout.brightness === 0) {
      this.#layout.brightness = regions.skin?.g ?? 0;
    }
    const chest = this.#chest.takeDisplacement(image.height);
    const nose = this.#nose.takeDisplacement(image.height);
    return {
      timeUs,
      sequence,
      regions,
      ...(face && { face }),
      faceCount: this.#tracker.faceCount,
      ...(chest && { chest }),
      ...(nose && { nose }),
      ...(isGrayscale && { isGrayscale }),
      brightness: this.#meter.brightness,
      clipped: this.#meter.clipped,
      motion: this.#meter.motion,
    };
  }

  /** A change draws the masks anew: skin looks different in infrared light. */
  #isGrayscale(image: Image, context: GrayscaleContext): boolean {
    const before = this.#grayscale.isGrayscale;
    const isGrayscale = this.#grayscale.push(image, context);
    if (isGrayscale !== before && this.#layout) this.#layout.timeUs = -Infinity;
    return isGrayscale;
  }

  /** The tracked face, unless it has been replaced by another face or by something else. */
  #observeFace(image: Image, timeUs: number): FaceObservation | undefined {
    const face = this.#tracker.observe(timeUs);
    if (face?.track !== this.#track) this.#appearance.reset();
    this.#track = face?.track;
    if (face && this.#appearance.isReplaced(image, { box: face.box, timeUs })) {
      this.#isStill = false;
      this.#tracker.reset();
      this.#replacedUs = timeUs;
      this.#timing.reset();
      return undefined;
    }
    this.#isStill = this.#appearance.isUnchanged && this.#tracker.isStill(timeUs);
    if (this.#isStill) this.#tracker.confirm(timeUs);
    return face;
  }

  #layOutRegions(image: Image, face: FaceObservation | undefined, timeUs: number): void {
    const before = this.#layout;
    if (!face) {
      if (!before) return;
      this.#layout = undefined;
      this.#meter.layout(image, [], { fade: FADE.newFace });
      this.#chest.moveTo(undefined);
      this.#nose.moveTo(undefined);
      return;
    }
    const newFace = !before || before.face.track !== face.track;
    const moved = newFace || this.#tracker.moving ||
      Math.hypot(this.#shift.x, this.#shift.y) > MAX_TRANSLATION * face.box.width * image.width;
    if (!moved && !this.#needsNewMask(timeUs)) return;
    const pixelFace = toPixels(face, image);
    this.#meter.layout(image, regionShapes(pixelFace, image), {
      face: inner(pixelFace.box),
      fade: newFace ? FADE.newFace : moved ? FADE.moved : FADE.remasked,
    });
    this.#layout = { face, timeUs, brightness: 0 };
    this.#shift = { x: 0, y: 0 };
    const { width } = pixelFace.box;
    this.#chest.moveTo(chestRectangle(pixelFace, image), CHEST_TOLERANCE * width);
    this.#nose.moveTo(noseRectangle(pixelFace, image), NOSE_TOLERANCE * width);
  }

  /** Moves the box like the masks, which follow the nose, for the next frame. */
  #translate({ width, height }: Image): void {
    if (!this.#layout) return;
    const { x, y } = this.#meter.shift;
    this.#tracker.translate((x - this.#shift.x) / width, (y - this.#shift.y) / height);
    this.#shift = { x, y };
  }

  #needsNewMask(timeUs: number): boolean {
    const layout = this.#layout;
    if (!layout || timeUs - layout.timeUs > REMASK_US) return true;
    if (layout.brightness === 0 || timeUs - layout.timeUs < REMASK_US / 10) return false;
    return Math.abs(this.#lastGreen / layout.brightness - 1) > REMASK_BRIGHTNESS_CHANGE;
  }

  #means(image: Image): RegionSample["regions"] {
    const regions: Partial<Record<RegionName, RegionMean>> = {};
    if (!this.#layout) return regions;
    REGION_NAMES.forEach((name, index) => {
      const { weight, y, u, v, pixels, clipped } = this.#meter.region(index);
      if (pixels < MIN_PIXELS) return;
      regions[name] = {
        ...rgbOf(y / weight, u / weight, v / weight, image.color),
        pixels,
        clipped: clipped / pixels,
      };
    });
    this.#lastGreen = regions.skin?.g ?? 0;
    return regions;
  }
}

/** Returns the inner part of the box, which contains no background. */
function inner({ x, y, width, height }: PixelRectangle): PixelRectangle {
  return { x: x + 0.15 * width, y: y + 0.1 * height, width: 0.7 * width, height: 0.8 * height };
}
