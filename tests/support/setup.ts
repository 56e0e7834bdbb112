/**
 * Runs before every test module of the gate, by `deno test --preload`. Property tests draw the same
 * inputs each time, so that the gate does not fail by chance; `PHYSIOLOGY_TEST_RUNS=10000` draws as
 * many new ones instead. A failing input is added to the `examples` of its property.
 */
import fc from "fast-check";
import "./native_library.ts";

const runs = Deno.env.get("PHYSIOLOGY_TEST_RUNS");
fc.configureGlobal(runs === undefined ? { seed: 20_261_127 } : { numRuns: Number(runs) });
