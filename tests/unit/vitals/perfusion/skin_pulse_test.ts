import assert from "node:assert/strict";
import { SkinPulse } from "../../../../src/vitals/perfusion/skin_pulse.ts";
import { goodFace, samplesOf } from "../../../support/samples.ts";

const RATE = 72;
/** Skin whose green channel has a pulse of this relative amplitude. */
function skinAt(amplitude: number) {
  return (timeS: number) => {
    const g = 110 * (1 - amplitude * Math.sin((2 * Math.PI * RATE * timeS) / 60));
    return { regions: { skin: { r: 150, g, b: 90, pixels: 4000, clipped: 0 } } };
  };
}

Deno.test("SkinPulse.read() has the pulse amplitude relative to the mean green value", () => {
  const skin = new SkinPulse();
  for (const sample of samplesOf(12, { at: skinAt(0.01) })) skin.push(sample);
  const reading = skin.read(RATE)!;
  assert.ok(Math.abs(reading.perfusion - 0.01) < 0.0005, `${reading.perfusion}`);
  assert.ok(reading.beats.length >= 6 && reading.beats.length <= 8);
  for (const { height } of reading.beats) assert.ok(Math.abs(height - 0.02) < 0.002, `${height}`);
});

Deno.test("SkinPulse.read() is undefined if the face moves", () => {
  const skin = new SkinPulse();
  const at = (timeS: number) => ({ ...skinAt(0.01)(timeS), face: goodFace({ speed: 0.6 }) });
  for (const sample of samplesOf(12, { at })) skin.push(sample);
  assert.equal(skin.read(RATE), undefined);
});
