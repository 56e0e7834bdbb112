import { type Square, squareAround, type Turns } from "./detector.ts";
import type { Size } from "./layout.ts";
import type { Box } from "./region_sample.ts";

/** Where and how the detector looks next. */
export interface Look {
  readonly view: Square;
  readonly turns: Turns;
  /** Least score of a detection that counts. */
  readonly threshold: number;
  /** Score from which a detection speaks for a face that is not confirmed yet. */
  readonly good: number;
}

/** What is known when the next look is chosen. */
export interface SchedulerState {
  /** The face that is measured, or what may become one, in shares of the picture. */
  readonly face?: Box;
  /** False for what is not confirmed yet. */
  readonly confirmed: boolean;
  /** Of the newest look at it; 0 where it was not seen. */
  readonly score?: number;
}

/** A known face may score less than a new one. */
const THRESHOLD = { known: 0.4, new: 0.5 } as const;
/**
 * Scores of what may be a face. Wrists, foreheads and cushions reach 0.54 in our recordings where
 * the whole picture is seen, and 0.68 where the detector looks closer or turned.
 */
const GOOD = { whole: 0.72, closer: 0.8 } as const;
/** BlazeFace sees faces well that are at least so large a share of its view. */
const SMALL_FACE = 0.2;
/** A view that is drawn closer is so many times as wide as the face. */
const CLOSE_UP = 3.5;
/** While a small face is watched closely, each so many-th look goes to the whole picture. */
const LOOK_AROUND = 4;

/**
 * Chooses where the detector looks: at the whole picture; closer at a small face, or at something
 * that may be one; and where none is found, by turns at each part of the picture twice as large,
 * and with the head on its sides.
 */
export class DetectionScheduler {
  #looks = 0;
  #turns: Turns = 0;
  #good: number = GOOD.whole;

  next({ face, confirmed, score = 0 }: SchedulerState, picture: Size): Look {
    const whole = squareAround(picture);
    this.#looks++;
    if (!face) return this.#search(picture, whole);
    // What looks a little like a face may be one that lies on its side.
    if (!confirmed && score < this.#good) this.#turns = NEXT_TURNS[this.#turns];
    const width = face.width * picture.width;
    const around = confirmed && this.#looks % LOOK_AROUND === 0;
    const large = width >= SMALL_FACE * whole.size;
    const view = around || (large && (confirmed || score >= this.#good))
      ? whole
      : closeUp(face, picture, Math.min(whole.size, CLOSE_UP * width));
    return this.#look(view, this.#turns, { whole, threshold: THRESHOLD.known });
  }

  #look(
    view: Square,
    turns: Turns,
    { whole, threshold }: { whole: Square; threshold: number },
  ): Look {
    this.#turns = turns;
    this.#good = view === whole && turns === 0 ? GOOD.whole : GOOD.closer;
    return { view, turns, threshold, good: this.#good };
  }

  /** Every other look goes to the whole picture upright, where a face mostly is. */
  #search(picture: Size, whole: Square): Look {
    const how = { whole, threshold: THRESHOLD.new };
    if (this.#looks % 2) return this.#look(whole, 0, how);
    const others: readonly (readonly [Square, Turns])[] = [
      ...halves(picture).map((view) => [view, 0] as const),
      ...([1, 3, 2] as const).map((turns) => [whole, turns] as const),
    ];
    const [view, turns] = others[(this.#looks / 2 - 1) % others.length] ?? [whole, 0];
    return this.#look(view, turns, how);
  }
}

const NEXT_TURNS = [1, 3, 0, 2] as const satisfies readonly Turns[];

function closeUp(face: Box, picture: Size, size: number): Square {
  return {
    x: (face.x + face.width / 2) * picture.width - size / 2,
    y: (face.y + face.height / 2) * picture.height - size / 2,
    size,
  };
}

/** Squares of half the picture's longer side that overlap by half, those in the middle first. */
function halves({ width, height }: Size): Square[] {
  const size = Math.max(width, height) / 2;
  const starts = (length: number) =>
    length - size < size / 4
      ? [(length - size) / 2]
      : [0.5, 0, 1].map((at) => at * (length - size));
  const rows = height >= width ? starts(height) : [0, height - size];
  return rows.flatMap((y) => starts(width).map((x) => ({ x, y, size })));
}
