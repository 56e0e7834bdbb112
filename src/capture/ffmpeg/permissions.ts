import { assetPath } from "../../base/assets.ts";
import { definedPaths, type PermissionsOf } from "../../config/permissions.ts";

/** What it takes to run ffmpeg: the sandbox, which starts it, or each that `executable.ts` may choose. */
export const ffmpegPermissions: PermissionsOf<unknown> = (_settings, { env }) => ({
  run: [
    assetPath("sandbox"),
    // Without the sandbox:
    ...env["PHYSIOLOGY_FFMPEG_SANDBOX"] === "off"
      ? [assetPath("ffmpeg"), "ffmpeg", ...definedPaths(env["PHYSIOLOGY_FFMPEG"])]
      : [],
  ],
});
