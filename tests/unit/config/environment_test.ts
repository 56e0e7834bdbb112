import assert from "node:assert/strict";
import { FLAGS } from "../../../src/app/flags.ts";
import { misspelledVariables } from "../../../src/config/environment.ts";

Deno.test("misspelledVariables() reports only an unknown variable that resembles a flag", () => {
  assert.deepEqual(
    misspelledVariables(FLAGS, {
      PHYSIOLOGY_REDIS_PASWORD: "secret",
      PHYSIOLOGY_REDIS_HOST: "h",
      PHYSIOLOGY_FFMPEG: "/usr/bin/ffmpeg",
      PHYSIOLOGY_OWNER_OF_THIS_DEVICE: "ward 7",
      PATH: "/bin",
    }),
    ["Ignoring the unknown environment variable PHYSIOLOGY_REDIS_PASWORD: did you mean PHYSIOLOGY_REDIS_PASSWORD?"],
  );
});
