import { checkCameraDevice, listCamerasText } from "../../../ffi/camera.ts";
import { cameraError } from "./hints.ts";

/** A camera of this machine and the formats that it offers. */
export interface CameraInfo {
  readonly path: string;
  /** A symbolic link that stays valid whatever the order of the cameras. */
  readonly stablePath?: string;
  /** The symbolic link of the port that it is connected to. */
  readonly portPath?: string;
  readonly name: string;
  readonly bus: string;
  readonly driver: string;
  /** Why the camera cannot be opened; only its path is known then. */
  readonly error?: string;
  readonly formats: readonly CameraFormat[];
}

export interface CameraFormat {
  /** FourCC, as `--codec` accepts it. */
  readonly codec: string;
  readonly description: string;
  /** True if this program can decode the format. */
  readonly supported: boolean;
  readonly sizes: readonly CameraSize[];
}

export interface CameraSize {
  readonly width: number;
  readonly height: number;
  /** Frame rates in fps, the highest first; empty if the driver lists none. */
  readonly fps: readonly number[];
}

/** Lists the cameras of this machine, as their drivers describe them. */
export async function listCameras(): Promise<CameraInfo[]> {
  return withDistinctPaths(parseCameras(await listCamerasText()));
}

/**
 * Replaces the stable paths of equal cameras without serial numbers by those of their ports. udev
 * gives such cameras the same link in /dev/v4l/by-id, which leads to the one that was found last, so
 * that one of them has the link and the others have none.
 */
export function withDistinctPaths(cameras: readonly CameraInfo[]): CameraInfo[] {
  const modelOf = ({ name, driver }: CameraInfo) => `${driver}\t${name}`;
  const unnamed = cameras.filter(({ portPath, stablePath }) =>
    portPath !== undefined && stablePath === portPath
  );
  const ambiguous = new Set(unnamed.map(modelOf));
  return cameras.map((camera) =>
    camera.portPath !== undefined && ambiguous.has(modelOf(camera))
      ? { ...camera, stablePath: camera.portPath }
      : camera
  );
}

/** Parses the lines that `ffi/native/camera_list.h` defines. */
export function parseCameras(text: string): CameraInfo[] {
  const cameras: (CameraInfo & { formats: CameraFormat[] })[] = [];
  let sizes: CameraSize[] = [];
  for (const line of text.split("\n")) {
    const [kind, ...fields] = line.split("\t");
    if (kind === "camera") {
      const [path = "", stablePath, name = "", bus = "", driver = "", error, portPath] = fields;
      cameras.push({
        path,
        ...(stablePath && { stablePath }),
        name,
        bus,
        driver,
        ...(error && { error }),
        ...(portPath && { portPath }),
        formats: [],
      });
    } else if (kind === "format") {
      const [codec = "", description = "", supported] = fields;
      sizes = [];
      cameras.at(-1)?.formats.push({
        codec: codec.trimEnd(),
        description,
        supported: supported === "1",
        sizes,
      });
    } else if (kind === "size") {
      const [width = 0, height = 0, ...rates] = fields.map(Number);
      const fps = rates.map((rate) => rate / 1000).sort((a, b) => b - a);
      sizes.push({ width, height, fps });
    }
  }
  return cameras;
}

/**
 * Checks that the camera could be opened, without a change of its settings.
 *
 * @throws {SourceError} if it could not
 */
export function checkCamera(path: string): void {
  try {
    checkCameraDevice(path);
  } catch (error) {
    throw cameraError(path, error);
  }
}
