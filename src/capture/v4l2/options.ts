import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import type { InputTransform } from "../transform.ts";

export interface V4l2SourceOptions {
  /** Path of a video device, such as `/dev/video0` or a link in `/dev/v4l/by-id`. */
  readonly device: string;
  /** @default 640 */
  readonly width?: number;
  /** @default 480 */
  readonly height?: number;
  /** Requested frames per second. @default 30 */
  readonly fps?: number;
  /** `auto`, or the FourCC of a format, such as `MJPG`, `YUYV`, `GREY` or `Y10`. @default "auto" */
  readonly codec?: string;
  /** @default "none" */
  readonly transform?: InputTransform;
  /** Mains frequency in Hz for the flicker filter; `auto`: the camera decides. @default "auto" */
  readonly powerLine?: "auto" | "off" | "50" | "60";
  /** The analysis image is halved while it stays at least this wide. @default 320 */
  readonly analysisWidth?: number;
  /** Quality of published JPEGs that do not come from the camera, 1 to 100. @default 80 */
  readonly jpegQuality?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly counters?: Counters;
}

/** Settings to request from the camera, with all defaults applied. */
export type CameraSettings = Required<Omit<V4l2SourceOptions, "clock" | "log" | "counters">>;

export const DEFAULT_SETTINGS = {
  width: 640,
  height: 480,
  fps: 30,
  codec: "auto",
  transform: "none",
  powerLine: "auto",
  analysisWidth: 320,
  jpegQuality: 80,
} satisfies Omit<CameraSettings, "device">;
