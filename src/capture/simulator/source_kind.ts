import { definedPaths } from "../../config/permissions.ts";
import { ffmpegPermissions } from "../ffmpeg/permissions.ts";
import type { SourceKind } from "../source_kind.ts";
import { type SimulatedCameraSettings, simulateFlags } from "./flags.ts";

/** The simulated camera. */
export const simulationKind = {
  name: "simulation",
  topics: { simulate: simulateFlags },
  selectedBy: "--simulate",
  isSelected: ({ simulate }) => simulate.enabled,
  permissions: ({ simulate }, program) => ({
    // ffmpeg compresses its published frames, which are no JPEG yet.
    ...ffmpegPermissions(undefined, program),
    write: definedPaths(simulate.truthPath),
  }),
} as const satisfies SourceKind<{ readonly simulate: SimulatedCameraSettings }>;
