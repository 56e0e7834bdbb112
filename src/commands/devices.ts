import { type CameraFormat, type CameraInfo, listCameras } from "../capture/v4l2/cameras.ts";
import type { CommandContext } from "./command.ts";

/** Lists the cameras, their formats, and the flags that select them. */
export async function run({ settings, print }: CommandContext): Promise<number> {
  const cameras = await listCameras();
  print(settings.output.json ? camerasJson(cameras) : describe(cameras));
  return 0;
}

const NO_CAMERA = "No camera found.\n" +
  "Connect a camera. For a ribbon-cable camera, check that its driver is loaded (ls /dev/video*).";

/** Formats the list of cameras as text. */
export function describe(cameras: readonly CameraInfo[]): string {
  if (cameras.length === 0) return NO_CAMERA;
  return cameras.map(describeCamera).join("\n\n");
}

function describeCamera(camera: CameraInfo): string {
  const { name, bus, path, stablePath, error, formats } = camera;
  const title = `${name || "Camera"}${bus && ` (${bus})`}: ${path}`;
  if (error !== undefined) {
    const hint = error === "Permission denied"
      ? "add the user to the group video (usermod -aG video USER), then log in again"
      : "see the kernel log (dmesg)";
    return `${title}\n  Cannot open the camera: ${error}: ${hint}`;
  }
  const lines = [title];
  if (stablePath !== undefined) lines.push(`  Stable path: ${stablePath}`);
  lines.push(`  physiology_server ${cameraFlags(camera).join(" ")}`);
  for (const format of formats) lines.push(...describeFormat(format));
  return lines.join("\n");
}

function describeFormat(format: CameraFormat): string[] {
  const { codec, description, supported, sizes } = format;
  const lines = [`  ${codec} (${description})${supported ? "" : ": not supported"}`];
  if (!supported) return lines;
  for (const { width, height, fps } of sizes) {
    const rates = fps.length ? `: ${fps.map(round).join(", ")} fps` : "";
    lines.push(
      `    ${width}x${height}${rates}`,
      `      ${modeFlags(codec, { width, height, fps })}`,
    );
  }
  return lines;
}

const round = (value: number) => String(Math.round(value * 100) / 100);

function cameraFlags({ path, stablePath }: CameraInfo): string[] {
  return ["--use_camera", `--camera_device=${stablePath ?? path}`];
}

function modeFlags(
  codec: string,
  { width, height, fps }: CameraFormat["sizes"][number],
): string {
  const rate = fps[0] === undefined ? "" : ` --max_fps=${round(fps[0])}`;
  return `--codec=${codec} --capture_width_px=${width} --capture_height_px=${height}${rate}`;
}

/** Formats the list of cameras as JSON. */
export function camerasJson(cameras: readonly CameraInfo[]): string {
  const described = cameras.map((camera) => ({
    path: camera.path,
    stable_path: camera.stablePath,
    name: camera.name,
    bus: camera.bus,
    driver: camera.driver,
    error: camera.error,
    flags: cameraFlags(camera),
    formats: camera.formats,
  }));
  return JSON.stringify({ cameras: described }, null, 2);
}
