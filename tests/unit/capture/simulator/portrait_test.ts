import assert from "node:assert/strict";
import { loadPortrait } from "../../../../src/capture/simulator/portrait.ts";
import { SourceError } from "../../../../src/capture/frame.ts";
import { withEnvironment } from "../../../support/environment.ts";

Deno.test("loadPortrait() scales the portrait to a height, and keeps its shape", async () => {
  for (const { height, width } of [{ height: 60, width: 51 }, { height: 300, width: 256 }]) {
    const portrait = await loadPortrait(height);
    assert.deepEqual([portrait.width, portrait.height], [width, height]);
    assert.equal(portrait.rgb.length, width * height * 3);
    // In the middle of the face, skin has more red than green, and more green than blue.
    const at = 3 * (Math.round(0.35 * height) * width + Math.round(0.5 * width));
    const [red, green, blue] = portrait.rgb.subarray(at, at + 3);
    assert.ok(red! > green! && green! > blue!, `${red} ${green} ${blue}`);
  }
});

Deno.test("loadPortrait() says which file it cannot open, and why", async () => {
  await assert.rejects(
    withEnvironment(
      {
        PHYSIOLOGY_ASSETS: "/absent",
        PHYSIOLOGY_FFMPEG: "ffmpeg",
        PHYSIOLOGY_FFMPEG_SANDBOX: "off",
      },
      () => loadPortrait(60),
    ),
    (error) => {
      assert.ok(error instanceof SourceError);
      assert.equal(
        error.message,
        "Cannot open the portrait /absent/portrait.jpg: No such file or directory",
      );
      assert.match(error.hint, /scripts\/setup/);
      return true;
    },
  );
});
