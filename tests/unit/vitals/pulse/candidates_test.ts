import assert from "node:assert/strict";
import { CandidateJudge } from "../../../../src/vitals/pulse/candidates.ts";
import { posMethod } from "../../../../src/vitals/pulse/methods/color.ts";
import { colorOf, pulseWindow } from "../../../support/pulse_window.ts";
import { constantModel } from "../../../support/pulse_models.ts";
import type { PulseSignal } from "../../../../src/vitals/pulse/methods/method.ts";
import { Random } from "../../../support/random.ts";
import { posteriorOf } from "../../../support/rate_posterior.ts";

const constantModels = (confidence: number) => ({
  alone: constantModel(confidence),
  withNetwork: constantModel(confidence),
});

const PULSE_HZ = 1.4;
/** No multiple of this breathing rate up to the fourth is in the range of a pulse. */
const context = { faceSpeed: 0, breathsPerMinute: 6 } as const;

/** Skin that has a pulse of 84 beats/min, under a colored lamp that flickers at a frequency. */
function flickering(lampHz: number) {
  const wave = (hz: number) => (seconds: number) => Math.sin(2 * Math.PI * hz * seconds);
  const lamp = (share: number) => (seconds: number) => 0.02 * share * wave(lampHz)(seconds);
  const skin = (share: number) => (seconds: number) =>
    lamp(share)(seconds) - 0.005 * share * wave(PULSE_HZ)(seconds);
  return pulseWindow({
    skin: colorOf({ r: skin(0.43), g: skin(1), b: skin(0.69) }),
    background: colorOf({ r: lamp(0.43), g: lamp(1), b: lamp(0.69) }),
  });
}

/** Judges the same window every half second; returns the last result. */
function judgedAfter(seconds: number, window: ReturnType<typeof flickering>, confidence = 0.97) {
  const judge = new CandidateJudge(constantModels(confidence));
  let result = judge.judge(window, { ...context, timeUs: 0 });
  for (let at = 0.5; at <= seconds; at += 0.5) {
    result = judge.judge(window, { ...context, timeUs: at * 1e6 });
  }
  return result!;
}

Deno.test("CandidateJudge finds the pulse beside a flicker once it was steady for 2.4 s", () => {
  const window = flickering(1);
  const early = judgedAfter(2, window), late = judgedAfter(2.5, window);
  assert.ok(Math.abs(early.rate - 60) < 1, `${early.rate}`);
  assert.equal(early.decision.withheld, "flicker");
  assert.ok(Math.abs(late.rate - 84) < 1, `${late.rate}`);
  assert.deepEqual(late.decision, { confidence: late.decision.confidence });
});

Deno.test("CandidateJudge needs a confidence of 0.95 for a candidate beside a flicker", () => {
  assert.equal(judgedAfter(4, flickering(1), 0.949).decision.withheld, "flicker");
  assert.equal(judgedAfter(4, flickering(1), 0.951).decision.withheld, undefined);
});

Deno.test("CandidateJudge takes nothing within 0.15 Hz of a flicker for a pulse", () => {
  assert.equal(judgedAfter(4, flickering(PULSE_HZ - 0.1)).decision.withheld, "flicker");
});

Deno.test("CandidateJudge publishes the strongest candidate at once", () => {
  const lit = flickering(1);
  const pulse = pulseWindow({
    skin: colorOf({
      r: (seconds) => 0.004 * Math.sin(2 * Math.PI * PULSE_HZ * seconds),
      g: (seconds) => 0.01 * Math.sin(2 * Math.PI * PULSE_HZ * seconds),
      b: (seconds) => 0.007 * Math.sin(2 * Math.PI * PULSE_HZ * seconds),
    }),
  });
  assert.ok(Math.abs(judgedAfter(0, pulse, 0.8).rate - 84) < 1);
  assert.equal(judgedAfter(0, lit).decision.withheld, "flicker");
});

Deno.test("CandidateJudge.reset() starts anew", () => {
  const judge = new CandidateJudge(constantModels(0.97));
  const window = flickering(1);
  for (let at = 0; at <= 3; at += 0.5) judge.judge(window, { ...context, timeUs: at * 1e6 });
  judge.reset();
  const { decision } = judge.judge(window, { ...context, timeUs: 3_500_000 })!;
  assert.equal(decision.withheld, "flicker");
});

