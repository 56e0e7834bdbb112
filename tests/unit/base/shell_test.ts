import assert from "node:assert/strict";
import fc from "fast-check";
import { quoteForShell } from "../../../src/base/shell.ts";

Deno.test("quoteForShell() leaves plain arguments as they are, and quotes all others", () => {
  assert.equal(
    quoteForShell("--camera_device=/dev/v4l/by-id/usb-A_1:2+3,4@5-index0"),
    "--camera_device=/dev/v4l/by-id/usb-A_1:2+3,4@5-index0",
  );
  assert.equal(quoteForShell(""), "''");
  assert.equal(quoteForShell("it's 100%"), "'it'\\''s 100%'");
});

Deno.test("quoteForShell() quotes any argument so that a shell reads it back unchanged", async () => {
  const character = fc.oneof(
    fc.constantFrom(..."'\"\\$`!~*?#&|;<>(){}[] \t\n=%"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  );
  const argument = fc.array(character, { maxLength: 12 }).map((parts) => parts.join(""))
    .map((text) => text.replaceAll("\0", "").toWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.array(argument, { minLength: 1, maxLength: 40 }), async (args) => {
      const { stdout } = await new Deno.Command("sh", {
        args: ["-c", `printf '%s\\0' ${args.map(quoteForShell).join(" ")}`],
      }).output();
      assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), args);
    }),
    { numRuns: 25 },
  );
});
