import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_OBJECT_BYTES } from "../../../../src/capture/libcamera/frame_metadata.ts";
import {
  MetadataParser,
  type Parsed,
  VidStreamError,
} from "../../../../src/capture/libcamera/metadata_parser.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (parsed: Parsed) =>
  parsed.state === "more" ? undefined : new TextDecoder().decode(parsed.rest);

Deno.test("MetadataParser completes an object with its last field, before the closing brace", () => {
  const parser = new MetadataParser();
  const parsed = parser.push(bytes('{\n    "ExposureTime": 5,\n    "SensorTimestamp": 7000\n'));
  assert.ok(parsed.state === "object");
  assert.deepEqual(parsed.metadata, { exposureUs: 5, sensorUs: 7 });
  assert.equal(parsed.closed, false);
  assert.equal(textOf(parsed), "");
});

Deno.test("MetadataParser returns the bytes behind an object, and starts anew", () => {
  const parser = new MetadataParser();
  const first = parser.push(bytes('{\n    "ExposureTime": 5\n}pixels'));
  assert.equal(textOf(first), "}pixels");
  const second = parser.push(bytes(',\n{\n    "AnalogueGain": 2\n}x'));
  assert.ok(second.state === "object");
  assert.deepEqual(second.metadata, { analogueGain: 2 });
});

Deno.test("MetadataParser accepts an object without fields", () => {
  const parsed = new MetadataParser().push(bytes("{\n}pixels"));
  assert.ok(parsed.state === "object" && parsed.closed);
  assert.deepEqual(parsed.metadata, {});
  assert.equal(textOf(parsed), "pixels");
});

Deno.test("MetadataParser returns bytes that are no object", () => {
  for (const text of ["\x00\x01", "}\n", "[\n", " {\n"]) {
    const parsed = new MetadataParser().push(bytes(text));
    assert.equal(parsed.state, "none");
    assert.equal(textOf(parsed), text);
  }
});

Deno.test("MetadataParser refuses what rpicam-vid does not write", () => {
  for (
    const text of [
      ",x",
      "{x",
      "{ \n",
      ",\n,\n",
      "{\n{\n",
      "{\n\n",
      '{\n"ExposureTime": 5\n',
    ]
  ) assert.throws(() => new MetadataParser().push(bytes(text)), VidStreamError, text);
});

Deno.test("MetadataParser limits the size of an object", () => {
  const fill = (size: number) => {
    const parser = new MetadataParser();
    parser.push(bytes("{\n"));
    return parser.push(bytes(`    "${"x".repeat(size - 7)}"\n`));
  };
  assert.equal(fill(MAX_OBJECT_BYTES - 100).state, "object");
  assert.throws(() => fill(MAX_OBJECT_BYTES + 100), VidStreamError);
  const endless = new MetadataParser();
  endless.push(bytes("{\n"));
  assert.throws(() => {
    for (let i = 0; i < 1_000; i++) endless.push(bytes(`    "${"x".repeat(1_000)}": 1,\n`));
  }, VidStreamError);
});

Deno.test("MetadataParser accepts any bytes in any parts, or refuses them", () => {
  const piece = fc.oneof(
    fc.constantFrom("{\n", ",\n", '    "SensorTimestamp": 1,\n', '    "x": 1\n', "}"),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const parser = new MetadataParser();
    try {
      for (const text of pieces) {
        let rest = bytes(text);
        while (rest.length > 0) {
          const parsed = parser.push(rest);
          if (parsed.state !== "object") break;
          assert.ok(parsed.rest.length < rest.length);
          rest = parsed.rest as Uint8Array<ArrayBuffer>;
        }
      }
    } catch (error) {
      assert.ok(error instanceof VidStreamError);
    }
  }));
});
