import { listCamerasText } from "../../../ffi/camera.ts";

/** A camera of this machine and what it offers. */
export interface CameraInfo {
  readonly path: string;
  /** A link that leads to the camera however it is plugged in. */
  readonly stablePath?: string;
  readonly name: string;
  readonly bus: string;
  readonly driver: string;
  /** Why it cannot be opened; nothing else is known then. */
  readonly error?: string;
  readonly formats: readonly CameraFormat[];
}

export interface CameraFormat {
  /** Four characters, as `--codec` takes them. */
  readonly codec: string;
  readonly description: string;
  /** True where this program can read it. */
  readonly readable: boolean;
  readonly sizes: readonly CameraSize[];
}

export interface CameraSize {
  readonly width: number;
  readonly height: number;
  /** Frames per second, the fastest first; empty where the camera does not say. */
  readonly fps: readonly number[];
}

/** Asks the drivers of all cameras. */
export async function listCameras(): Promise<CameraInfo[]> {
  return parseCameras(await listCamerasText());
}

/** Reads the lines that `ffi/native/camera_list.h` describes. */
export function parseCameras(text: string): CameraInfo[] {
  const cameras: (CameraInfo & { formats: CameraFormat[] })[] = [];
  let sizes: CameraSize[] = [];
  for (const line of text.split("\n")) {
    const [kind, ...fields] = line.split("\t");
    if (kind === "camera") {
      const [path = "", stablePath, name = "", bus = "", driver = "", error] = fields;
      cameras.push({
        path,
        ...(stablePath && { stablePath }),
        name,
        bus,
        driver,
        ...(error && { error }),
        formats: [],
      });
    } else if (kind === "format") {
      const [codec = "", description = "", readable] = fields;
      sizes = [];
      cameras.at(-1)?.formats.push({
        codec: codec.trimEnd(),
        description,
        readable: readable === "1",
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
