import { TRANSFORMS } from "../../ffi/camera_values.ts";

/** How the picture is turned or mirrored before anybody sees it. */
export const INPUT_TRANSFORMS = TRANSFORMS;

export type InputTransform = typeof INPUT_TRANSFORMS[number];
