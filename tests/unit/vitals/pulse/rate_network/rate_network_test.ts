import assert from "node:assert/strict";
import { RateNetwork } from "../../../../../src/vitals/pulse/rate_network/rate_network.ts";
import { RATES } from "../../../../../src/vitals/pulse/rate_network/posterior.ts";
import { colorOf, pulseWindow } from "../../../../support/pulse_window.ts";
import { type LongSignal, longSignal } from "../../../../support/long_signals.ts";

/** What the shipped network says about signals. */
async function posteriorOf(...signals: readonly LongSignal[]) {
  using network = await RateNetwork.open();
  return network.run(signals.map(longSignal))!;
}

for (const rate of [33, 48, 72, 110, 165, 210]) {
  Deno.test(`RateNetwork finds ${rate} beats/min in noise as strong as the pulse`, async () => {
    const { rate: found, probability } =
      (await posteriorOf({ seed: rate, rate, noise: 1 })).mostProbable;
    assert.ok(Math.abs(found - rate) < 1, `${found}`);
    assert.ok(probability > 0.7, `${probability}`);
  });
}

Deno.test("RateNetwork returns probabilities of all rates and of no pulse", async () => {
  const { probabilities } = await posteriorOf({ seed: 1, rate: 72, noise: 1 });
  assert.equal(probabilities.length, RATES + 1);
  const sum = probabilities.reduce((total, value) => total + value, 0);
  assert.ok(Math.abs(sum - 1) < 1e-4, `${sum}`);
});

Deno.test("RateNetwork finds no pulse in most noise", async () => {
  using network = await RateNetwork.open();
  const found = Array.from({ length: 40 }, (_, seed) => {
    const signals = [{ seed, rate: 0, noise: 1 }, { seed: 100 + seed, rate: 0, noise: 1 }];
    return network.run(signals.map(longSignal))!.mostProbable.probability;
  });
  assert.ok(found.filter((probability) => probability > 0.5).length <= 2, `${found}`);
});

Deno.test("RateNetwork finds the pulse of one signal among others without", async () => {
  const noises = [1, 2, 3].map((seed) => ({ seed, rate: 0, noise: 1 }));
  const { rate, probability } =
    (await posteriorOf(...noises, { seed: 4, rate: 84, noise: 0.7 })).mostProbable;
  assert.ok(Math.abs(rate - 84) < 1.5, `${rate}`);
  assert.ok(probability > 0.5, `${probability}`);
});

Deno.test("RateNetwork knows a pulse of the newest six seconds", async () => {
  using network = await RateNetwork.open();
  const signal = longSignal({ seed: 5, rate: 66, noise: 0.5 });
  const bvp = signal.bvp.map((value, k) => k < 14 * 30 ? NaN : value);
  const { rate, probability } = network.run([{ ...signal, bvp }])!.mostProbable;
  assert.ok(Math.abs(rate - 66) < 2, `${rate}`);
  assert.ok(probability > 0.6, `${probability}`);
});

Deno.test("RateNetwork holds an irregular rhythm for less probable than a regular one", async () => {
  const probabilityOf = async (irregularity: number) => {
    const found = [];
    for (let seed = 0; seed < 10; seed++) {
      const posterior = await posteriorOf({ seed, rate: 80, noise: 0.5, irregularity });
      found.push(posterior.mostProbable.probability);
    }
    return found.sort((a, b) => a - b)[5]!;
  };
  const [regular, irregular] = [await probabilityOf(0), await probabilityOf(0.25)];
  assert.ok(regular > 0.8 && irregular < 0.4, `${regular}, ${irregular}`);
});

Deno.test("RateNetwork takes POS of each region, and ready signals, up to five", () => {
  const skin = colorOf({ r: Math.sin, g: Math.cos, b: Math.sin });
  const names = ["glabella", "forehead", "left_cheek", "right_cheek", "skin"] as const;
  const window = pulseWindow(Object.fromEntries(names.map((name) => [name, skin])));
  const ready = [new Float64Array(300).fill(1)];
  const namesOf = (signals: ReturnType<typeof RateNetwork.signalsOf>) =>
    signals.map(({ name }) => name);
  assert.deepEqual(
    namesOf(RateNetwork.signalsOf({ ...window, readySignals: ready })),
    names.map((name) => `pos:${name}`),
  );
  assert.deepEqual(
    namesOf(RateNetwork.signalsOf({ ...pulseWindow({ skin }), readySignals: ready })),
    ["pos:skin", "ready:0"],
  );
});

Deno.test("RateNetwork says nothing without a signal, and after dispose()", async () => {
  const network = await RateNetwork.open();
  assert.equal(network.run([]), undefined);
  network[Symbol.dispose]();
  assert.throws(() => network.run([longSignal({ seed: 1, rate: 60, noise: 1 })]));
});