Deno.test("CandidateJudge has no candidate in a window without signals", () => {
  const judge = new CandidateJudge(constantModels(0.97));
  assert.equal(judge.judge(pulseWindow({}), { ...context, timeUs: 0 }), undefined);
});

/** Skin in which the colors of blood oscillate at these frequencies, by amplitude. */
function bloodAt(oscillations: readonly (readonly [hz: number, amplitude: number])[]) {
  const wave = (share: number) => (seconds: number) =>
    oscillations.reduce(
      (sum, [hz, amplitude]) => sum - share * amplitude * Math.sin(2 * Math.PI * hz * seconds),
      0,
    );
  return pulseWindow({ skin: colorOf({ r: wave(0.43), g: wave(1), b: wave(0.69) }) });
}

Deno.test("CandidateJudge finds a slow and a fast pulse once it was steady for 2.4 s", () => {
  for (const rate of [34, 205]) {
    const window = bloodAt([[rate / 60, 0.004], [rate / 30, 0.001]]);
    assert.ok(judgedAfter(2, window)?.decision.withheld !== undefined || !judgedAfter(2, window));
    const { rate: found, decision } = judgedAfter(2.5, window);
    assert.ok(Math.abs(found - rate) < 1 && !decision.withheld, `${found} instead of ${rate}`);
  }
});

Deno.test("CandidateJudge finds a slow pulse, but no other, only beside a breathing rate", () => {
  for (const [rate, needed] of [[34, true], [72, false], [205, false]] as const) {
    const window = bloodAt([[rate / 60, 0.004], [rate / 30, 0.001]]);
    const judge = new CandidateJudge(constantModels(0.97));
    let decision = {};
    for (let at = 0; at <= 2.5; at += 0.5) {
      const unknown = { ...context, breathsPerMinute: undefined, timeUs: at * 1e6 };
      decision = judge.judge(window, unknown)!.decision;
    }
    assert.equal("withheld" in decision, needed, `${rate}`);
  }
});

Deno.test("CandidateJudge takes nothing for a fast pulse beside which there is a usual one", () => {
  // Such as the alias of a lamp in a recording without a background.
  const { rate, decision } = judgedAfter(4, bloodAt([[196 / 60, 0.004], [1.2, 0.002]]));
  assert.ok(decision.withheld !== undefined || Math.abs(rate - 72) < 1, `${rate}`);
});

/** A rate network that always gives a rate the same probability, and none to others. */
class FixedNetwork {
  readonly seen: (readonly PulseSignal[])[] = [];

  constructor(readonly rate: number, readonly probability: number) {}

  run(signals: readonly PulseSignal[]) {
    this.seen.push(signals);
    return posteriorOf({ [this.rate]: this.probability });
  }
}

/** Judges a window once, which is also the long one. */
function judgedBy(network: FixedNetwork, window: ReturnType<typeof flickering>) {
  const judge = new CandidateJudge(constantModels(0.8), network);
  return judge.judge(window, { ...context, timeUs: 0, longWindow: window })!;
}

/** Skin with two oscillations, the second one stronger, and no lamp. */
const TWO = pulseWindow({
  skin: (() => {
    const wave = (share: number) => (seconds: number) =>
      share *
      (0.004 * Math.sin(2 * Math.PI * PULSE_HZ * seconds) +
        0.012 * Math.sin(2 * Math.PI * 2.2 * seconds));
    return colorOf({ r: wave(0.43), g: wave(1), b: wave(0.69) });
  })(),
});

Deno.test("CandidateJudge judges the rate that the network expects, not the strongest", () => {
  assert.ok(
    Math.abs(
      new CandidateJudge(constantModels(0.8)).judge(TWO, {
        ...context,
        timeUs: 0,
      })!.rate - 132,
    ) < 1,
  );
  const { rate, posteriors } = judgedBy(new FixedNetwork(84, 0.9), TWO);
  assert.ok(Math.abs(rate - 84) < 1, `${rate}`);
  assert.ok(Math.abs(posteriors!.newest.near(rate) - 0.9) < 1e-6);
});

