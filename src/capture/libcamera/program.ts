import { ChildProcess } from "../../base/child_process.ts";
import { exists } from "../../base/exists.ts";
import type { PermissionsOf } from "../../config/permissions.ts";
import { SourceError } from "../frame.ts";

/** Names of the program: since 2024, and before. */
export const VID_PROGRAMS = ["rpicam-vid", "libcamera-vid"] as const;

/** How to install the program. */
export const INSTALL_HINT = "Install it with `sudo apt-get install rpicam-apps-lite` " +
  "(Raspberry Pi OS 11: libcamera-apps-lite)";

/** Returns the names of the programs that are installed in the folders of PATH. */
export function installedPrograms(env: Readonly<Record<string, string>>): string[] {
  const folders = (env["PATH"] ?? "").split(":").filter(Boolean);
  return VID_PROGRAMS.filter((name) => folders.some((folder) => exists(`${folder}/${name}`)));
}

/** Allows to start the program, if it is installed: Deno warns of names that it does not find. */
export const vidPermissions: PermissionsOf<unknown> = (_settings, { env }) => ({
  run: installedPrograms(env),
});

/**
 * Starts the program.
 *
 * @param options.onStderr receives what it writes to stderr
 * @throws {SourceError} if it is not installed
 */
export function startVid(
  args: readonly string[],
  { onStderr }: { readonly onStderr?: (text: string) => void } = {},
): ChildProcess {
  for (const name of VID_PROGRAMS) {
    try {
      return new ChildProcess(name, args, { env: environment(), ...onStderr && { onStderr } });
    } catch (cause) {
      // Without a permission to run it, it was not installed at the start.
      const isMissing = cause instanceof Deno.errors.NotFound ||
        cause instanceof Deno.errors.NotCapable;
      if (!isMissing) throw cause;
    }
  }
  throw new SourceError("Cannot start rpicam-vid: it is not installed", { hint: INSTALL_HINT });
}

/**
 * Returns the environment of the program: variables of libcamera, which may name a tuning file, but
 * none of this program, which may hold passwords and tokens.
 */
function environment(): Record<string, string> {
  const libcamera = Object.entries(Deno.env.toObject())
    .filter(([name]) => name.startsWith("LIBCAMERA_"));
  // Its messages are matched and shown, so they have to be in English.
  return { ...Object.fromEntries(libcamera), PATH: Deno.env.get("PATH") ?? "", LC_ALL: "C" };
}
