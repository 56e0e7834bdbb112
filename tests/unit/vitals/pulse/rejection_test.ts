import assert from "node:assert/strict";
import { rejectionReason } from "../../../../src/vitals/pulse/rejection.ts";
import type { RegionName } from "../../../../src/vision/region_sample.ts";
import { colorOf, pulseWindow } from "../../../support/pulse_window.ts";

const HZ = 1.2;
const AMPLITUDE = 0.01;
/** Amplitudes of a pulse in red and blue, relative to green. */
const RED = 0.43, BLUE = 0.69;
/** Amplitudes of brightness and of POS, relative to green; POS is S₁ + S₁ at S₁ = G - B. */
const BRIGHTNESS = (1 + RED + BLUE) / 3, POS = 2 * (1 - BLUE);

const wave = (hz: number) => (seconds: number) => Math.sin(2 * Math.PI * hz * seconds);
const pulse = wave(HZ);

/** The color of skin with a pulse and light that changes by a fraction. */
function skinColor(light: (seconds: number) => number = () => 0) {
  return colorOf({
    r: (s) => light(s) - RED * AMPLITUDE * pulse(s),
    g: (s) => light(s) - AMPLITUDE * pulse(s),
    b: (s) => light(s) - BLUE * AMPLITUDE * pulse(s),
  });
}

const gray = (light: (seconds: number) => number) => colorOf({ r: light, g: light, b: light });

Deno.test("rejectionReason() is undefined for a pulse in front of a still background", () => {
  const window = pulseWindow({ skin: skinColor(), background: gray(() => 0) });
  assert.equal(rejectionReason(window, HZ), undefined);
  assert.equal(rejectionReason(pulseWindow({}), HZ), undefined);
});

Deno.test("rejectionReason() is flicker from half of the brightness of the skin on", () => {
  const withBackground = (ratio: number, region: RegionName = "skin") => {
    const background = gray((s) => ratio * BRIGHTNESS * AMPLITUDE * pulse(s));
    return rejectionReason(pulseWindow({ [region]: skinColor(), background }), HZ);
  };
  assert.equal(withBackground(0.475), undefined);
  assert.equal(withBackground(0.525), "flicker");
  assert.equal(withBackground(0.475, "forehead"), undefined);
  assert.equal(withBackground(0.525, "forehead"), "flicker");
});

Deno.test("rejectionReason() is flicker if the background oscillates above its own noise", () => {
  const withNoise = (snrDb: number) => {
    const noise = 10 ** (-snrDb / 20);
    const other = wave(3.1);
    const background = gray((s) => AMPLITUDE * (pulse(s) + noise * other(s)));
    return rejectionReason(pulseWindow({ skin: skinColor(), background }), HZ);
  };
  // The SNR counts the power within 0.1 Hz only, which lowers it by 0.65 dB.
  assert.equal(withNoise(0.3), undefined);
  assert.equal(withNoise(1), "flicker");
});

Deno.test("rejectionReason() is motion from a subharmonic of 3 dB in the skin on", () => {
  const withSubharmonic = (db: number) => {
    const slow = wave(HZ / 2);
    const light = (s: number) => 10 ** (db / 20) * AMPLITUDE * slow(s);
    return rejectionReason(pulseWindow({ skin: skinColor(light) }), HZ);
  };
  assert.equal(withSubharmonic(2.75), undefined);
  assert.equal(withSubharmonic(3.25), "motion");
});

Deno.test("rejectionReason() is motion if POS is 6 dB weaker than brightness", () => {
  const withPosRatio = (db: number) => {
    const light = AMPLITUDE * (POS / 10 ** (db / 20) - BRIGHTNESS);
    return rejectionReason(pulseWindow({ skin: skinColor((s) => -light * pulse(s)) }), HZ);
  };
  assert.equal(withPosRatio(-5.5), undefined);
  assert.equal(withPosRatio(-6.5), "motion");
});

Deno.test("rejectionReason() ignores a background of less than four seconds", () => {
  const background = gray((s) => AMPLITUDE * pulse(s));
  const window = pulseWindow({ skin: skinColor(), background });
  const withSegment = (seconds: number) =>
    rejectionReason({
      ...window,
      segments: (region) =>
        region === "background" ? [{ start: 0, end: seconds * 30 }] : window.segments(region),
    }, HZ);
  assert.equal(withSegment(3.9), undefined);
  assert.equal(withSegment(4.1), "flicker");
});
