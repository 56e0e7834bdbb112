import { definedPaths, type PermissionsOf } from "../../config/permissions.ts";

/** What it takes to run ffmpeg; `executable.ts` chooses one of these. */
export const ffmpegPermissions: PermissionsOf<unknown> = (_settings, { assets, env }) => ({
  run: [`${assets}/bin/ffmpeg`, "ffmpeg", ...definedPaths(env["PHYSIOLOGY_FFMPEG"])],
});
