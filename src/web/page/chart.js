/** Seconds of curve that are shown. */
const SPAN_US = 12e6;
/** Samples that come late still find their place before they are drawn. */
const MAX_SAMPLES = 2000;

/** A curve that runs from right to left, scaled to what it shows. */
export class Chart {
  #canvas;
  #color;
  /** Times in microseconds, ascending, and their values. */
  #times = [];
  #values = [];
  /** Where the newest sample stood on this machine's clock: the two clocks may differ. */
  #offsetUs;

  constructor(canvas, color) {
    this.#canvas = canvas;
    this.#color = color;
  }

  /** Takes samples `{timestamp, value}`; one with a known timestamp replaces the earlier one. */
  add(samples) {
    if (!Array.isArray(samples)) return;
    for (const { timestamp, value } of samples.slice(-MAX_SAMPLES)) {
      if (!Number.isFinite(timestamp) || !Number.isFinite(value)) continue;
      let at = this.#times.length;
      while (at > 0 && this.#times[at - 1] > timestamp) at--;
      if (at > 0 && this.#times[at - 1] === timestamp) {
        this.#values[at - 1] = value;
      } else {
        this.#times.splice(at, 0, timestamp);
        this.#values.splice(at, 0, value);
      }
    }
    const newest = this.#times.at(-1);
    if (newest === undefined) return;
    // A device whose clock was set back begins its curve anew.
    const last = samples.at(-1)?.timestamp;
    if (last < newest - SPAN_US) {
      this.#times = [];
      this.#values = [];
      this.#offsetUs = undefined;
      return this.add(samples);
    }
    const old = this.#times.findIndex((time) => time > newest - 1.2 * SPAN_US);
    this.#times.splice(0, Math.max(old, this.#times.length - MAX_SAMPLES));
    this.#values.splice(0, this.#values.length - this.#times.length);
    const offset = newest - performance.now() * 1000;
    // Follows the slower of two messages at once and a faster one gently: no jerking.
    this.#offsetUs = this.#offsetUs === undefined || Math.abs(offset - this.#offsetUs) > 2e6
      ? offset
      : this.#offsetUs + (offset - this.#offsetUs) * 0.05;
  }

  /** Draws the last seconds; call for each frame that the browser shows. */
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
    const shown = this.#values.filter((_, index) => this.#times[index] >= start);
    if (shown.length < 2) return;
    const low = Math.min(...shown);
    const range = Math.max(...shown) - low || 1;
    const margin = 4 * scale;
    context.beginPath();
    let before;
    for (const [index, time] of this.#times.entries()) {
      if (time < start) continue;
      const x = (time - start) / SPAN_US * width;
      const y = height - margin - (this.#values[index] - low) / range * (height - 2 * margin);
      // A gap is a gap: no line where nothing was measured.
      if (before === undefined || time - before > 0.5e6) context.moveTo(x, y);
      else context.lineTo(x, y);
      before = time;
    }
    context.lineWidth = 1.75 * scale;
    context.lineJoin = "round";
    context.strokeStyle = getComputedStyle(canvas).getPropertyValue(this.#color);
    context.stroke();
  }
}
