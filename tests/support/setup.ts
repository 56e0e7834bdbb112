/**
 * Runs before every test module of the gate, by `deno test --preload`. Property tests draw the same
 * inputs each time, so that the gate does not fail by chance: `TEST_SEED=7` draws others,
 * and `TEST_RUNS=10000` as many new ones. A failing input is added to the `examples` of
 * its property.
 */
import fc from "fast-check";
import "./native_library.ts";

const runs = Deno.env.get("TEST_RUNS");
const seed = Number(Deno.env.get("TEST_SEED") ?? 20_261_127);
fc.configureGlobal(runs === undefined ? { seed } : { numRuns: Number(runs) });
