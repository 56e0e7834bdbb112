import assert from "node:assert/strict";
import { parseFrameTimes, readFrameTimes } from "../../../../src/capture/ffmpeg/frame_times.ts";
import { SourceError } from "../../../../src/capture/frame.ts";
import { temporaryFolder } from "../../../support/folders.ts";

Deno.test("parseFrameTimes() counts from the first time and states an invalid line", () => {
  assert.deepEqual(parseFrameTimes("1700000000000\n1700000000033.5\n\n", "t"), [0, 33_500]);
  assert.throws(
    () => parseFrameTimes("0\nforty\n", "t.txt"),
    /t\.txt: line 2 is not a number: "forty"/,
  );
  assert.throws(() => parseFrameTimes("0\n40\n40\n", "t.txt"), /line 3 does not increase/);
  assert.throws(() => parseFrameTimes("\n", "t.txt"), /the file has no times/);
});

Deno.test("parseFrameTimes() counts the lines of the file, and quotes 40 characters of one at most", () => {
  const refuses = (text: string, message: string) =>
    assert.throws(() => parseFrameTimes(text, "t.txt"), (error) => {
      assert.ok(error instanceof SourceError);
      assert.equal(error.message, `Cannot read the frame times in t.txt: ${message}`);
      assert.match(error.hint, /one time in milliseconds per line/);
      return true;
    });
  refuses("\n0\n\n-\n", 'line 4 is not a number: "-"');
  refuses("x".repeat(39), `line 1 is not a number: "${"x".repeat(39)}"`);
  refuses("x".repeat(41), `line 1 is not a number: "${"x".repeat(40)}"`);
  refuses("Infinity", 'line 1 is not a number: "Infinity"');
  refuses("5\n4.5\n", "line 2 does not increase: 4.5");
  // Less than a microsecond is no increase.
  refuses("5\n5.0004\n", "line 2 does not increase: 5.0004");
  assert.deepEqual(parseFrameTimes(" 5\r\n5.001\r\n", "t"), [0, 1]);
  assert.deepEqual(parseFrameTimes("-3\n0\n", "t"), [0, 3000]);
  refuses("", "the file has no times");
});

Deno.test("readFrameTimes() reads a file, or says why it cannot", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/times.txt`;
  Deno.writeTextFileSync(path, "100\n133.3\n");
  assert.deepEqual(await readFrameTimes(path), [0, 33_300]);
  await assert.rejects(readFrameTimes(folder.path), (error) => {
    assert.ok(error instanceof SourceError && error.cause instanceof Error);
    assert.match(error.message, /^Cannot read the frame times in .*: it is a directory$/);
    assert.equal(error.hint, "Check --input_video_time_path");
    return true;
  });
});
