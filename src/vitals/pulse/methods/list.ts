import { chromMethod, greenMethod, posMethod } from "./color.ts";
import { networkMethod, readySignalsMethod } from "./ready.ts";
import type { PulseMethod } from "./method.ts";

/** All methods whose signals are fused. A new method is added here. */
export const PULSE_METHODS: readonly PulseMethod[] = [
  greenMethod,
  chromMethod,
  posMethod,
  networkMethod,
  readySignalsMethod,
];
