import { TRANSFORMS } from "../../ffi/camera_values.ts";

/** Rotations and mirrorings that can be applied to the input. */
export const INPUT_TRANSFORMS = TRANSFORMS;

export type InputTransform = typeof INPUT_TRANSFORMS[number];
