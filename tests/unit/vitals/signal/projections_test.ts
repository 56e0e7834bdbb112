import assert from "node:assert/strict";
import { chrom, green, pos } from "../../../../src/vitals/signal/projections.ts";
import { Random } from "../../../support/random.ts";
import { assertClose } from "../../../support/close.ts";
import { scipy } from "../../../support/scipy.ts";

/** Mean colors of skin: a pulse of 66 beats/min in the ratios of real skin, and a drifting lamp. */
function skin(length: number, { pulse, light }: { pulse: number; light: number }) {
  const random = new Random(7);
  const r = new Float64Array(length);
  const g = new Float64Array(length);
  const b = new Float64Array(length);
  for (let k = 0; k < length; k++) {
    const t = k / 30;
    const beat = pulse * Math.sin(2 * Math.PI * 1.1 * t);
    const lamp = 1 + light * Math.sin(2 * Math.PI * 1.7 * t) + 0.02 * Math.sin(0.4 * t);
    r[k] = 170 * lamp * (1 - 0.33 * beat) + 0.02 * random.normal();
    g[k] = 120 * lamp * (1 - 0.77 * beat) + 0.02 * random.normal();
    b[k] = 100 * lamp * (1 - 0.53 * beat) + 0.02 * random.normal();
  }
  return { r, g, b };
}

