import { type PixelRectangle, RegionMeter } from "../../ffi/regions.ts";
import type { Frame, Picture } from "../capture/frame.ts";
import { reasonOf } from "../base/errors.ts";
import { type Log, silentLog } from "../telemetry/log.ts";
import type { Detection } from "./blazeface.ts";
import { rgbOf } from "./color.ts";
import { FaceDetector } from "./detector.ts";
import { type DetectionOptions, FaceTracker } from "./face_tracker.ts";
import { DetectionScheduler } from "./detection_scheduler.ts";
import { FollowedPatch } from "./followed_patch.ts";
import { chestPlace, inPixels, nosePlace, regionShapes } from "./layout.ts";
import { PulseNetwork } from "./pulse_network.ts";
import {
  type FaceObservation,
  REGION_NAMES,
  type RegionMean,
  type RegionName,
  type RegionSample,
} from "./region_sample.ts";

/** How often the detector looks, in microseconds of the frames' time. */
const LOOK_US = { tracked: 200_000, lost: 100_000, tentative: 0 } as const;
/** What may be a face is looked at again at once, but not for ever. */
const TENTATIVE_DETECTIONS = 6;
/** The skin gate looks again after this time, or when the light on the face changed so much. */
const REGATE_US = 10_000_000;
const REGATE_LIGHT = 0.15;
/** A new face is measured at once; a box that was put right and a new gate fade in. */
const FADE = { appeared: 255, moved: 40, regated: 8 } as const;

/** Regions with fewer pixels say nothing. */
const LEAST_PIXELS = 16;
/** What is followed keeps its place until that is off by so much of the face's width. */
const CHEST_REST = 0.2;
const NOSE_REST = 0.12;

/** Masks are drawn anew after they were carried so many widths of the face. */
const CARRIED = 0.2;

export interface VisionOptions {
  /** An ONNX file of BlazeFace's front model. @default the program's own */
  readonly detectorPath?: string;
  /** An ONNX file of a streaming pulse network. @default none */
  readonly pulseModelPath?: string;
  /** @default says nothing */
  readonly log?: Log;
}

