/**
 * The rate per minute with the highest power between 40 and 180, in steps of 0.5: a Hann-windowed
 * Fourier sum over samples at arbitrary times.
 */
export function dominantRatePerMinute(
  timesUs: readonly number[],
  values: readonly number[],
): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [first = 0, last = 0] = [timesUs[0], timesUs.at(-1)];
  let best = { power: 0, perMinute: 0 };
  for (let perMinute = 40; perMinute <= 180; perMinute += 0.5) {
    let re = 0, im = 0;
    values.forEach((value, index) => {
      const elapsedUs = (timesUs[index] ?? 0) - first;
      const window = 0.5 - 0.5 * Math.cos(2 * Math.PI * elapsedUs / (last - first));
      const phase = 2 * Math.PI * perMinute * elapsedUs / 60e6;
      re += window * (value - mean) * Math.cos(phase);
      im += window * (value - mean) * Math.sin(phase);
    });
    const power = re * re + im * im;
    if (power > best.power) best = { power, perMinute };
  }
  return best.perMinute;
}
