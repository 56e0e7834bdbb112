import type { Point, RegionSample } from "../vision/region_sample.ts";
import type { Sample, SignalQuality } from "../vitals/estimate.ts";
import type { MessageIdentity } from "./core_metrics.ts";
import type { EdgeMetricsPayload } from "./envelope.ts";
import { measurements, present, rounded, type ToEpoch } from "./series.ts";

/** What the device computed on one frame, and the traces that came with it. */
export interface EdgeObservation {
  readonly sample: RegionSample;
  readonly signal: SignalQuality;
  /** Chest positions newer than the last message. */
  readonly upperTrace: readonly Sample[];
  /** Only with `--enable_eda`. */
  readonly eda?: readonly Sample[];
  /** Size of the published frame in pixels: boxes and points are told in it. */
  readonly width: number;
  readonly height: number;
  /** How far frames are reduced for a slow link, 0..1. */
  readonly frameDegradation: number;
  /** The quality, 1..100, to which they were reduced; absent where they go as they are. */
  readonly frameQuality?: number | undefined;
}

/** Builds the edge metrics of consecutive frames; remembers the track to tell a new face. */
export class EdgeMetrics {
  #track: number | undefined;

  payload(
    observation: EdgeObservation,
    { toEpoch, sequence, bootId }: MessageIdentity & { readonly toEpoch: ToEpoch },
  ): EdgeMetricsPayload {
    const { sample, signal } = observation;
    const upperTrace = measurements(observation.upperTrace, toEpoch);
    const degradation = observation.frameDegradation;
    return present<EdgeMetricsPayload>({
      breathing: upperTrace && { upper_trace: upperTrace },
      face: this.#face(observation, toEpoch),
      motion: present<NonNullable<EdgeMetricsPayload["motion"]>>({
        face_speed: sample.face && rounded(sample.face.speed, 4),
        difference: rounded(sample.motion, 3),
      }),
      signal: present<EdgeMetricsPayload["signal"]>({
        snr_db: signal.snrDb === undefined ? undefined : rounded(signal.snrDb, 2),
        brightness: rounded(signal.brightness, 2),
        saturated_fraction: rounded(signal.saturatedFraction, 4),
        fps: rounded(signal.fps, 2),
        frame_degradation: degradation > 0 ? rounded(degradation, 2) : undefined,
        frame_quality: observation.frameQuality,
      })!,
      eda: measurements(observation.eda ?? [], toEpoch),
      metadata: { sequence, boot_id: bootId },
    })!;
  }

  #face(
    { sample: { face, timeUs }, width, height }: EdgeObservation,
    toEpoch: ToEpoch,
  ): EdgeMetricsPayload["face"] {
    if (!face) return undefined;
    const reset = this.#track !== face.track;
    this.#track = face.track;
    const { box, landmarks } = face;
    const pixel = ({ x, y }: Point) => ({ x: rounded(x * width, 1), y: rounded(y * height, 1) });
    const points = [
      landmarks.rightEye,
      landmarks.leftEye,
      landmarks.nose,
      landmarks.mouth,
      landmarks.rightEar,
      landmarks.leftEar,
    ];
    return {
      box: {
        ...pixel(box),
        width: rounded(box.width * width, 1),
        height: rounded(box.height * height, 1),
      },
      landmarks: [{ value: points.map(pixel), stable: !reset, reset, timestamp: toEpoch(timeUs) }],
    };
  }
}