/** Finds the face in a stream of frames and measures its regions. */
export class Vision implements AsyncDisposable {
  readonly #detector: FaceDetector;
  readonly #network: PulseNetwork | undefined;
  readonly #log: Log;
  readonly #meter = new RegionMeter();
  readonly #tracker = new FaceTracker();
  readonly #scheduler = new DetectionScheduler();
  readonly #chest = new FollowedPatch(this.#meter, {
    motion: 0,
    region: REGION_NAMES.indexOf("chest"),
  });
  /** The masks on the face are carried by the meter's motion 1. */
  readonly #nose = new FollowedPatch(this.#meter, { motion: 1 });
  #looking: Promise<void> | undefined;
  #found: DetectionOptions & { readonly faces: readonly Detection[] } | undefined;
  #lookedUs = -Infinity;
  #tentativeLooks = 0;
  /** How far the masks were carried since they were laid out, in pixels. */
  #shift = { x: 0, y: 0 };
  #laidOut: { readonly face: FaceObservation; timeUs: number; light: number } | undefined;

  private constructor(detector: FaceDetector, network: PulseNetwork | undefined, log: Log) {
    this.#detector = detector;
    this.#network = network;
    this.#log = log;
  }

  /** @throws {Error} where a model cannot be loaded. */
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
   * Measures a frame, at once: faces that the detector finds, off the event loop, count from a
   * later frame on. The frame's pixels are not needed any more when this returns.
   */
  observe(frame: Frame): RegionSample {
    if (!this.#looking && this.#isDue(frame.timeUs)) this.#look(frame);
    this.#take();
    const sample = this.#measure(frame);
    this.#feed(frame, sample, false);
    return this.#withPulse(sample);
  }

  /**
   * The same, but waits for the detector where it is due, so that a recording gives the same
   * samples at any speed.
   */
  async observeInOrder(frame: Frame): Promise<RegionSample> {
    await this.#looking;
    if (this.#isDue(frame.timeUs)) {
      this.#look(frame);
      await this.#looking;
    }
    this.#take();
    const sample = this.#measure(frame);
    await this.#feed(frame, sample, true);
    return this.#withPulse(sample);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#looking;
    await this.#network?.[Symbol.asyncDispose]();
    this.#detector[Symbol.dispose]();
    this.#meter[Symbol.dispose]();
  }

  // ---- The detector ----

  #isDue(timeUs: number): boolean {
    const { face, confirmed } = this.#tracker.interest;
    const tentative = face && this.#tentativeLooks < TENTATIVE_DETECTIONS;
    const pace = confirmed ? "tracked" : tentative ? "tentative" : "lost";
    const elapsed = timeUs - this.#lookedUs;
    return elapsed >= LOOK_US[pace] || elapsed < 0;
  }

  #look({ picture, timeUs }: Frame): void {
    this.#lookedUs = timeUs;
    const { face, confirmed } = this.#tracker.interest;
    this.#tentativeLooks = face && !confirmed ? this.#tentativeLooks + 1 : 0;
    const { width, height } = picture;
    const look = this.#scheduler.next(this.#tracker.interest, picture);
    const view = {
      x: look.view.x / width,
      y: look.view.y / height,
      width: look.view.size / width,
      height: look.view.size / height,
    };
    this.#looking = this.#detector.detect(picture, look).then(
      (faces) => {
        this.#found = { faces, timeUs, aspect: width / height, view, good: look.good };
      },
      (error: unknown) => {
        const reason = reasonOf(error);
        this.#log.rateLimited("detector", 60, "error", "The face detector failed", { reason });
      },
    ).finally(() => this.#looking = undefined);
  }

  #take(): void {
    if (this.#found) this.#tracker.update(this.#found.faces, this.#found);
    this.#found = undefined;
  }

  // ---- The network ----

  #feed({ picture }: Frame, { face, timeUs }: RegionSample, everyFrame: boolean) {
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
    return network.feed(picture, face, { timeUs, everyFrame })?.catch((error: unknown) => {
      const reason = reasonOf(error);
      this.#log.rateLimited("pulse_model", 60, "error", "The pulse model failed", { reason });
    });
  }

  #withPulse(sample: RegionSample): RegionSample {
    const pulse = this.#network?.take();
    return pulse ? { ...sample, networkPulse: pulse.value } : sample;
  }

  // ---- A frame ----

  #measure({ picture, timeUs, sequence }: Frame): RegionSample {
    const face = this.#tracker.observe(timeUs);
    this.#layOut(picture, face, timeUs);
    this.#meter.measure(picture);
    this.#carry(picture);
    const regions = this.#means(picture);
    if (this.#laidOut && this.#laidOut.light === 0) {
      this.#laidOut.light = regions.skin?.g ?? 0;
    }
    const chest = this.#chest.take(picture.height);
    const nose = this.#nose.take(picture.height);
    return {
      timeUs,
      sequence,
      regions,
      ...(face && { face }),
      faceCount: this.#tracker.faceCount,
      ...(chest && { chest }),
      ...(nose && { nose }),
      brightness: this.#meter.brightness,
      clipped: this.#meter.clipped,
      motion: this.#meter.motion,
    };
  }

  #layOut(picture: Picture, face: FaceObservation | undefined, timeUs: number): void {
    const before = this.#laidOut;
    if (!face) {
      if (!before) return;
      this.#laidOut = undefined;
      this.#meter.layout(picture, [], { fade: FADE.appeared });
      this.#chest.placeAt(undefined);
      this.#nose.placeAt(undefined);
      return;
    }
    const appeared = !before || before.face.track !== face.track;
    const moved = appeared || this.#tracker.moving ||
      Math.hypot(this.#shift.x, this.#shift.y) > CARRIED * face.box.width * picture.width;
    if (!moved && !this.#needsNewGate(timeUs)) return;
    const place = inPixels(face, picture);
    this.#meter.layout(picture, regionShapes(place, picture), {
      face: inner(place.box),
      fade: appeared ? FADE.appeared : moved ? FADE.moved : FADE.regated,
    });
    this.#laidOut = { face, timeUs, light: 0 };
    this.#shift = { x: 0, y: 0 };
    const { width } = place.box;
    this.#chest.placeAt(chestPlace(place, picture), CHEST_REST * width);
    this.#nose.placeAt(nosePlace(place, picture), NOSE_REST * width);
  }

  /** The masks went with the nose; so does the box, for the next frame. */
  #carry({ width, height }: Picture): void {
    if (!this.#laidOut) return;
    const { x, y } = this.#meter.shift;
    this.#tracker.carry((x - this.#shift.x) / width, (y - this.#shift.y) / height);
    this.#shift = { x, y };
  }

  #needsNewGate(timeUs: number): boolean {
    const laidOut = this.#laidOut;
    if (!laidOut || timeUs - laidOut.timeUs > REGATE_US) return true;
    if (laidOut.light === 0 || timeUs - laidOut.timeUs < REGATE_US / 10) return false;
    const light = this.#lastGreen;
    return Math.abs(light / laidOut.light - 1) > REGATE_LIGHT;
  }

  #lastGreen = 0;

  #means(picture: Picture): RegionSample["regions"] {
    const regions: Partial<Record<RegionName, RegionMean>> = {};
    if (!this.#laidOut) return regions;
    REGION_NAMES.forEach((name, index) => {
      const { weight, y, u, v, pixels, clipped } = this.#meter.region(index);
      if (pixels < LEAST_PIXELS) return;
      regions[name] = {
        ...rgbOf(y / weight, u / weight, v / weight, picture.color),
        pixels,
        clipped: clipped / pixels,
      };
    });
    this.#lastGreen = regions.skin?.g ?? 0;
    return regions;
  }
}

/** The middle of the box, where nothing but face is. */
function inner({ x, y, width, height }: PixelRectangle): PixelRectangle {
  return { x: x + 0.15 * width, y: y + 0.1 * height, width: 0.7 * width, height: 0.8 * height };
}
