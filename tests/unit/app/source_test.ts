import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { openSource } from "../../../src/app/source.ts";
import { SOURCES } from "../../../src/app/sources.ts";
import type { SourceContext } from "../../../src/capture/source_kind.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { replaced } from "../../support/replace.ts";

const context = { clock: new ManualClock(), counters: new Counters(), log: silentLog };
const settingsOf = (...argv: string[]) => load(argv, { env: {}, readText: () => "" }).settings;

/** The kind of source that flags open, and what it is opened with. */
async function opened(...argv: string[]): Promise<[string, SourceContext]> {
  const calls: [string, SourceContext][] = [];
  using replacements = new DisposableStack();
  for (const kind of SOURCES) {
    const open = (_settings: unknown, options: SourceContext) => {
      calls.push([kind.name, options]);
      return Promise.resolve({} as never);
    };
    replacements.use(replaced(kind as { open: unknown }, "open", open));
  }
  await openSource(settingsOf(...argv), context);
  assert.equal(calls.length, 1);
  return calls[0]!;
}

Deno.test("openSource() opens the input that the settings select, with the parts of the server", async () => {
  const inputs = [["camera", "--use_camera"], ["video", "--input_video_path=a.mp4"], [
    "simulation",
    "--simulate",
  ]];
  for (const [name, flag] of inputs) {
    const [kind, { clock, counters, log }] = await opened(`${flag}`);
    assert.equal(kind, name);
    assert.deepEqual([clock, counters, log], [context.clock, context.counters, context.log]);
  }
  await assert.rejects(openSource(settingsOf("help"), context), RangeError);
});

Deno.test("openSource() scales images down to 320 pixels for the analysis, unless they are drawn on", async () => {
  assert.equal((await opened("--simulate"))[1].analysisWidth, 320);
  const [, { analysisWidth }] = await opened("--simulate", "--enable_hud");
  assert.ok(analysisWidth > 16_000, `${analysisWidth}`);
});

Deno.test("openSource() has no JPEGs made unless frames are published", async () => {
  const quality = async (...argv: string[]) =>
    (await opened("--simulate", "--jpeg_quality=70", ...argv))[1].jpegQuality;
  assert.equal(await quality(), 70);
  assert.equal(await quality("--frame_publish=always"), 70);
  assert.equal(await quality("--frame_publish=never"), 0);
});
