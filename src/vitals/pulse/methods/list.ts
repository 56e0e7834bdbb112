import { chromVoter, greenVoter, posVoter } from "./color.ts";
import { networkVoter, readyVoter } from "./ready.ts";
import type { Voter } from "./method.ts";

/** Everyone who votes on the pulse. A new method joins here. */
export const VOTERS: readonly Voter[] = [
  greenVoter,
  chromVoter,
  posVoter,
  networkVoter,
  readyVoter,
];
