import { type PlanarImage, readText } from "./image.ts";
import { CAMERA_GRANTED, CAMERA_REQUEST } from "./struct_layout.ts";

/** The image transforms, in the order of `enum ph_transform`. */
export const TRANSFORMS = [
  "none",
  "clockwise_90",
  "counterclockwise_90",
  "clockwise_180",
  "mirror_horizontal",
  "mirror_vertical",
] as const;
/** The power line frequencies as values of V4L2_CID_POWER_LINE_FREQUENCY; -1: unchanged. */
const POWER_LINE = { leave: -1, off: 0, "50": 1, "60": 2, auto: 3 } as const;

/** The requested settings of a camera, which grants the nearest that it supports. */
export interface CameraRequest {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Four characters such as `MJPG`, or `auto` for the preferred format of the camera. */
  readonly format: string;
  /** The analysis image is scaled by 1/2, 1/4 or 1/8 to at least this width; 0: unscaled. */
  readonly minWidth: number;
  /** Applies to the analysis image and the JPEG. */
  readonly transform: typeof TRANSFORMS[number];
  /** Power line frequency in Hz, for the camera's flicker reduction. */
  readonly powerLine: keyof typeof POWER_LINE;
  /** Quality, 1 to 100, of JPEGs that the camera does not make itself; 0: no JPEG. */
  readonly jpegQuality: number;
}

/** The granted settings of a camera. */
export interface CameraGranted {
  readonly width: number;
  readonly height: number;
  /** Absent if the camera does not report it. */
  readonly fps?: number;
  readonly format: string;
  readonly name: string;
  readonly bus: string;
  readonly driver: string;
}

/** A captured frame. Disposing of it returns its memory to the pool. */
export interface CameraFrame extends Disposable {
  readonly image: PlanarImage;
  readonly jpeg?: Uint8Array<ArrayBuffer>;
  /** Capture time, in microseconds of CLOCK_MONOTONIC. */
  readonly timeUs: number;
  /** Frame number since the camera was opened. */
  readonly sequence: number;
}

/** Numbers of lost frames since the camera was opened. */
export interface CameraLosses {
  /** Frames missing in the camera's sequence numbers. */
  readonly lost: number;
  /** Frames that arrived damaged. */
  readonly damaged: number;
  /** Frames that were dropped because the queue was full. */
  readonly overrun: number;
  /** The reason of the last damaged frame. */
  readonly reason: string;
}

/** The result of waiting for a frame. */
export type CameraRead =
  | { readonly state: "frame"; readonly frame: CameraFrame; readonly losses: CameraLosses }
  /** No frame arrived in time. */
  | { readonly state: "timeout"; readonly losses: CameraLosses }
  /** The camera was disconnected or failed, and must be closed. */
  | { readonly state: "failed"; readonly reason: string }
  | { readonly state: "stopped" };

function fourcc(format: string): number {
  if (format === "auto") return 0;
  return [...format.padEnd(4, " ").slice(0, 4)]
    .reduce((code, letter, i) => code + letter.charCodeAt(0) * 2 ** (8 * i), 0);
}

/** Encodes a `struct ph_camera_request`. */
export function encodeRequest(request: CameraRequest): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(CAMERA_REQUEST.bytes));
  const write = (field: keyof typeof CAMERA_REQUEST.offsets, value: number) =>
    view.setInt32(CAMERA_REQUEST.offsets[field], value, true);
  write("width", request.width);
  write("height", request.height);
  write("fpsMilli", Math.round(request.fps * 1000));
  write("fourcc", fourcc(request.format));
  write("powerLine", POWER_LINE[request.powerLine]);
  write("minWidth", request.minWidth);
  write("transform", TRANSFORMS.indexOf(request.transform));
  write("jpegQuality", request.jpegQuality);
  return new Uint8Array(view.buffer);
}

/** Decodes a `struct ph_camera_granted`. */
export function decodeGranted(bytes: Uint8Array<ArrayBuffer>): CameraGranted {
  const { offsets } = CAMERA_GRANTED;
  const view = new DataView(bytes.buffer);
  const fps = view.getInt32(offsets.fpsMilli, true) / 1000;
  return {
    width: view.getInt32(offsets.width, true),
    height: view.getInt32(offsets.height, true),
    ...(fps > 0 && { fps }),
    format: String.fromCharCode(...bytes.subarray(offsets.fourcc, offsets.fourcc + 4)).trimEnd(),
    name: readText(bytes, offsets.name),
    bus: readText(bytes, offsets.bus),
    driver: readText(bytes, offsets.driver),
  };
}
