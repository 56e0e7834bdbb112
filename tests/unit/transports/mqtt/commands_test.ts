import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRecordingCommand } from "../../../../src/control/commands.ts";
import { recordingCommandOf } from "../../../../src/transports/mqtt/commands.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("recordingCommandOf() turns ON and OFF into commands", () => {
  for (
    const [word, recording] of [["ON", true], ["off", false], [" On\n", true], [
      "OFF",
      false,
    ]] as const
  ) {
    assert.deepEqual(parseRecordingCommand(recordingCommandOf(bytesOf(word))), {
      state: "ok",
      command: { recording },
    });
  }
});

Deno.test("recordingCommandOf() returns any other payload as it is", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.string().map(bytesOf),
        fc.json().map(bytesOf),
        fc.constantFrom("constructor", "ONN", "O N", "", "__proto__").map(bytesOf),
      ),
      (payload) => {
        const word = new TextDecoder().decode(payload).trim().toUpperCase();
        const command = recordingCommandOf(payload);
        if (word === "ON" || word === "OFF") {
          assert.deepEqual(parseRecordingCommand(command), {
            state: "ok",
            command: { recording: word === "ON" },
          });
        } else assert.equal(command, payload);
      },
    ),
  );
});
