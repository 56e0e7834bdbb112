import type { FrameSource } from "./frame.ts";
import type { SourceContext } from "./source_kind.ts";
import type { CameraInputSettings } from "./camera_flags.ts";

/** How a camera of this machine is read: one choice of `--camera_source`. */
export interface CameraReader {
  /** @throws {ExitError} with the words of `open` */
  readonly check: (camera: CameraInputSettings) => Promise<void>;
  /** @throws {ExitError} if the camera cannot deliver frames */
  readonly open: (camera: CameraInputSettings, context: SourceContext) => Promise<FrameSource>;
}
