import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import type { InputTransform } from "../transform.ts";

export interface V4l2SourceOptions {
  /** A video device, such as `/dev/video0` or a link in `/dev/v4l/by-id`. */
  readonly device: string;
  /** @default 640 */
  readonly width?: number;
  /** @default 480 */
  readonly height?: number;
  /** Frames per second to ask for. @default 30 */
  readonly fps?: number;
  /** `auto`, or the four characters of a format: `MJPG`, `YUYV`, `UYVY`, `NV12`, `GREY`. */
  readonly codec?: string;
  /** @default "none" */
  readonly transform?: InputTransform;
  /** Hertz of the mains, against flicker; `auto` leaves it to the camera. @default "auto" */
  readonly powerLine?: "auto" | "off" | "50" | "60";
  /** The analysis picture is halved as long as it stays at least this wide. @default 320 */
  readonly analysisWidth?: number;
  /** Of JPEGs that are published and that the camera does not make itself. @default 80 */
  readonly jpegQuality?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly counters?: Counters;
}

/** What is asked of the camera, with nothing left open. */
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
