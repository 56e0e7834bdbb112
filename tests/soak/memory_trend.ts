import { linearFit } from "./linear_fit.ts";

/** Largest growth of a process, in MB an hour. */
const MAX_MB_PER_HOUR = 1;
/** Memory varies with garbage collection; a leak shows in the minimum of each interval. */
const INTERVAL_HOURS = 1 / 30;
/** A process that ran in fewer intervals, such as the ffmpeg of one loop of a video, has no slope. */
const MIN_INTERVALS = 5;

interface Point {
  readonly hours: number;
  readonly mb: number;
}

/** How the memory of each process of a run changes with time. */
export class MemoryTrend {
  readonly #points = new Map<string, Point[]>();

  /** Adds the memory of a process, in bytes, `hours` after the start. */
  add(process: string, bytes: number, hours: number): void {
    this.#points.getOrInsert(process, []).push({ hours, mb: bytes / 1e6 });
  }

  /** Prints the growth of each process; returns a sentence for each one that grows. */
  report(): string[] {
    const growing: string[] = [];
    for (const [process, points] of this.#points) {
      const growth = growthOf(points);
      if (!growth) continue;
      const { slope, error } = growth;
      const perHour = `${slope.toFixed(2)} ± ${error.toFixed(2)} MB an hour`;
      console.log(`${process}: ${points.at(-1)!.mb.toFixed(1)} MB, ${perHour}`);
      if (slope - 2 * error > MAX_MB_PER_HOUR) growing.push(`the memory of ${process} grows`);
    }
    return growing;
  }
}

/** The growth of the memory in MB an hour: the line through the minimum of each interval. */
function growthOf(points: readonly Point[]) {
  const blocks = Object.groupBy(points, ({ hours }) => Math.floor(hours / INTERVAL_HOURS));
  const minima = Object.values(blocks).map((block = []) =>
    block.reduce((lowest, point) => point.mb < lowest.mb ? point : lowest)
  );
  if (minima.length < MIN_INTERVALS) return undefined;
  return linearFit(minima.map(({ hours, mb }) => [hours, mb]));
}
