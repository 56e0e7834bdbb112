import type { Fault } from "./fault.ts";

const HOUR_S = 3600;

/** Steps of the wall clock, which the server sees; see shifted_server.ts. */
export const CLOCK_FAULTS: readonly Fault[] = [
  clockStep("clock-forth", HOUR_S, "forth by an hour"),
  clockStep("clock-back", -HOUR_S, "back by an hour"),
  clockStep("clock-back-5s", -5, "back by 5 s"),
];

function clockStep(name: string, seconds: number, step: string): Fault {
  return {
    name,
    cause: `The wall clock of the server is set ${step} (\`Date.now()\`), and right again.`,
    rig: { settableClock: true },
    shortSeconds: 2.5,
    begin: (rig) => rig.setClock(seconds),
    end: (rig) => rig.setClock(0),
  };
}
