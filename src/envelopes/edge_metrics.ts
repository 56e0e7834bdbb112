import type { Point, RegionSample } from "../vision/region_sample.ts";
import type { Sample, SignalQuality } from "../vitals/estimate.ts";
import type { EdgeMetricsSource, PixelPoint } from "./fields/edge_metrics.ts";

/** The results for one frame, and the trace samples to publish with it. */
export interface EdgeObservation {
  readonly sample: RegionSample;
  readonly signal: SignalQuality;
  /** Samples of the chest position since the previous message. */
  readonly upperTrace: readonly Sample[];
  /** Samples of the electrodermal activity since the previous message; with `--enable_eda`. */
  readonly eda?: readonly Sample[];
  /** Size of the published frame in pixels, on which boxes and landmarks are given. */
  readonly width: number;
  readonly height: number;
  /** Degradation of published frames for a slow link, from 0 (none) to 1. */
  readonly frameDegradation: number;
  /** JPEG quality of reduced frames on the scale of libjpeg, 1 to 100. */
  readonly frameQuality?: number | undefined;
}

/** Converts the results of consecutive frames to the units and groups of edge metrics. */
export class EdgeMetricsBuilder {
  #track: number | undefined;

  /** Returns the source of the fields for the next frame. */
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
    const toPixel = ({ x, y }: Point): PixelPoint => ({ x: x * width, y: y * height });
    const value = [
      landmarks.rightEye,
      landmarks.leftEye,
      landmarks.nose,
      landmarks.mouth,
      landmarks.rightEar,
      landmarks.leftEar,
    ].map(toPixel);
    return {
      box: { ...toPixel(box), width: box.width * width, height: box.height * height },
      landmarks: [{ value, stable: !reset, reset, timeUs }],
    };
  }
}
