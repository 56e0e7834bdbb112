import { bandPass } from "./bandpass.ts";
import { movingMean } from "./detrend.ts";

/** Mean colors of a region over time, on a uniform grid without gaps. */
export interface ColorSignal {
  readonly r: Float64Array;
  readonly g: Float64Array;
  readonly b: Float64Array;
}

/** Window of CHROM and POS in seconds (both papers): one beat at 40 beats/min fits into it. */
export const PROJECTION_WINDOW_S = 1.6;

/**
 * Green-channel BVP: one minus green over its moving mean, since more blood absorbs more light.
 *
 * Source: Verkruysse, Svaasand, Nelson, Optics Express 16(26), 2008.
 */
export function green(
  { g }: ColorSignal,
  { sampleRateHz }: { sampleRateHz: number },
): Float64Array {
  const bvp = movingMean(g, Math.round(1.5 * sampleRateHz));
  for (let k = 0; k < bvp.length; k++) bvp[k] = 1 - g[k]! / nonZero(bvp[k]!);
  return bvp;
}

/**
 * CHROM: band-passed chrominance signals X = 3R-2G and Y = 1.5R+G-1.5B of normalized colors are
 * combined to S = X - αY with α = σ(X)/σ(Y) in Hann windows of 1.6 s that overlap by half.
 *
 * Source: de Haan and Jeanne, IEEE Trans. Biomed. Eng. 60(10), 2013, eq. 13 to 17. Unlike there,
 * colors are normalized by a moving mean and the whole signal is filtered at once, so that windows
 * have no filter transients.
 */
export function chrom(
  { r, g, b }: ColorSignal,
  { sampleRateHz, lowHz = 0.6, highHz = Math.min(6.5, 0.45 * sampleRateHz) }: {
    sampleRateHz: number;
    lowHz?: number;
    highHz?: number;
  },
): Float64Array {
  const n = g.length;
  const length = windowSamples(n, sampleRateHz);
  const rn = normalized(r, length);
  const gn = normalized(g, length);
  const bn = normalized(b, length);
  const x = new Float64Array(n);
  const y = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    x[k] = 3 * rn[k]! - 2 * gn[k]!;
    y[k] = 1.5 * rn[k]! + gn[k]! - 1.5 * bn[k]!;
  }
  const xf = bandPass(x, { lowHz, highHz, sampleRateHz });
  const yf = bandPass(y, { lowHz, highHz, sampleRateHz });
  return overlapAddAlphaTuned(xf, yf, length);
}

/**
 * POS (plane orthogonal to skin): with colors normalized by their mean in a sliding window of
 * 1.6 s, S₁ = G-B, S₂ = G+B-2R and h = S₁ + (σ(S₁)/σ(S₂))·S₂ are computed, and the h of all
 * windows are overlap-added.
 *
 * Source: Wang, den Brinker, Stuijk, de Haan, IEEE Trans. Biomed. Eng. 64(7), 2017, algorithm 1.
 * Unlike there, each sample is divided by the number of windows that contain it, so that the ends
 * have the same amplitude as the middle. Prefix sums give the result in linear time: h is linear in
 * the colors, and both σ follow from sums of products.
 */
export function pos(
  color: ColorSignal,
  { sampleRateHz }: { sampleRateHz: number },
): Float64Array {
  const n = color.g.length;
  const result = new Float64Array(n);
  const length = windowSamples(n, sampleRateHz);
  if (n < 3 || length < 3) return result;
  const sums = colorSums(color);
  const windows = n - length + 1;
  // Prefix sums over the windows of h's weight for each channel. The mean of h in a window is 0.
  const wr = new Float64Array(windows + 1);
  const wg = new Float64Array(windows + 1);
  const wb = new Float64Array(windows + 1);
  for (let m = 0; m < windows; m++) {
    const end = m + length;
    const dr = (sums.r[end]! - sums.r[m]!) / length;
    const dg = (sums.g[end]! - sums.g[m]!) / length;
    const db = (sums.b[end]! - sums.b[m]!) / length;
    const mr = nonZero(dr + sums.center[0]);
    const mg = nonZero(dg + sums.center[1]);
    const mb = nonZero(db + sums.center[2]);
    const rr = ((sums.rr[end]! - sums.rr[m]!) / length - dr * dr) / (mr * mr);
    const gg = ((sums.gg[end]! - sums.gg[m]!) / length - dg * dg) / (mg * mg);
    const bb = ((sums.bb[end]! - sums.bb[m]!) / length - db * db) / (mb * mb);
    const rg = ((sums.rg[end]! - sums.rg[m]!) / length - dr * dg) / (mr * mg);
    const rb = ((sums.rb[end]! - sums.rb[m]!) / length - dr * db) / (mr * mb);
    const gb = ((sums.gb[end]! - sums.gb[m]!) / length - dg * db) / (mg * mb);
    const variance1 = Math.max(0, gg + bb - 2 * gb);
    const variance2 = Math.max(0, gg + bb + 2 * gb + 4 * rr - 4 * rg - 4 * rb);
    const alpha = variance2 > 0 ? Math.sqrt(variance1 / variance2) : 0;
    wr[m + 1] = wr[m]! - (2 * alpha) / mr;
    wg[m + 1] = wg[m]! + (1 + alpha) / mg;
    wb[m + 1] = wb[m]! + (alpha - 1) / mb;
  }
  for (let k = 0; k < n; k++) {
    const from = Math.max(0, k - length + 1);
    const to = Math.min(windows, k + 1);
    const sum = color.r[k]! * (wr[to]! - wr[from]!) + color.g[k]! * (wg[to]! - wg[from]!) +
      color.b[k]! * (wb[to]! - wb[from]!);
    result[k] = sum / (to - from);
  }
  return result;
}

