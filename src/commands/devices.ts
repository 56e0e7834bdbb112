import { suggestionText, suggestServices } from "../app/suggested_services.ts";
import {
  type Cameras,
  findCameras,
  imagingNodes,
  libcameraFlags,
  libcameraHint,
  v4l2Flags,
} from "../capture/cameras.ts";
import type { LibcameraInfo } from "../capture/libcamera/cameras.ts";
import type { CameraFormat, CameraInfo } from "../capture/v4l2/cameras.ts";
import { hostAt } from "../installation/host.ts";
import { installedServices } from "../installation/installed.ts";
import type { CommandContext } from "./command.ts";

/**
 * Lists the cameras, their formats, and the flags that select them, or the commands that install a
 * service for each.
 */
export async function run({ settings, print }: CommandContext): Promise<number> {
  const found = await findCameras();
  if (settings.install.suggest) {
    const installed = installedServices(hostAt());
    print(
      settings.output.json
        ? JSON.stringify({ services: suggestServices(found, installed) }, null, 2)
        : suggestionText(found, installed),
    );
    return 0;
  }
  print(settings.output.json ? camerasJson(found) : describe(found));
  return 0;
}

const NO_CAMERA = "No camera found.\n" +
  "Connect a camera. For a ribbon-cable camera of a Raspberry Pi, see docs/CAMERAS.md.";

/** Formats the list of cameras as text. */
export function describe({ v4l2, libcamera }: Cameras): string {
  const paragraphs = imagingNodes(v4l2).map(describeCamera);
  if (libcamera.state === "listed") paragraphs.push(...libcamera.cameras.map(describeLibcamera));
  if (paragraphs.length === 0) paragraphs.push(NO_CAMERA);
  const hint = libcameraHint({ v4l2, libcamera });
  return [...paragraphs, ...hint === undefined ? [] : [hint]].join("\n\n");
}

function describeLibcamera(camera: LibcameraInfo): string {
  const { index, model, id, modes } = camera;
  const described = modes.map(({ width, height, maxFps }) =>
    `${width}x${height}${maxFps === undefined ? "" : ` up to ${round(maxFps)} fps`}`
  );
  return [
    `${model} (${id}): camera ${index} of libcamera`,
    `  physiology_server ${libcameraFlags(camera).join(" ")}`,
    ...described.length === 0 ? [] : [`  Modes of the sensor: ${described.join(", ")}`],
  ].join("\n");
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
  lines.push(`  physiology_server ${v4l2Flags(camera).join(" ")}`);
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

function modeFlags(
  codec: string,
  { width, height, fps }: CameraFormat["sizes"][number],
): string {
  const rate = fps[0] === undefined ? "" : ` --max_fps=${round(fps[0])}`;
  return `--codec=${codec} --capture_width_px=${width} --capture_height_px=${height}${rate}`;
}

/** Formats the list of cameras as JSON. */
export function camerasJson({ v4l2, libcamera }: Cameras): string {
  const cameras = imagingNodes(v4l2).map((camera) => ({
    path: camera.path,
    stable_path: camera.stablePath,
    name: camera.name,
    bus: camera.bus,
    driver: camera.driver,
    error: camera.error,
    flags: v4l2Flags(camera),
    formats: camera.formats,
  }));
  const listed = libcamera.state === "listed" ? libcamera.cameras : [];
  return JSON.stringify(
    {
      cameras,
      libcamera_cameras: listed.map((camera) => ({
        index: camera.index,
        model: camera.model,
        id: camera.id,
        flags: libcameraFlags(camera),
        sensor_modes: camera.modes.map(({ width, height, maxFps }) => ({
          width,
          height,
          max_fps: maxFps,
        })),
      })),
      hint: libcameraHint({ v4l2, libcamera }),
    },
    null,
    2,
  );
}
