import type { SourceKind } from "../source_kind.ts";
import { cameraFlags, type CameraInputSettings } from "./flags.ts";

/** A camera of this machine. */
export const cameraKind = {
  name: "camera",
  topics: { camera: cameraFlags },
  selectedBy: "--use_camera",
  isSelected: ({ camera }) => camera.use,
  // Native code reads the device.
  permissions: () => ({}),
} as const satisfies SourceKind<{ readonly camera: CameraInputSettings }>;
