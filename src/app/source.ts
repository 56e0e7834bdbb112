import { simulationKind } from "../capture/simulator/source_kind.ts";
import type { FrameSource } from "../capture/frame.ts";
import type { SourceContext } from "../capture/source_kind.ts";
import { selectedSources, type Settings } from "./flags.ts";

/** Width to which images are scaled down for the analysis: enough for the means of regions. */
const ANALYSIS_WIDTH = 320;
/** Wider than any image, so that none is scaled down. */
const UNSCALED_WIDTH = 32_768;

/** Whether the input is the simulated camera. */
export function isSimulated(settings: Settings): boolean {
  return selectedSources(settings)[0] === simulationKind;
}

/**
 * Opens the input that the settings select; the rules of the flags make sure that there is one.
 *
 * @throws {SourceError} if it cannot deliver frames
 */
export async function openSource(
  settings: Settings,
  context: Pick<SourceContext, "clock" | "counters" | "log">,
): Promise<FrameSource> {
  const [kind] = selectedSources(settings);
  if (!kind) throw new RangeError("Cannot open a source: none is selected");
  const { publish } = settings;
  return await kind.open(settings, {
    ...context,
    // Overlay and blur change the analysis image, which must then have the published size.
    analysisWidth: publish.enableHud || publish.blurFaces ? UNSCALED_WIDTH : ANALYSIS_WIDTH,
    jpegQuality: publish.framePublish === "never" ? 0 : publish.jpegQuality,
  });
}
