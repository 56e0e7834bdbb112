import {
  type Cameras,
  imagingNodes,
  libcameraFlags,
  libcameraHint,
  v4l2Flags,
} from "../../capture/cameras.ts";
import type { CameraInfo } from "../../capture/v4l2/cameras.ts";
import type { CameraInputSettings } from "../../capture/camera_flags.ts";

/** A camera that can be used. */
export interface UsableCamera {
  /** Its name and where it is, for the user. */
  readonly title: string;
  /** Flags of the server that select it. */
  readonly flags: readonly string[];
  /** The same as settings. */
  readonly settings: Partial<CameraInputSettings>;
}

/** The input that `up` uses if no flag selects one. */
export interface FoundInput {
  /** Flags of the server that select it. */
  readonly flags: readonly string[];
  readonly isSimulated: boolean;
  /** Lines for the user: what was found, and why something cannot be used. */
  readonly lines: readonly string[];
}

/** Chooses the first camera that can be used, or else the simulated one. */
export function chooseInput(cameras: Cameras): FoundInput {
  const [camera, ...others] = usableCameras(cameras);
  if (camera) {
    return {
      flags: camera.flags,
      isSimulated: false,
      lines: [
        `Camera: ${camera.title}`,
        ...others.length === 0 ? [] : [
          `        ${others.length} more: physiology_server devices shows the flags to select each`,
        ],
      ],
    };
  }
  const unusable = unusableLines(cameras).map((line) => `Camera: ${line}`);
  return {
    flags: ["--simulate"],
    isSimulated: true,
    lines: unusable.length > 0
      ? unusable
      : ["Camera: none found. Connect one and start again to measure a person."],
  };
}

/**
 * Returns the cameras that can be opened and have a format that is supported, and then those of
 * libcamera.
 */
export function usableCameras({ v4l2, libcamera }: Cameras): UsableCamera[] {
  const nodes = imagingNodes(v4l2).filter(isUsable).map((camera): UsableCamera => {
    const device = camera.stablePath ?? camera.path;
    return {
      title: `${camera.name || "camera"} at ${device}`,
      flags: v4l2Flags(camera),
      settings: { use: true, device },
    };
  });
  const listed = libcamera.state === "listed" ? libcamera.cameras : [];
  return [
    ...nodes,
    ...listed.map((camera): UsableCamera => ({
      title: `${camera.model}, camera ${camera.index} of libcamera`,
      flags: libcameraFlags(camera),
      settings: { use: true, source: "libcamera", deviceIndex: camera.index },
    })),
  ];
}

/** Returns why each camera that cannot be used is not, one line each. */
export function unusableLines(cameras: Cameras): string[] {
  const hint = libcameraHint(cameras);
  return [
    ...imagingNodes(cameras.v4l2).filter((each) => !isUsable(each))
      .map((each) => `cannot use ${each.path}: ${reasonOf(each)}`),
    ...hint === undefined ? [] : [hint],
  ];
}

/** Returns true if the camera can be opened and has a format that is supported. */
export function isUsable({ error, formats }: CameraInfo): boolean {
  return error === undefined && formats.some(({ supported }) => supported);
}

function reasonOf({ error }: CameraInfo): string {
  if (error === undefined) return "it offers no format that is supported";
  return error === "Permission denied"
    ? "permission denied: add the user to the group video (usermod -aG video USER), then log in again"
    : error;
}