/** Prefix sums of the colors and their products, relative to the middle sample for precision. */
function colorSums({ r, g, b }: ColorSignal) {
  const n = g.length;
  const make = () => new Float64Array(n + 1);
  const sums = {
    r: make(),
    g: make(),
    b: make(),
    rr: make(),
    gg: make(),
    bb: make(),
    rg: make(),
    rb: make(),
    gb: make(),
    center: [r[n >> 1]!, g[n >> 1]!, b[n >> 1]!] as const,
  };
  const [cr, cg, cb] = sums.center;
  for (let k = 0; k < n; k++) {
    const dr = r[k]! - cr;
    const dg = g[k]! - cg;
    const db = b[k]! - cb;
    sums.r[k + 1] = sums.r[k]! + dr;
    sums.g[k + 1] = sums.g[k]! + dg;
    sums.b[k + 1] = sums.b[k]! + db;
    sums.rr[k + 1] = sums.rr[k]! + dr * dr;
    sums.gg[k + 1] = sums.gg[k]! + dg * dg;
    sums.bb[k + 1] = sums.bb[k]! + db * db;
    sums.rg[k + 1] = sums.rg[k]! + dr * dg;
    sums.rb[k + 1] = sums.rb[k]! + dr * db;
    sums.gb[k + 1] = sums.gb[k]! + dg * db;
  }
  return sums;
}

/** x - α·y with α = σ(x)/σ(y), overlap-added in Hann windows that overlap by half. */
function overlapAddAlphaTuned(x: Float64Array, y: Float64Array, length: number): Float64Array {
  const n = x.length;
  const result = new Float64Array(n);
  const weight = new Float64Array(n);
  const hop = Math.max(1, length >> 1);
  const window = Float64Array.from(
    { length: 2 * hop },
    (_, k) => 0.5 - 0.5 * Math.cos((Math.PI * (k + 0.5)) / hop),
  );
  for (let start = -hop; start < n; start += hop) {
    const from = Math.max(0, start);
    const to = Math.min(n, start + 2 * hop);
    const alpha = deviationBetween(x, from, to) / (deviationBetween(y, from, to) || Infinity);
    for (let k = from; k < to; k++) {
      const w = window[k - start]!;
      result[k]! += w * (x[k]! - alpha * y[k]!);
      weight[k]! += w;
    }
  }
  for (let k = 0; k < n; k++) result[k]! /= weight[k]! || 1;
  return result;
}

/** Population standard deviation of samples `from` to `to`, `to` excluded. */
function deviationBetween(signal: Float64Array, from: number, to: number): number {
  let sum = 0;
  let squares = 0;
  for (let k = from; k < to; k++) {
    sum += signal[k]!;
    squares += signal[k]! ** 2;
  }
  const count = Math.max(1, to - from);
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}

/** A channel divided by its moving mean. */
function normalized(signal: Float64Array, windowLength: number): Float64Array {
  const relative = movingMean(signal, windowLength);
  for (let k = 0; k < relative.length; k++) relative[k] = signal[k]! / nonZero(relative[k]!);
  return relative;
}

/** Samples in a projection window, at most `n`. */
function windowSamples(n: number, sampleRateHz: number): number {
  return Math.min(n, Math.ceil(PROJECTION_WINDOW_S * sampleRateHz));
}

/** A divisor that is never 0: the mean of a black region is. */
function nonZero(value: number): number {
  return Math.abs(value) > 1e-9 ? value : 1e-9;
}
