import assert from "node:assert/strict";
import { PulseNetwork } from "../../../src/vision/pulse_network.ts";
import {
  type FakeModel,
  type FakeSession,
  isReleased,
  withModel,
} from "../../support/fake_model.ts";
import { paint } from "../../support/yuv.ts";

/** Left half black, right half white, with a red lower half: Y 76, V 255 is pure red. */
const IMAGE = paint(
  { width: 64, height: 64 },
  (x, y) => [y < 32 ? (x < 32 ? 0 : 255) : 76, y < 32 ? 128 : 85, y < 32 ? 128 : 255],
);
const FACE = { box: { x: 0, y: 0, width: 1, height: 1 }, track: 1 } as const;
const SHAPES: Pick<FakeModel, "inputs" | "outputs"> = {
  inputs: [["face", [1, 1, 2, 4, 3]], ["memory", [1, 2]], ["more", [3]], ["interval", [1]]],
  outputs: [["pulse", [1, 1]], ["memory_out", [1, 2]], ["more_out", [3]]],
};

/** What the network received in one run. */
interface Run {
  readonly face: number[];
  readonly memory: number[];
  readonly more: number[];
  readonly interval: number;
}

/** A network whose state counts its runs and whose pulse is that count. */
async function withNetwork(
  use: (network: PulseNetwork, runs: Run[], session: FakeSession) => Promise<void>,
  { during = () => {}, pulse = (count: number) => count }: {
    during?: () => void | Promise<void>;
    pulse?: (count: number) => number;
  } = {},
): Promise<void> {
  const runs: Run[] = [];
  const run: FakeModel["run"] = (inputs, outputs) => {
    const read = (name: string) => [...inputs[name]!.data];
    runs.push({
      face: read("face"),
      memory: read("memory"),
      more: read("more"),
      interval: read("interval")[0]!,
    });
    const count = read("memory")[0]! + 1;
    outputs["pulse"]!.data.fill(pulse(count));
    outputs["memory_out"]!.data.fill(count);
    outputs["more_out"]!.data.fill(10 * count);
    return during();
  };
  await withModel({ ...SHAPES, run }, async (session) => {
    await using network = await PulseNetwork.open("model.onnx");
    await use(network, runs, session);
  });
}

Deno.test("PulseNetwork.process() gives the model the face as RGB in 0..1", async () => {
  await withNetwork(async (network, runs) => {
    await network.process(IMAGE, FACE, { timeUs: 0 });
    const rgb = runs[0]!.face.map((value) => Math.round(100 * value) / 100);
    const black = [0, 0, 0], white = [1, 1, 1], red = [1, 0, 0];
    assert.deepEqual(rgb, [black, black, white, white, red, red, red, red].flat());
    const box = { x: 0.5, y: 0, width: 0.25, height: 0.5 };
    await network.process(IMAGE, { ...FACE, box }, { timeUs: 40_000 });
    assert.deepEqual(runs[1]!.face.map(Math.round), Array(24).fill(1));
    const lower = { x: 0.1, y: 0.5, width: 0.8, height: 0.5 };
    await network.process(IMAGE, { ...FACE, box: lower }, { timeUs: 80_000 });
    assert.deepEqual(runs[2]!.face.map(Math.round), Array(8).fill(red).flat());
  });
});

Deno.test("PulseNetwork.process() passes the state from run to run, and the seconds between frames", async () => {
  await withNetwork(async (network, runs) => {
    for (const timeUs of [5_000_000, 5_040_000, 5_090_000]) {
      await network.process(IMAGE, FACE, { timeUs });
      assert.deepEqual(network.takeSample(), { timeUs, value: runs.length });
      assert.equal(network.takeSample(), undefined);
    }
    assert.deepEqual(runs.map(({ memory, more }) => [...memory, ...more]), [
      [0, 0, 0, 0, 0],
      [1, 1, 10, 10, 10],
      [2, 2, 20, 20, 20],
    ]);
    assert.deepEqual(runs.map(({ interval }) => interval.toFixed(6)), [
      (1 / 30).toFixed(6),
      "0.040000",
      "0.050000",
    ]);
  });
});

