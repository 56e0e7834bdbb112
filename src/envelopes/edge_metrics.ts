import type { Point, RegionSample } from "../vision/region_sample.ts";
import type { Sample, SignalQuality } from "../vitals/estimate.ts";
import type { EdgeMetricsSource, PixelPoint } from "./fields/edge_metrics.ts";

/** What the device computed on one frame, and the trace samples that belong to it. */
export interface EdgeObservation {
  readonly sample: RegionSample;
  readonly signal: SignalQuality;
  /** Chest positions newer than the last message. */
  readonly upperTrace: readonly Sample[];
  /** Only with `--enable_eda`. */
  readonly eda?: readonly Sample[];
  /** Size of the published frame in pixels: the unit of boxes and points. */
  readonly width: number;
  readonly height: number;
  /** How far frames are reduced for a slow link, 0..1. */
  readonly frameDegradation: number;
  /** JPEG quality, 1..100, of frames that are reduced; absent otherwise. */
  readonly frameQuality?: number | undefined;
}

/** Brings the observations of consecutive frames into the units and groups of edge metrics. */
export class EdgeMetricsBuilder {
  #track: number | undefined;

  source(observation: EdgeObservation): Omit<EdgeMetricsSource, "identity"> {
    const { sample, signal, upperTrace, eda = [], frameDegradation, frameQuality } = observation;
    return {
      upperTrace,
      face: this.#face(observation),
      faceSpeed: sample.face?.speed,
      difference: sample.motion,
      signal: {
        ...signal,
        frameDegradation: frameDegradation > 0 ? frameDegradation : undefined,
        frameQuality,
      },
      eda,
    };
  }

  #face({ sample: { face, timeUs }, width, height }: EdgeObservation): EdgeMetricsSource["face"] {
    if (!face) return undefined;
    const reset = this.#track !== face.track;
    this.#track = face.track;
    const { box, landmarks } = face;
    const pixel = ({ x, y }: Point): PixelPoint => ({ x: x * width, y: y * height });
    const value = [
      landmarks.rightEye,
      landmarks.leftEye,
      landmarks.nose,
      landmarks.mouth,
      landmarks.rightEar,
      landmarks.leftEar,
    ].map(pixel);
    return {
      box: { ...pixel(box), width: box.width * width, height: box.height * height },
      landmarks: [{ value, stable: !reset, reset, timeUs }],
    };
  }
}
