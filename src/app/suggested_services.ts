import { quoteForShell } from "../base/shell.ts";
import {
  type Cameras,
  imagingNodes,
  isJetsonSensor,
  jetsonFlags,
  libcameraFlags,
  onePerDevice,
  v4l2Flags,
} from "../capture/cameras.ts";
import type { InstalledService } from "../installation/installed.ts";
import { isUsable, unusableLines } from "./up/find_input.ts";

/** A service for a camera. */
export interface SuggestedService {
  /** The instance; absent for the service without a name. */
  readonly instance?: string;
  /** The command that installs it, without the name of the program. */
  readonly argv: readonly string[];
}

/**
 * Suggests a service for each camera. A camera that an installed service reads keeps that service;
 * others get the first free name. A single camera needs no instance.
 */
export function suggestServices(
  cameras: Cameras,
  installed: readonly InstalledService[],
): SuggestedService[] {
  const selections = cameraSelections(cameras);
  const taken = new Set(installed.map(({ service }) => service.instance));
  const isSingle = selections.length === 1 && installed.every(({ service }) => !service.instance);
  return selections.map((flags) => {
    const user = installed.find(({ args }) => flags.every((flag) => selects(args, flag)));
    const instance = user ? user.service.instance : isSingle ? undefined : freeName(taken);
    taken.add(instance);
    if (instance === undefined) return { argv: ["install", ...flags] };
    return { instance, argv: ["install", `--instance=${instance}`, ...flags] };
  });
}

/** Formats suggestions as lines of a shell, with a comment for what cannot be used. */
export function suggestionText(
  cameras: Cameras,
  installed: readonly InstalledService[],
): string {
  const commands = suggestServices(cameras, installed).map(({ argv }) =>
    ["physiology_server", ...argv].map(quoteForShell).join(" ")
  );
  const v4l2 = cameras.v4l2.filter((camera) => !isJetsonSensor(camera));
  const comments = unusableLines({ ...cameras, v4l2 }).map((line) => `# ${line}`);
  if (commands.length === 0) comments.unshift("# No camera found");
  return [...commands, ...comments].join("\n");
}

/** Returns the flags that select each camera. */
function cameraSelections({ v4l2, libcamera }: Cameras): string[][] {
  const nodes = onePerDevice(imagingNodes(v4l2).filter(isUsable));
  const listed = libcamera.state === "listed" ? libcamera.cameras : [];
  return [...nodes.map(v4l2Flags), ...listed.map(libcameraFlags), ...jetsonFlags(v4l2)];
}

/** Returns true if the arguments of a service contain the flag, or leave it at its default. */
function selects(args: readonly string[], flag: string): boolean {
  const name = flag.replace(/=.*$/s, "");
  return args.includes(flag) ||
    (flag === "--camera_device_index=0" && !args.some((each) => each.startsWith(`${name}=`)));
}

/** Returns the first name that no service has: camera1, camera2 and so on. */
function freeName(taken: ReadonlySet<string | undefined>): string {
  let number = 1;
  while (taken.has(`camera${number}`)) number++;
  return `camera${number}`;
}