for (
  const { name, gapUs, track, resets } of [
    { name: "a gap of almost 1 s", gapUs: 999_999, track: 1, resets: false },
    { name: "a gap of 1 s", gapUs: 1_000_000, track: 1, resets: true },
    { name: "another face", gapUs: 40_000, track: 2, resets: true },
    { name: "a time before the last", gapUs: -40_000, track: 1, resets: true },
    { name: "the same time again", gapUs: 0, track: 1, resets: true },
  ]
) {
  Deno.test(`PulseNetwork.process() ${resets ? "begins anew" : "continues"} after ${name}`, async () => {
    await withNetwork(async (network, runs) => {
      const timeUs = 9_000_000;
      await network.process(IMAGE, FACE, { timeUs, everyFrame: true });
      const next = { timeUs: timeUs + gapUs, everyFrame: true };
      await network.process(IMAGE, { ...FACE, track }, next);
      const { memory, interval } = runs[1]!;
      assert.deepEqual(memory, resets ? [0, 0] : [1, 1]);
      assert.equal(interval.toFixed(5), (resets ? 1 / 30 : gapUs / 1e6).toFixed(5));
      await network.process(IMAGE, { ...FACE, track }, {
        timeUs: next.timeUs + 33_000,
        everyFrame: true,
      });
      assert.equal(runs[2]!.interval.toFixed(5), "0.03300");
    });
  });
}

Deno.test("PulseNetwork.process() discards a value that is not finite, and begins anew", async () => {
  const pulse = (count: number) => count === 2 ? NaN : count;
  await withNetwork(async (network, runs) => {
    for (const timeUs of [0, 40_000]) await network.process(IMAGE, FACE, { timeUs });
    assert.equal(network.takeSample(), undefined);
    await network.process(IMAGE, FACE, { timeUs: 80_000 });
    assert.deepEqual(runs[2]!.memory, [0, 0]);
    assert.deepEqual(network.takeSample(), { timeUs: 80_000, value: 1 });
  }, { pulse });
});

Deno.test("PulseNetwork.process() runs once at a time", async () => {
  const gate = Promise.withResolvers<void>();
  await withNetwork(async (network, runs) => {
    const first = network.process(IMAGE, FACE, { timeUs: 0 });
    assert.equal(network.process(IMAGE, FACE, { timeUs: 1e6, everyFrame: true }), undefined);
    gate.resolve();
    await first;
    assert.ok(network.process(IMAGE, FACE, { timeUs: 1e6 }));
    assert.equal(runs.length, 2);
  }, { during: () => gate.promise });
});

/** A network whose runs take the milliseconds that the test sets. */
async function withDurations(
  use: (
    network: PulseNetwork,
    run: (ms: number, timeUs?: number) => Promise<boolean>,
  ) => Promise<void>,
): Promise<void> {
  const { now } = performance;
  let nowMs = 1000, nextUs = 0, takesMs = 0;
  performance.now = () => nowMs;
  try {
    await withNetwork(async (network) => {
      await use(network, async (ms, timeUs = nextUs += 500_000) => {
        takesMs = ms;
        const running = network.process(IMAGE, FACE, { timeUs });
        await running;
        return running !== undefined;
      });
    }, { during: () => void (nowMs += takesMs) });
  } finally {
    performance.now = now;
  }
}

Deno.test("PulseNetwork.runMs is the mean of the first 20 runs, then a moving one", async () => {
  await withDurations(async (network, run) => {
    assert.equal(network.runMs, 0);
    const means: number[] = [];
    for (const ms of [10, 20, 30]) {
      await run(ms);
      means.push(network.runMs);
    }
    assert.deepEqual(means, [10, 15, 20]);
    for (let count = 4; count <= 20; count++) await run(20);
    await run(40);
    assert.equal(network.runMs.toFixed(9), "21.000000000");
    await run(41);
    assert.equal(network.runMs.toFixed(9), "22.000000000");
  });
});

for (
  const { runMs, intervalUs } of [
    { runMs: 0, intervalUs: 30_000 },
    { runMs: 17, intervalUs: 30_000 },
    { runMs: 30, intervalUs: 50_000 },
    { runMs: 72, intervalUs: 120_000 },
    { runMs: 200, intervalUs: 125_000 },
  ]
) {
  Deno.test(`PulseNetwork.process() starts a run of ${runMs} ms every ${intervalUs / 1000} ms`, async () => {
    await withDurations(async (_network, run) => {
      await run(runMs, 1_000_000);
      await run(runMs, 2_000_000);
      assert.equal(await run(runMs, 2_000_000 + intervalUs - 1), false);
      assert.equal(await run(runMs, 2_000_000 + intervalUs), true);
    });
  });
}