Deno.test("CandidateJudge takes the mean of both rates if the network gives its rate under 0.8", () => {
  const rateOf = (probability: number) => judgedBy(new FixedNetwork(86, probability), TWO).rate;
  const [certain, uncertain] = [rateOf(0.81), rateOf(0.79)];
  assert.ok(Math.abs(uncertain - (certain + 86) / 2) < 1e-6, `${certain}, ${uncertain}`);
  assert.ok(Math.abs(certain - 84) < 0.5, `${certain}`);
});

Deno.test("CandidateJudge takes the mean of both rates of a single signal, however certain", () => {
  const { bvp } = posMethod.extract(TWO)[0]!;
  const one = { ...pulseWindow({}), readySignals: [bvp] };
  const rate = (network: FixedNetwork) => judgedBy(network, one).rate;
  const [exact, higher] = [rate(new FixedNetwork(84, 0.95)), rate(new FixedNetwork(86, 0.95))];
  assert.ok(Math.abs(higher - exact - 1) < 0.3, `${exact}, ${higher}`);
});

Deno.test("CandidateJudge is more certain of a rate that the network gives again and again", () => {
  const judge = new CandidateJudge(constantModels(0.8), new FixedNetwork(84, 0.4));
  const probabilityAt = (timeUs: number) =>
    judge.judge(TWO, { ...context, timeUs, longWindow: TWO })!.posteriors!.filtered.near(84);
  const [first, second] = [probabilityAt(0), probabilityAt(1e6)];
  assert.ok(Math.abs(first - 0.4) < 1e-6 && second > 0.45, `${first}, ${second}`);
  judge.reset();
  assert.ok(Math.abs(probabilityAt(2e6) - 0.4) < 1e-6, "a new person starts anew");
});

Deno.test("CandidateJudge gives the network what is left without an oscillation that is rejected", () => {
  const network = new FixedNetwork(60, 0.9);
  const judged = judgedBy(network, flickering(1));
  assert.equal(judged.decision.withheld, "flicker");
  assert.ok(network.seen.length >= 2);
  const power = ([signal]: readonly PulseSignal[]) =>
    signal!.bvp.reduce((sum, value) => sum + value * value, 0);
  assert.ok(power(network.seen[1]!) < 0.2 * power(network.seen[0]!));
});

Deno.test("CandidateJudge gives the network a weak pulse that is left, and no mere noise", () => {
  /** How often the network is asked about a flickering lamp on noisy skin with this pulse. */
  const askedWith = (pulse: number) => {
    const random = new Random(4);
    const wave = (hz: number, seconds: number) => Math.sin(2 * Math.PI * hz * seconds);
    const lamp = (share: number) => (seconds: number) => share * 0.02 * wave(1, seconds);
    const skin = (share: number) => (seconds: number) =>
      lamp(share)(seconds) - share * pulse * wave(PULSE_HZ, seconds) + 0.002 * random.normal();
    const color = (part: typeof lamp) => colorOf({ r: part(0.43), g: part(1), b: part(0.69) });
    const network = new FixedNetwork(60, 0.9);
    const window = pulseWindow({ skin: color(skin), background: color(lamp) });
    assert.equal(judgedBy(network, window).decision.withheld, "flicker");
    return network.seen.length;
  };
  assert.equal(askedWith(0), 1);
  assert.ok(askedWith(0.0012) > 1);
});

Deno.test("CandidateJudge uses the model with network for windows that the network judged alone", () => {
  const models = { alone: constantModel(0.9), withNetwork: constantModel(0.8) };
  const judge = new CandidateJudge(models, new FixedNetwork(84, 0.9));
  const confidenceOf = (longWindow: typeof TWO | undefined) =>
    judge.judge(TWO, { ...context, timeUs: 0, longWindow })!.decision.confidence;
  assert.ok(Math.abs(confidenceOf(TWO) - 0.8) < 1e-9);
  assert.ok(Math.abs(confidenceOf(undefined) - 0.9) < 1e-9);
});
