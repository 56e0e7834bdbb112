import { breathingConfidence, type BreathingModel } from "./confidence.ts";
import type { WindowEvidence } from "./evidence.ts";

/** Largest difference between two rates that agree, in breaths/min, and relative to the rate. */
const SAME_RATE = { absolute: 2, relative: 0.12 } as const;
/** Minimum confidence of a shorter window that overrides a longer one. Chosen. */
const MIN_CHANGE_CONFIDENCE = 0.6;
/** Minimum depth of its breaths relative to the longer window; body sway is shallower. Chosen. */
const MIN_CHANGE_DEPTH = 0.35;

/** A window with the confidence of its rate. */
interface RatedWindow {
  readonly window: WindowEvidence;
  readonly confidence: number;
}

/**
 * Returns the window with the highest confidence, unless a shorter one, which is closer to the
 * present, has another rate with sufficient confidence: then breathing has changed.
 */
export function selectWindow(
  windows: readonly WindowEvidence[],
  model: BreathingModel,
): { readonly best: WindowEvidence | undefined; readonly confidence: number } {
  const rated = windows.map((window) => ({
    window,
    confidence: breathingConfidence(window.features, model),
  }));
  let best = rated.reduce<RatedWindow | undefined>(
    (a, b) => (a && a.confidence > b.confidence ? a : b),
    undefined,
  );
  for (const other of rated) {
    if (best && other.window.seconds < best.window.seconds && contradicts(other, best)) {
      best = other;
    }
  }
  return { best: best?.window, confidence: best?.confidence ?? 0 };
}

/** Returns whether a window has a rate other than that of `other`, with sufficient confidence. */
function contradicts({ window, confidence }: RatedWindow, { window: other }: RatedWindow): boolean {
  const sameRate = Math.max(SAME_RATE.absolute, SAME_RATE.relative * other.rate);
  return Math.abs(window.rate - other.rate) > sameRate && confidence >= MIN_CHANGE_CONFIDENCE &&
    window.amplitude > MIN_CHANGE_DEPTH * other.amplitude;
}
