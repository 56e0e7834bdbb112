import { PICTURE_BYTES, type PlanarPicture, readText } from "./picture.ts";

const MESSAGE_BYTES = 256;
/** Where the fields of `struct ph_camera_granted` lie. */
export const GRANTED = {
  name: 16,
  bus: 48,
  driver: 80,
  message: 96,
  bytes: 96 + MESSAGE_BYTES,
} as const;
/** Where the fields of `struct ph_camera_frame` lie, behind its picture. */
export const FRAME = {
  jpegBytes: PICTURE_BYTES,
  timeUs: PICTURE_BYTES + 8,
  sequence: PICTURE_BYTES + 16,
  lost: PICTURE_BYTES + 24,
  damaged: PICTURE_BYTES + 32,
  overrun: PICTURE_BYTES + 40,
  message: PICTURE_BYTES + 48,
  bytes: PICTURE_BYTES + 48 + MESSAGE_BYTES,
} as const;

/** In the order of `enum ph_turn`. */
export const TURNS = [
  "none",
  "clockwise_90",
  "counterclockwise_90",
  "clockwise_180",
  "mirror_horizontal",
  "mirror_vertical",
] as const;
const POWER_LINE = { leave: -1, off: 0, "50": 1, "60": 2, auto: 3 } as const;

/** What a program would like of a camera, which grants what it can. */
export interface CameraRequest {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Four characters such as `MJPG`, or `auto` for the best that the camera has. */
  readonly format: string;
  /** The analysis picture is scaled by 1/2, 1/4 or 1/8 down to no less than this; 0: not. */
  readonly leastWidth: number;
  readonly turn: typeof TURNS[number];
  readonly powerLine: keyof typeof POWER_LINE;
  /** Quality, 1 to 100, of JPEGs that the camera does not make itself; 0 for none. */
  readonly jpegQuality: number;
}

export interface CameraGranted {
  readonly width: number;
  readonly height: number;
  /** Absent where the camera does not say. */
  readonly fps?: number;
  readonly format: string;
  readonly name: string;
  readonly bus: string;
  readonly driver: string;
}

/** A frame in memory of ours; disposing of it gives the memory to a later one. */
export interface CameraFrame extends Disposable {
  readonly picture: PlanarPicture;
  readonly jpeg?: Uint8Array<ArrayBuffer>;
  /** Microseconds of CLOCK_MONOTONIC at which the light was seen. */
  readonly timeUs: number;
  /** The camera's count since it was opened. */
  readonly sequence: number;
}

/** What went wrong since the camera was opened, in frames. */
export interface CameraLosses {
  /** The camera's own count jumped over them. */
  readonly lost: number;
  /** They came broken. */
  readonly damaged: number;
  /** Nobody took them in time. */
  readonly overrun: number;
  /** Why the newest damaged one was. */
  readonly reason: string;
}

export type CameraRead =
  | { readonly state: "frame"; readonly frame: CameraFrame; readonly losses: CameraLosses }
  /** Nothing came in time. */
  | { readonly state: "silent"; readonly losses: CameraLosses }
  /** The camera is gone and stays so: close it. */
  | { readonly state: "gone"; readonly reason: string }
  | { readonly state: "stopped" };

function fourcc(format: string): number {
  if (format === "auto") return 0;
  return [...format.padEnd(4, " ").slice(0, 4)]
    .reduce((code, letter, i) => code + letter.charCodeAt(0) * 2 ** (8 * i), 0);
}

/** The bytes of a `struct ph_camera_request`. */
export function encodeRequest(request: CameraRequest): Uint8Array<ArrayBuffer> {
  const { width, height, fps, format, powerLine, leastWidth, turn, jpegQuality } = request;
  const view = new DataView(new ArrayBuffer(32));
  const fields = [width, height, Math.round(fps * 1000), fourcc(format), POWER_LINE[powerLine]];
  fields.push(leastWidth, TURNS.indexOf(turn), jpegQuality);
  fields.forEach((field, i) => view.setInt32(i * 4, field, true));
  return new Uint8Array(view.buffer);
}

/** Reads a `struct ph_camera_granted`. */
export function decodeGranted(bytes: Uint8Array<ArrayBuffer>): CameraGranted {
  const view = new DataView(bytes.buffer);
  const fps = view.getInt32(8, true) / 1000;
  return {
    width: view.getInt32(0, true),
    height: view.getInt32(4, true),
    ...(fps > 0 && { fps }),
    format: String.fromCharCode(...bytes.subarray(12, 16)),
    name: readText(bytes.subarray(GRANTED.name, GRANTED.bus)),
    bus: readText(bytes.subarray(GRANTED.bus, GRANTED.driver)),
    driver: readText(bytes.subarray(GRANTED.driver, GRANTED.message)),
  };
}
