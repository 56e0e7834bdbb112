import { assetPath } from "../../base/assets.ts";
import { definedPaths, type PermissionsOf } from "../../config/permissions.ts";

/** What it takes to run ffmpeg; `executable.ts` chooses one of these. */
export const ffmpegPermissions: PermissionsOf<unknown> = (_settings, { env }) => ({
  run: [assetPath("ffmpeg"), "ffmpeg", ...definedPaths(env["PHYSIOLOGY_FFMPEG"])],
});
