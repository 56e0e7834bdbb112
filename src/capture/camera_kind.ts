import { combinePermissions } from "../config/permissions.ts";
import { ffmpegPermissions } from "./ffmpeg/permissions.ts";
import type { CameraReader } from "./camera_reader.ts";
import { installedPrograms, vidPermissions } from "./libcamera/program.ts";
import type { SourceKind } from "./source_kind.ts";
import { cameraFlags, type CameraInputSettings, devicePathOf } from "./camera_flags.ts";

/** A camera of this machine. */
export const cameraKind = {
  name: "camera",
  topics: { camera: cameraFlags },
  selectedBy: "--use_camera",
  isSelected: ({ camera }) => camera.use,
  permissions({ camera }, program) {
    const usesVid = mayUseLibcamera(camera, program.env);
    // Native code reads the devices of V4L2, and compresses their frames.
    if (!usesVid && camera.source !== "gstreamer") return {};
    const ffmpeg = ffmpegPermissions(undefined, program);
    return usesVid ? combinePermissions([vidPermissions(undefined, program), ffmpeg]) : ffmpeg;
  },
  devices: ({ camera }, program) =>
    mayUseLibcamera(camera, program.env) || /\blibcamerasrc\b/.test(camera.pipeline ?? "")
      ? LIBCAMERA_DEVICES
      : [],
  async check({ camera }) {
    await (await readerOf(camera)).check(camera);
  },
  async open({ camera }, context) {
    return await (await readerOf(camera)).open(camera, context);
  },
} as const satisfies SourceKind<{ readonly camera: CameraInputSettings }>;

/**
 * Devices that libcamera opens besides those of video4linux, which include the sensors: the media
 * graph, the memory of its buffers, and on older kernels the shared memory of the image processor.
 */
export const LIBCAMERA_DEVICES = ["char-media", "char-dma_heap", "/dev/vcsm-cma"] as const;

/**
 * Names of the device nodes that a Raspberry Pi has for its ribbon cables and its image processor:
 * unicam and bcm2835-isp up to the Raspberry Pi 4, rp1-cfe and pispbe since the Raspberry Pi 5, and the
 * codecs of both. None of them delivers an image by itself.
 */
const RIBBON_CAMERA = /^(unicam|rp1-cfe|pispbe|bcm2835-(isp|codec)|rpi-?(hevc|vid))/;

/** Returns true if the device node needs libcamera to deliver images. */
export function needsLibcamera(nodeName: string | undefined): boolean {
  return nodeName !== undefined && RIBBON_CAMERA.test(nodeName);
}

/** `auto` decides at each start, so that it may use libcamera where that is installed. */
function mayUseLibcamera(
  { source, device }: CameraInputSettings,
  env: Readonly<Record<string, string>>,
): boolean {
  if (source !== "auto") return source === "libcamera";
  return device === undefined && installedPrograms(env).length > 0;
}

async function readerOf(camera: CameraInputSettings): Promise<CameraReader> {
  if (camera.source === "gstreamer") return (await import("./gstreamer/camera.ts")).gstreamerReader;
  if (await usesLibcamera(camera)) return (await import("./libcamera/camera.ts")).libcameraReader;
  return (await import("./v4l2/camera.ts")).v4l2Reader;
}

async function usesLibcamera(camera: CameraInputSettings): Promise<boolean> {
  if (camera.source !== "auto") return camera.source === "libcamera";
  if (camera.device !== undefined) return false;
  const { cameraNodeName } = await import("../../ffi/camera.ts");
  return needsLibcamera(cameraNodeName(devicePathOf(camera)));
}