Deno.test("PulseNetwork.tooSlow holds after 30 runs of more than 75 ms, and ends the runs in real time", async () => {
  await withDurations(async (network, run) => {
    for (let count = 1; count <= 29; count++) await run(75.1);
    assert.equal(network.tooSlow, false);
    await run(75.1);
    assert.equal(network.tooSlow, true);
    assert.equal(await run(75.1), false);
    const options = { timeUs: 1e9, everyFrame: true };
    assert.ok(await network.process(IMAGE, FACE, options)?.then(() => true));
  });
  await withDurations(async (network, run) => {
    for (let count = 1; count <= 40; count++) await run(74.9);
    assert.equal(network.tooSlow, false);
  });
});

Deno.test("PulseNetwork frees its model and all tensors after the run in progress", async () => {
  const gate = Promise.withResolvers<void>();
  await withModel({ ...SHAPES, run: () => gate.promise }, async (session) => {
    const network = await PulseNetwork.open("model.onnx");
    const running = network.process(IMAGE, FACE, { timeUs: 0 });
    const disposed = network[Symbol.asyncDispose]();
    await Promise.resolve();
    assert.equal(session.disposed, 0);
    gate.resolve();
    await running;
    await disposed;
    assert.equal(session.disposed, 1);
    // Face, interval, pulse, and two states in two copies.
    assert.equal(new Set(session.tensors).size, 7);
    assert.ok(session.tensors.every(isReleased));
  });
});

Deno.test("PulseNetwork can be disposed after a run that failed", async () => {
  await withModel({ ...SHAPES, run: () => Promise.reject(new Error("no")) }, async (session) => {
    const network = await PulseNetwork.open("model.onnx");
    const running = network.process(IMAGE, FACE, { timeUs: 0 });
    await Promise.all([assert.rejects(running!, /no/), network[Symbol.asyncDispose]()]);
    assert.equal(session.disposed, 1);
  });
});

const { inputs: INPUTS, outputs: OUTPUTS } = SHAPES;
for (
  const { reason, inputs = INPUTS, outputs = OUTPUTS } of [
    {
      reason: "its first input is not an image of 1x1xHxWx3",
      inputs: [["face", [1, 2, 4, 3]], ...INPUTS.slice(1)],
    },
    {
      reason: "its first input is not an image of 1x1xHxWx3",
      inputs: [["face", [1, 1, 2, 4, 1]], ...INPUTS.slice(1)],
    },
    {
      reason: "its first input is not an image of 1x1xHxWx3",
      inputs: [["face", [1, 1, -1, 4, 3]], ...INPUTS.slice(1)],
    },
    { reason: "its first input is not an image of 1x1xHxWx3", inputs: INPUTS.slice(0, 1) },
    { reason: "its first input is not an image of 1x1xHxWx3", inputs: [] },
    {
      reason: "its last input is not a scalar, the interval",
      inputs: [...INPUTS.slice(0, 3), ["interval", [2]]],
    },
    { reason: "it has 2 state inputs, but 1 state outputs", outputs: OUTPUTS.slice(0, 2) },
    {
      reason: "it has 2 state inputs, but 3 state outputs",
      outputs: [...OUTPUTS, ["more", [1]]],
    },
    {
      reason: "its state has no fixed size",
      inputs: [INPUTS[0]!, ["memory", [-1, 2]], ...INPUTS.slice(2)],
    },
    {
      reason: "its state has no fixed size",
      inputs: [INPUTS[0]!, ["memory", [0, 2]], ...INPUTS.slice(2)],
    },
  ] as readonly ({ reason: string } & Partial<Pick<FakeModel, "inputs" | "outputs">>)[]
) {
  const shapes = inputs.map(([name, shape]) => `${name} ${shape}`).join("; ");
  Deno.test(`PulseNetwork.open() refuses a model of ${shapes} and ${outputs.length} outputs: ${reason}`, async () => {
    await withModel({ inputs, outputs, run: () => {} }, async (session) => {
      await assert.rejects(PulseNetwork.open("model.onnx"), {
        message: `Cannot use the pulse model model.onnx: ${reason}`,
      });
      assert.equal(session.disposed, 1);
    });
  });
}

Deno.test("PulseNetwork.open() accepts a model without state", async () => {
  const inputs = [INPUTS[0]!, INPUTS[3]!], outputs = OUTPUTS.slice(0, 1);
  await withModel({ inputs, outputs, run: () => {} }, async () => {
    await using network = await PulseNetwork.open("model.onnx");
    await network.process(IMAGE, FACE, { timeUs: 0 });
    assert.deepEqual(network.takeSample(), { timeUs: 0, value: 0 });
  });
});
