import type { VitalName } from "../model/device.ts";
import { Sweep, type WaveformBuffer } from "../model/waveform.ts";

/** Sweep speeds of bedside monitors, in millimeters per second. */
export const SWEEP_MM_PER_S: Readonly<Record<VitalName, number>> = { pulse: 25, breathing: 6.25 };

/** Seconds between the labels of the time axis. */
const LABEL_S: Readonly<Record<VitalName, number>> = { pulse: 2, breathing: 5 };

const CLOCK_TIME = new Intl.DateTimeFormat([], {
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
  hour12: false,
});

/** Width of the gap before the oldest samples of a sweep, in CSS pixels. */
const ERASE_PX = 18;
const AXIS_PX = 16;
const MARGIN_PX = 4;

/** Draws a waveform as a sweep from left to right, with a time axis. */
export class WaveformCanvas {
  readonly #canvas: HTMLCanvasElement;
  readonly #vital: VitalName;
  readonly #buffer: WaveformBuffer;

  constructor(
    canvas: HTMLCanvasElement,
    { vital, buffer }: { readonly vital: VitalName; readonly buffer: WaveformBuffer },
  ) {
    this.#canvas = canvas;
    this.#vital = vital;
    this.#buffer = buffer;
  }

  /** Draws the newest sweep; call it in an animation frame. */
  draw(nowMs: number): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const context = this.#prepare(width, height);
    const endUs = this.#buffer.endUs(nowMs);
    if (!context || endUs === undefined) return;
    const sweep = new Sweep({ widthPx: width, mmPerS: SWEEP_MM_PER_S[this.#vital] });
    const fromUs = endUs - sweep.spanUs * (1 - ERASE_PX / width);
    const range = { fromUs, toUs: endUs };
    const style = getComputedStyle(this.#canvas);
    this.#drawAxis(context, { sweep, ...range, height, color: style.color });
    this.#drawLine(context, { sweep, ...range, height, color: style.accentColor });
  }

  #prepare(width: number, height: number): CanvasRenderingContext2D | null {
    const scale = Math.min(devicePixelRatio || 1, 2);
    const [pixels, lines] = [Math.round(width * scale), Math.round(height * scale)];
    if (pixels === 0 || lines === 0) return null;
    if (this.#canvas.width !== pixels || this.#canvas.height !== lines) {
      this.#canvas.width = pixels;
      this.#canvas.height = lines;
    }
    const context = this.#canvas.getContext("2d");
    context?.setTransform(scale, 0, 0, scale, 0, 0);
    context?.clearRect(0, 0, width, height);
    return context;
  }

  #drawAxis(context: CanvasRenderingContext2D, { sweep, fromUs, toUs, height, color }: Drawing) {
    context.fillStyle = color;
    context.font = "11px system-ui, sans-serif";
    const bottom = height - AXIS_PX;
    for (let second = Math.ceil(fromUs / 1e6); second <= toUs / 1e6; second++) {
      const x = sweep.xOf(second * 1e6);
      const isLabelled = second % LABEL_S[this.#vital] === 0;
      context.fillRect(x, bottom, 1, isLabelled ? 6 : 3);
      if (!isLabelled) continue;
      const label = CLOCK_TIME.format(second * 1000);
      // The label of a full minute has the time, the others the seconds.
      context.fillText(second % 60 === 0 ? label : `:${label.slice(-2)}`, x + 3, height - 3);
    }
  }

  #drawLine(context: CanvasRenderingContext2D, { sweep, fromUs, toUs, height, color }: Drawing) {
    let [low, high] = [Infinity, -Infinity];
    this.#buffer.forEach({ fromUs, toUs }, (_, value) => {
      low = Math.min(low, value);
      high = Math.max(high, value);
    });
    if (!(high > low)) return;
    const usable = height - AXIS_PX - 2 * MARGIN_PX;
    let lastX = Infinity;
    context.beginPath();
    this.#buffer.forEach({ fromUs, toUs }, (time, value, connected) => {
      const x = sweep.xOf(time);
      const y = MARGIN_PX + usable * (1 - (value - low) / (high - low));
      if (connected && x >= lastX) context.lineTo(x, y);
      else context.moveTo(x, y);
      lastX = x;
    });
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.strokeStyle = color;
    context.stroke();
  }
}

interface Drawing {
  readonly sweep: Sweep;
  readonly fromUs: number;
  readonly toUs: number;
  readonly height: number;
  readonly color: string;
}
