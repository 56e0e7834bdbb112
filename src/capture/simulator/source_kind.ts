import { definedPaths } from "../../config/permissions.ts";
import { ffmpegPermissions } from "../ffmpeg/permissions.ts";
import type { SourceKind } from "../source_kind.ts";
import type { VideoInputSettings } from "../ffmpeg/flags.ts";
import { simulateFlags } from "./flags.ts";
import type { SimulatedInputSettings } from "./open.ts";

/** The simulated camera. */
export const simulationKind = {
  name: "simulation",
  topics: { simulate: simulateFlags },
  selectedBy: "--simulate",
  isSelected: ({ simulate }) => simulate.enabled,
  permissions: ({ simulate }, program) => ({
    // ffmpeg decodes the portrait.
    ...ffmpegPermissions(undefined, program),
    write: definedPaths(simulate.truthPath),
  }),
  async check(settings) {
    const { checkSimulation } = await import("./open.ts");
    checkSimulation(settings, settings.simulate.truthPath);
  },
  async open(settings, { clock }) {
    const { openSimulation } = await import("./open.ts");
    return openSimulation(settings, {
      clock,
      truthPath: settings.simulate.truthPath,
      stamped: true,
      realtime: settings.video.realtime,
    });
  },
} as const satisfies SourceKind<SimulatedInputSettings & { readonly video: VideoInputSettings }>;
