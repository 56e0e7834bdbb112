import assert from "node:assert/strict";
import fc from "fast-check";
import { parseField } from "../../../../src/capture/libcamera/frame_metadata.ts";

Deno.test("parseField() reads the values of exposure, white balance, focus and time", () => {
  const cases = {
    '    "SensorTimestamp": 1234567890123': { sensorUs: 1_234_567_890.123 },
    '    "FrameDuration": 33333': { frameDurationUs: 33_333 },
    '    "ExposureTime": 19984': { exposureUs: 19_984 },
    '    "AnalogueGain": 2.666667': { analogueGain: 2.666667 },
    '    "ColourGains": [ 1.523438, 2.109375 ]': { colourGains: [1.523438, 2.109375] },
    '    "LensPosition": 1.250000': { lensPosition: 1.25 },
    '    "LensPosition": 0.000000': { lensPosition: 0 },
  };
  for (const [line, expected] of Object.entries(cases)) {
    assert.deepEqual(parseField(line), expected);
  }
});

Deno.test("parseField() ignores other fields and values that are no positive numbers", () => {
  for (
    const line of [
      '    "ScalerCrop": "(0, 0)/3280x2464"',
      '    "AeLocked": true',
      '    "SensorTimestamp": 0',
      '    "SensorTimestamp": -5',
      '    "SensorTimestamp": nan',
      '    "SensorTimestamp": "12"',
      '    "SensorTimestamp":',
      '    "LensPosition": -1.0',
      '    "ColourGains": [ 1.5 ]',
      '    "ColourGains": [ 0.0, 2.0 ]',
      "SensorTimestamp: 5",
      "",
    ]
  ) assert.deepEqual(parseField(line), {}, line);
});

Deno.test("parseField() accepts any text", () => {
  const name = fc.constantFrom("SensorTimestamp", "ColourGains", "LensPosition", "x");
  fc.assert(fc.property(name, fc.string(), (field, value) => {
    for (const each of Object.values(parseField(`    "${field}": ${value}`)).flat()) {
      assert.ok(Number.isFinite(each) && each >= 0, `${each}`);
    }
  }));
});
