import type { PulseMethod } from "./method.ts";

/** The BVP that a neural network estimated from the frames. */
export const networkMethod: PulseMethod = {
  name: "network",
  extract: ({ network }) => network ? [{ name: "network", bvp: network }] : [],
};

/** The BVP signals that are part of a recording under validation. */
export const readySignalsMethod: PulseMethod = {
  name: "ready",
  extract: ({ readySignals }) =>
    readySignals.map((bvp, index) => ({ name: `ready:${index}`, bvp })),
};
