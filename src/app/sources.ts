import { cameraKind } from "../capture/camera_kind.ts";
import { videoKind } from "../capture/ffmpeg/source_kind.ts";
import { simulationKind } from "../capture/simulator/source_kind.ts";

/** Every kind of input, in the order of help. */
export const SOURCES = [cameraKind, videoKind, simulationKind] as const;
