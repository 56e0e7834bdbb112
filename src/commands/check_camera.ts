import { checkCamera } from "../app/check_camera/check_camera.ts";
import type { CommandContext } from "./command.ts";

/** Prints what a camera gives, and what to change. */
export function run({ settings, log, print }: CommandContext): Promise<number> {
  return checkCamera(settings, { log, print });
}
