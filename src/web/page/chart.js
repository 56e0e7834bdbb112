/** Time span of the chart, in microseconds. */
const SPAN_US = 12e6;
/** Maximum number of samples in memory. */
const MAX_SAMPLES = 2000;

/** Chart of a waveform that scrolls from right to left and scales to the visible samples. */
export class Chart {
  #canvas;
  #color;
  /** Times in microseconds, ascending, and their values. */
  #times = [];
  #values = [];
  /** Offset from the local clock to the device's clock, in microseconds. */
  #offsetUs;

  constructor(canvas, color) {
    this.#canvas = canvas;
    this.#color = color;
  }

  /** Adds samples `{timestamp, value}`; one with a known timestamp replaces the earlier sample. */
  add(samples) {
    if (!Array.isArray(samples)) return;
    for (const { timestamp, value } of samples.slice(-MAX_SAMPLES)) {
      if (!Number.isFinite(timestamp) || !Number.isFinite(value)) continue;
      let index = this.#times.length;
      while (index > 0 && this.#times[index - 1] > timestamp) index--;
      if (index > 0 && this.#times[index - 1] === timestamp) {
        this.#values[index - 1] = value;
      } else {
        this.#times.splice(index, 0, timestamp);
        this.#values.splice(index, 0, value);
      }
    }
    const newest = this.#times.at(-1);
    if (newest === undefined) return;
    // Restart the chart if the device's clock was set back.
    const last = samples.at(-1)?.timestamp;
    if (last < newest - SPAN_US) {
      this.#times = [];
      this.#values = [];
      this.#offsetUs = undefined;
      return this.add(samples);
    }
    const firstKept = this.#times.findIndex((time) => time > newest - 1.2 * SPAN_US);
    this.#times.splice(0, Math.max(firstKept, this.#times.length - MAX_SAMPLES));
    this.#values.splice(0, this.#values.length - this.#times.length);
    const offset = newest - performance.now() * 1000;
    // Smoothed, so that jitter in the arrival of messages does not make the chart jerk.
    this.#offsetUs = this.#offsetUs === undefined || Math.abs(offset - this.#offsetUs) > 2e6
      ? offset
      : this.#offsetUs + (offset - this.#offsetUs) * 0.05;
  }

  /** Draws the visible samples; call it in an animation frame. */
  draw() {
    const canvas = this.#canvas;
    const scale = Math.min(globalThis.devicePixelRatio || 1, 2);
    const width = Math.round(canvas.clientWidth * scale);
    const height = Math.round(canvas.clientHeight * scale);
    if (width === 0 || height === 0) return;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    if (this.#times.length < 2) return;
    const end = performance.now() * 1000 + this.#offsetUs - 0.3e6;
    const start = end - SPAN_US;
    const visible = this.#values.filter((_, index) => this.#times[index] >= start);
    if (visible.length < 2) return;
    const low = Math.min(...visible);
    const range = Math.max(...visible) - low || 1;
    const margin = 4 * scale;
    context.beginPath();
    let previous;
    for (const [index, time] of this.#times.entries()) {
      if (time < start) continue;
      const x = (time - start) / SPAN_US * width;
      const y = height - margin - (this.#values[index] - low) / range * (height - 2 * margin);
      // No line across a gap in the measurement.
      if (previous === undefined || time - previous > 0.5e6) context.moveTo(x, y);
      else context.lineTo(x, y);
      previous = time;
    }
    context.lineWidth = 1.75 * scale;
    context.lineJoin = "round";
    context.strokeStyle = getComputedStyle(canvas).getPropertyValue(this.#color);
    context.stroke();
  }
}