function correlation(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  const ma = a.reduce((sum, x) => sum + x, 0) / n;
  const mb = b.reduce((sum, x) => sum + x, 0) / n;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let k = 0; k < n; k++) {
    ab += (a[k]! - ma) * (b[k]! - mb);
    aa += (a[k]! - ma) ** 2;
    bb += (b[k]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

Deno.test("pos() equals the published algorithm, computed window by window", async () => {
  const color = skin(300, { pulse: 0.004, light: 0.01 });
  const expected = await scipy<number[]>(
    `
c = np.array([data["r"], data["g"], data["b"]])
n = c.shape[1]; L = int(np.ceil(1.6 * 30))
H = np.zeros(n); count = np.zeros(n)
for m in range(n - L + 1):
    w = c[:, m:m+L]
    cn = w / w.mean(axis=1, keepdims=True)
    S = np.array([[0, 1, -1], [-2, 1, 1]]) @ cn
    h = S[0] + S[0].std() / S[1].std() * S[1]
    H[m:m+L] += h - h.mean(); count[m:m+L] += 1
result = H / count`,
    { r: [...color.r], g: [...color.g], b: [...color.b] },
  );
  assertClose(pos(color, { sampleRateHz: 30 }), expected, 1e-9);
});

Deno.test("chrom() equals the published equations on the same normalized colors", async () => {
  const color = skin(300, { pulse: 0.004, light: 0.01 });
  const expected = await scipy<number[]>(
    `
c = np.array([data["r"], data["g"], data["b"]])
n = c.shape[1]; fs = 30.0; L = 48; half = 24
slow = np.array([[row[max(0, k-half):k+half+1].mean() for k in range(n)] for row in c])
r, g, b = c / slow
sos = np.vstack([scipy.signal.butter(2, 0.6, "high", fs=fs, output="sos"),
                 scipy.signal.butter(2, 6.5, "low", fs=fs, output="sos")])
f = lambda x: scipy.signal.sosfiltfilt(sos, x, padtype="odd", padlen=50)
X = f(3*r - 2*g); Y = f(1.5*r + g - 1.5*b)
out = np.zeros(n); weight = np.zeros(n)
hop = 24
for start in range(-hop, n, hop):
    k = np.arange(max(0, start), min(n, start + 2*hop))
    w = np.sin(np.pi * (k - start + 0.5) / (2*hop))**2
    out[k] += w * (X[k] - X[k].std() / Y[k].std() * Y[k]); weight[k] += w
result = out / weight`,
    { r: [...color.r], g: [...color.g], b: [...color.b] },
  );
  assertClose(chrom(color, { sampleRateHz: 30 }), expected, 1e-9);
});

Deno.test("chrom() and pos() suppress a lamp and keep the pulse; green() keeps the lamp", () => {
  const color = skin(600, { pulse: 0.004, light: 0.01 });
  const beat = Float64Array.from({ length: 600 }, (_, k) => Math.sin(2 * Math.PI * 1.1 * k / 30));
  const lamp = Float64Array.from({ length: 600 }, (_, k) => Math.sin(2 * Math.PI * 1.7 * k / 30));
  for (const project of [chrom, pos]) {
    const bvp = project(color, { sampleRateHz: 30 });
    assert.ok(correlation(bvp, beat) < -0.9 || correlation(bvp, beat) > 0.9, project.name);
    assert.ok(Math.abs(correlation(bvp, lamp)) < 0.25, project.name);
  }
  assert.ok(Math.abs(correlation(green(color, { sampleRateHz: 30 }), lamp)) > 0.8);
});

Deno.test("green(), chrom() and pos() are finite and bounded for a black or constant region", () => {
  for (const level of [0, 128]) {
    const flat = new Float64Array(200).fill(level);
    for (const project of [green, chrom, pos]) {
      const bvp = project({ r: flat, g: flat, b: flat }, { sampleRateHz: 30 });
      assert.ok(bvp.every((value) => Math.abs(value) < 1 + 1e-6), project.name);
    }
  }
});

const sampleRateHz = 30;

Deno.test("green() rises with the blood, relative to the mean of 1.5 seconds", () => {
  for (const hz of [0.8, 1.3, 2]) {
    const g = Float64Array.from(
      { length: 300 },
      (_, k) => 120 * (1 - 0.001 * Math.sin((2 * Math.PI * hz * k) / sampleRateHz)),
    );
    const bvp = green({ r: g, g, b: g }, { sampleRateHz });
    // A mean of 45 samples keeps this part of a sine.
    const kept = Math.sin((Math.PI * hz * 45) / sampleRateHz) /
      (45 * Math.sin((Math.PI * hz) / sampleRateHz));
    for (let k = 30; k < 270; k++) {
      const expected = 0.001 * (1 - kept) * Math.sin((2 * Math.PI * hz * k) / sampleRateHz);
      assert.ok(Math.abs(bvp[k]! - expected) < 5e-6, `${bvp[k]} is not ${expected}`);
    }
  }
});

Deno.test("pos() of a short signal uses a window of its length, and is 0 under three samples", () => {
  const color = skin(20, { pulse: 0.01, light: 0.01 });
  const mean = (channel: Float64Array) => channel.reduce((sum, value) => sum + value, 0) / 20;
  const [r, g, b] = [color.r, color.g, color.b].map((channel) =>
    channel.map((v) => v / mean(channel))
  );
  const s1 = g!.map((value, k) => value - b![k]!);
  const s2 = g!.map((value, k) => value + b![k]! - 2 * r![k]!);
  const deviation = (values: Float64Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
  const alpha = deviation(s1) / deviation(s2);
  assertClose(pos(color, { sampleRateHz }), s1.map((value, k) => value + alpha * s2[k]!), 1e-9);
  for (const length of [0, 1, 2]) {
    assertClose(
      pos(skin(length, { pulse: 0.01, light: 0 }), { sampleRateHz }),
      new Float64Array(length),
      0,
    );
  }
  assert.ok(pos(skin(3, { pulse: 0.01, light: 0 }), { sampleRateHz }).some((value) => value !== 0));
  // A window of 1.6 s has under three samples.
  assertClose(pos(color, { sampleRateHz: 1 }), new Float64Array(20), 0);
});

Deno.test("pos() and chrom() are independent of the brightness of the colors", () => {
  const color = skin(200, { pulse: 0.004, light: 0.01 });
  for (const project of [pos, chrom, green]) {
    const dark = Object.fromEntries(
      Object.entries(color).map(([name, channel]) => [name, channel.map((value) => 1e-3 * value)]),
    ) as unknown as typeof color;
    assertClose(project(dark, { sampleRateHz }), project(color, { sampleRateHz }), 1e-9);
  }
});

Deno.test("chrom() limits its band to 0.45 of a low sample rate", () => {
  const color = skin(200, { pulse: 0.004, light: 0.01 });
  assertClose(
    chrom(color, { sampleRateHz: 10 }),
    chrom(color, { sampleRateHz: 10, lowHz: 0.6, highHz: 4.5 }),
    1e-12,
  );
  assertClose(
    chrom(color, { sampleRateHz }),
    chrom(color, { sampleRateHz, lowHz: 0.6, highHz: 6.5 }),
    1e-12,
  );
});
