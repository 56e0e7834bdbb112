import { needsLibcamera } from "./camera_kind.ts";
import { type LibcameraCameras, type LibcameraInfo, listLibcameras } from "./libcamera/cameras.ts";
import { type CameraInfo, listCameras } from "./v4l2/cameras.ts";

/** The cameras of this machine. */
export interface Cameras {
  /** Device nodes of video4linux, those of an image processor included. */
  readonly v4l2: readonly CameraInfo[];
  readonly libcamera: LibcameraCameras;
}

/** Lists the cameras of this machine. */
export async function findCameras(): Promise<Cameras> {
  return { v4l2: await listCameras(), libcamera: await listLibcameras() };
}

/** Returns the cameras without the device nodes of an image processor, which deliver no images. */
export function imagingNodes(cameras: readonly CameraInfo[]): CameraInfo[] {
  return cameras.filter(({ name, driver }) => !needsLibcamera(name) && !needsLibcamera(driver));
}

/** Returns the flags that select a camera of V4L2, by its stable path if it has one. */
export function v4l2Flags({ path, stablePath }: CameraInfo): string[] {
  return ["--use_camera", `--camera_device=${stablePath ?? path}`];
}

/** Returns the flags that select a camera of libcamera. */
export function libcameraFlags({ index }: LibcameraInfo): string[] {
  return ["--use_camera", "--camera_source=libcamera", `--camera_device_index=${index}`];
}

/**
 * Returns the flags that select each CSI camera of a Jetson. Their device nodes deliver raw Bayer data
 * only; `nvarguscamerasrc` reads the sensors, in the order of their device nodes.
 */
export function jetsonFlags(cameras: readonly CameraInfo[]): string[][] {
  return cameras.filter(isJetsonSensor).map((_camera, index) => [
    ...["--use_camera", "--camera_source=gstreamer", "--camera_pipeline=nvarguscamerasrc"],
    `--camera_device_index=${index}`,
  ]);
}

/** Returns true for the device node of a CSI camera of a Jetson, as its driver names itself. */
export function isJetsonSensor({ driver }: CameraInfo): boolean {
  return driver === "tegra-video";
}

/** Returns one device node of each device: some cameras have another one for infrared images. */
export function onePerDevice(cameras: readonly CameraInfo[]): CameraInfo[] {
  return cameras.filter(({ bus }, index) =>
    bus === "" || cameras.findIndex((camera) => camera.bus === bus) === index
  );
}

/** Returns why the cameras of a ribbon cable are not listed; undefined if there is no such cable. */
export function libcameraHint({ v4l2, libcamera }: Cameras): string | undefined {
  if (libcamera.state === "failed") return libcamera.error;
  const hasRibbon = imagingNodes(v4l2).length < v4l2.length;
  return libcamera.state === "not_installed" && hasRibbon
    ? `A ribbon-cable camera needs rpicam-vid. ${libcamera.hint}`
    : undefined;
}
