import type { PulseMethod } from "./method.ts";

/** A learnt wave that the vision computed beside the colours. */
export const networkVoter: PulseMethod = {
  name: "network",
  vote: ({ network }) => network ? [{ name: "network", bvp: network }] : [],
};

/** Waves that a recording under validation brings with it. */
export const readyVoter: PulseMethod = {
  name: "ready",
  vote: ({ readySignals }) => readySignals.map((bvp, index) => ({ name: `ready:${index}`, bvp })),
};
