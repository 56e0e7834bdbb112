import { RandomPauses } from "../../../../scripts/testing/pauses.ts";
import { waitFor } from "../../../support/wait.ts";

/** The state of a process: "S" while it sleeps, "T" while it is paused. */
function stateOf(pid: number): string {
  return / ([A-Z]) \d/.exec(Deno.readTextFileSync(`/proc/${pid}/stat`))![1]!;
}

Deno.test("RandomPauses pauses a process again and again, and lets it run in the end", async () => {
  await using process = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const { pid } = process;
  {
    using _pauses = new RandomPauses(process);
    for (const state of ["T", "S", "T"]) {
      await waitFor(state, () => stateOf(pid) === state, { pollMs: 1 });
    }
  }
  await waitFor("the end of the pauses", () => stateOf(pid) === "S", { pollMs: 1 });
});
