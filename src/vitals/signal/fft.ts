/** Tables for a transform of one size: twiddle factors and the bit-reversal permutation. */
interface FftPlan {
  readonly size: number;
  readonly cosine: Float64Array;
  readonly sine: Float64Array;
  readonly reversed: Uint32Array;
}

const plans = new Map<number, FftPlan>();

/** The smallest power of two that is at least `n`. */
export function nextPowerOfTwo(n: number): number {
  let size = 1;
  while (size < n) size *= 2;
  return size;
}

/** The plan for a size, computed once. */
function planFor(size: number): FftPlan {
  const cached = plans.get(size);
  if (cached) return cached;
  if (size < 1 || (size & (size - 1)) !== 0) {
    throw new RangeError(
      `Cannot transform the signal: its length must be a power of two: current value is ${size}`,
    );
  }
  const cosine = new Float64Array(size / 2);
  const sine = new Float64Array(size / 2);
  for (let k = 0; k < size / 2; k++) {
    cosine[k] = Math.cos((2 * Math.PI * k) / size);
    sine[k] = -Math.sin((2 * Math.PI * k) / size);
  }
  const reversed = new Uint32Array(size);
  for (let k = 1; k < size; k++) {
    reversed[k] = (reversed[k >> 1]! >> 1) | (k & 1 ? size >> 1 : 0);
  }
  const plan = { size, cosine, sine, reversed };
  plans.set(size, plan);
  return plan;
}

/** The first two butterfly stages, whose twiddle factors are 1, -1 and -i: no multiplication. */
function firstStages(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  for (let k = 0; k + 1 < size; k += 2) {
    const r = re[k + 1]!;
    const i = im[k + 1]!;
    re[k + 1] = re[k]! - r;
    im[k + 1] = im[k]! - i;
    re[k]! += r;
    im[k]! += i;
  }
  for (let k = 0; k + 3 < size; k += 4) {
    const r2 = re[k + 2]!;
    const i2 = im[k + 2]!;
    const r3 = im[k + 3]!;
    const i3 = -re[k + 3]!;
    re[k + 2] = re[k]! - r2;
    im[k + 2] = im[k]! - i2;
    re[k]! += r2;
    im[k]! += i2;
    re[k + 3] = re[k + 1]! - r3;
    im[k + 3] = im[k + 1]! - i3;
    re[k + 1]! += r3;
    im[k + 1]! += i3;
  }
}

/**
 * In-place radix-2 fast Fourier transform (Cooley and Tukey 1965), without normalization:
 * X[m] = Σ x[k]·exp(-2πi·k·m/n).
 *
 * @param re real parts; the length must be a power of two.
 * @param im imaginary parts, of the same length.
 * @throws {RangeError} if the length is not a power of two.
 */
export function fft(re: Float64Array, im: Float64Array): void {
  const { size, cosine, sine, reversed } = planFor(re.length);
  for (let k = 0; k < size; k++) {
    const other = reversed[k]!;
    if (other <= k) continue;
    const r = re[k]!;
    re[k] = re[other]!;
    re[other] = r;
    const i = im[k]!;
    im[k] = im[other]!;
    im[other] = i;
  }
  firstStages(re, im);
  for (let half = 4; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0, t = 0; k < half; k++, t += stride) {
        const upper = start + k;
        const lower = upper + half;
        const c = cosine[t]!;
        const s = sine[t]!;
        const r = re[lower]! * c - im[lower]! * s;
        const i = re[lower]! * s + im[lower]! * c;
        re[lower] = re[upper]! - r;
        im[lower] = im[upper]! - i;
        re[upper]! += r;
        im[upper]! += i;
      }
    }
  }
}
