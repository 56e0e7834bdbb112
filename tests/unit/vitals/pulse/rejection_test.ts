import assert from "node:assert/strict";
import { rejectionReason } from "../../../../src/vitals/pulse/rejection.ts";
import { powerAt } from "../../../../src/vitals/signal/dtft.ts";
import { pos } from "../../../../src/vitals/signal/projections.ts";
import type { RegionName } from "../../../../src/vision/region_sample.ts";
import { colorOf, pulseWindow } from "../../../support/pulse_window.ts";
import { SAMPLE_RATE_HZ as sampleRateHz } from "../../../support/synthetic_signals.ts";

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

Deno.test("rejectionReason() is motion if brightness is the more distinct, the weaker POS is", () => {
  /** POS is this much weaker than brightness, whose SNR is lowered by other changes of the light. */
  const reasonAt = (posRatioDb: number, snrDb: number) => {
    const brightness = (AMPLITUDE * POS) / 10 ** (posRatioDb / 20);
    const other = wave(3.1), noise = brightness * 10 ** (-snrDb / 20);
    const light = brightness - AMPLITUDE * BRIGHTNESS;
    const skin = skinColor((s) => noise * other(s) - light * pulse(s));
    return rejectionReason(pulseWindow({ skin }), HZ);
  };
  // The SNR counts the power within 0.1 Hz only, which lowers it by 0.65 dB.
  const measured = 0.65;
  // A deficit of 3 dB below -6 dB requires an SNR of -3 dB.
  assert.equal(reasonAt(-9, -3.4 + measured), undefined);
  assert.equal(reasonAt(-9, -2.6 + measured), "motion");
  // It is at least -6 dB.
  assert.equal(reasonAt(-16, -6.4 + measured), undefined);
  assert.equal(reasonAt(-16, -5.6 + measured), "motion");
});

/** Skin whose color changes beside the pulse, by `noise`, without a change of brightness. */
function coloredSkin(noise: number, light: (seconds: number) => number = () => 0) {
  const [first, second] = [wave(3.1), wave(3.7)];
  return colorOf({
    r: (s) => light(s) - RED * AMPLITUDE * pulse(s) - 2 * noise * second(s),
    g: (s) => light(s) - AMPLITUDE * pulse(s) + noise * (first(s) + second(s)),
    b: (s) => light(s) - BLUE * AMPLITUDE * pulse(s) + noise * (second(s) - first(s)),
  });
}

Deno.test("rejectionReason() is motion if POS is weaker, and its SNR 5 dB lower than that of brightness", () => {
  const reasonAt = (
    { noise = 0.003, posRatioDb = -2, differenceDb }: {
      noise?: number;
      posRatioDb?: number;
      differenceDb: number;
    },
  ) => {
    const projected = pos(coloredSkin(noise), { sampleRateHz });
    const amplitudeAt = (hz: number) =>
      (4 * Math.sqrt(powerAt(projected, hz / sampleRateHz))) / projected.length;
    const amplitude = amplitudeAt(HZ);
    const snr = amplitude / Math.hypot(amplitudeAt(3.1), amplitudeAt(3.7));
    const brightness = amplitude / 10 ** (posRatioDb / 20);
    const other = wave(4.1), otherAmplitude = brightness / (snr * 10 ** (differenceDb / 20));
    const pulsation = brightness - AMPLITUDE * BRIGHTNESS;
    const skin = coloredSkin(noise, (s) => otherAmplitude * other(s) - pulsation * pulse(s));
    return rejectionReason(pulseWindow({ skin }), HZ);
  };
  assert.equal(reasonAt({ differenceDb: 4.5 }), undefined);
  assert.equal(reasonAt({ differenceDb: 5.5 }), "motion");
  // Only if POS is weaker than brightness,
  assert.equal(reasonAt({ differenceDb: 6, posRatioDb: 0.5 }), undefined);
  assert.equal(reasonAt({ differenceDb: 6, posRatioDb: -0.5 }), "motion");
  // and less distinct than its own noise.
  assert.equal(reasonAt({ differenceDb: 7, noise: 0.0017 }), undefined);
  assert.equal(reasonAt({ differenceDb: 7, noise: 0.0021 }), "motion");
});

Deno.test("rejectionReason() ignores noise of the background outside 0.6 to 4.5 Hz", () => {
  const withNoiseAt = (hz: number) => {
    const noise = wave(hz);
    const background = gray((s) => AMPLITUDE * (pulse(s) + 2 * noise(s)));
    return rejectionReason(pulseWindow({ skin: skinColor(), background }), HZ);
  };
  assert.equal(withNoiseAt(4.2), undefined);
  for (const hz of [4.9, 6]) assert.equal(withNoiseAt(hz), "flicker", `${hz}`);
});

Deno.test("rejectionReason() evaluates the longest segment of the background", () => {
  const flicker = gray((s) => AMPLITUDE * pulse(s) * (s < 4.5 ? 1 : 0));
  const window = pulseWindow({ skin: skinColor(), background: flicker });
  const withSegments = (...segments: readonly { start: number; end: number }[]) =>
    rejectionReason({
      ...window,
      segments: (region) => (region === "background" ? segments : window.segments(region)),
    }, HZ);
  const [flickering, still] = [{ start: 0, end: 130 }, { start: 150, end: 290 }];
  assert.equal(withSegments(flickering), "flicker");
  assert.equal(withSegments(still), undefined);
  assert.equal(withSegments(flickering, still), undefined);
  assert.equal(withSegments({ start: 0, end: 135 }, { start: 170, end: 295 }), "flicker");
  assert.equal(withSegments({ start: 170, end: 295 }, { start: 0, end: 135 }), "flicker");
  // 3.9 and 4.1 seconds, which do not begin at 0.
  assert.equal(withSegments({ start: 12, end: 129 }), undefined);
  assert.equal(withSegments({ start: 12, end: 135 }), "flicker");
});

Deno.test("rejectionReason() prefers the region that contains the others", () => {
  const moved = skinColor((s) => -0.05 * pulse(s));
  assert.equal(rejectionReason(pulseWindow({ skin: moved, forehead: skinColor() }), HZ), "motion");
  assert.equal(rejectionReason(pulseWindow({ skin: skinColor(), forehead: moved }), HZ), undefined);
});
