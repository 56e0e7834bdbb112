import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import type { InputTransform } from "../transform.ts";

/** Transforms that the sensor applies itself; the others would need a rotated sensor. */
export type SensorTransform = Exclude<InputTransform, "clockwise_90" | "counterclockwise_90">;

/** Settings of a camera of libcamera. */
export interface LibcameraSettings {
  /** Number of the camera, as `rpicam-vid --list-cameras` prints it. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** Frames per second. */
  readonly fps: number;
  /**
   * `raw`: planar 4:2:0. `jpeg`: compressed by rpicam-vid, on the processor, and decoded again.
   */
  readonly format: "raw" | "jpeg";
  readonly transform: SensorTransform;
  /** Mains frequency in Hz for automatic exposure; `auto` and `off`: no flicker period. */
  readonly powerLine: "auto" | "off" | "50" | "60";
  /** An analysis image that is decoded from a JPEG is halved while it stays at least this wide. */
  readonly analysisWidth: number;
  /** Quality of the JPEGs, 1 to 100. */
  readonly jpegQuality: number;
}

export interface LibcameraSourceOptions extends LibcameraSettings {
  readonly clock?: Clock;
  readonly log?: Log;
  readonly counters?: Counters;
}
