import { chromVoter, greenVoter, posVoter } from "./color.ts";
import { networkVoter, readyVoter } from "./ready.ts";
import type { PulseMethod } from "./method.ts";

/** Everyone who votes on the pulse. A new method joins here. */
export const PULSE_METHODS: readonly PulseMethod[] = [
  greenVoter,
  chromVoter,
  posVoter,
  networkVoter,
  readyVoter,
];
