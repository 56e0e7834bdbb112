import { INSTALL_HINT, startVid } from "./program.ts";
import { SourceError } from "../frame.ts";
import { vidError } from "./hints.ts";

/** A camera that libcamera supports. */
export interface LibcameraInfo {
  /** Its number, as `--camera_device_index` takes it. */
  readonly index: number;
  /** Model of the sensor, such as `imx219`. */
  readonly model: string;
  /** Path of the sensor in the device tree. */
  readonly id: string;
  readonly modes: readonly SensorMode[];
}

/** A mode in which the sensor is read; the frames are scaled to the requested size. */
export interface SensorMode {
  readonly width: number;
  readonly height: number;
  /** Maximum frame rate in fps; absent if libcamera does not know it. */
  readonly maxFps?: number;
}

/** The cameras of libcamera, or why they are not known. */
export type LibcameraCameras =
  | { readonly state: "listed"; readonly cameras: readonly LibcameraInfo[] }
  | { readonly state: "not_installed"; readonly hint: string }
  | { readonly state: "failed"; readonly error: string };

/** Time for a list, in milliseconds: libcamera configures each sensor in each mode. */
const LIST_TIMEOUT_MS = 20_000;
/** Largest list in characters. */
const MAX_LIST = 256 * 1024;

/** Lists the cameras of libcamera, as `rpicam-vid --list-cameras` prints them. */
export async function listLibcameras(): Promise<LibcameraCameras> {
  try {
    return { state: "listed", cameras: parseLibcameras(await listText()) };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return error.hint === INSTALL_HINT
      ? { state: "not_installed", hint: error.hint }
      : { state: "failed", error: `${error.message}: ${error.hint}` };
  }
}

/**
 * Checks that libcamera has the camera.
 *
 * @throws {SourceError} if it has not
 */
export async function checkLibcamera(index: number): Promise<void> {
  const cameras = parseLibcameras(await listText());
  if (cameras.some((camera) => camera.index === index)) return;
  const stderr = cameras.length === 0 ? "no cameras available" : "selected camera is not available";
  throw vidError(index, { stderr, reason: undefined });
}

async function listText(): Promise<string> {
  await using child = startVid(["--list-cameras"]);
  const timer = setTimeout(() => child.kill("it did not respond"), LIST_TIMEOUT_MS);
  try {
    let text = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      text = (text + part).slice(0, MAX_LIST);
    }
    const { success, stderr, reason } = await child.end();
    if (!success) throw vidError(0, { stderr, reason });
    return text;
  } finally {
    clearTimeout(timer);
  }
}

/** Parses the list of `rpicam-vid --list-cameras`; lines that are not expected are ignored. */
export function parseLibcameras(text: string): LibcameraInfo[] {
  const cameras: (LibcameraInfo & { modes: SensorMode[] })[] = [];
  for (const line of text.split("\n")) {
    const camera = /^\s*(\d{1,9}) : (\S+)(?: \[[^\]]*\])? \((.*)\)\s*$/.exec(line);
    if (camera) {
      const [, index, model = "", id = ""] = camera;
      cameras.push({ index: Number(index), model, id, modes: [] });
      continue;
    }
    const mode = /\b(\d{1,6})x(\d{1,6}) \[(?:(\d+(?:\.\d+)?) fps|nan fps)/.exec(line);
    if (mode) {
      const [, width, height, fps] = mode;
      cameras.at(-1)?.modes.push({
        width: Number(width),
        height: Number(height),
        ...fps !== undefined && { maxFps: Number(fps) },
      });
    }
  }
  return cameras;
}
