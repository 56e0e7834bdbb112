import { monotonicUs } from "../base/time.ts";
import {
  REGION_NAMES,
  type RegionMean,
  type RegionName,
  type RegionSample,
} from "../vision/region_sample.ts";
import { column, type NumberTable, TableError, timesOf } from "./table.ts";

/** Placeholder for the face, which a trace does not contain. */
const FACE: NonNullable<RegionSample["face"]> = {
  box: { x: 0.35, y: 0.25, width: 0.3, height: 0.4 },
  landmarks: {
    rightEye: { x: 0.43, y: 0.4 },
    leftEye: { x: 0.57, y: 0.4 },
    nose: { x: 0.5, y: 0.48 },
    mouth: { x: 0.5, y: 0.56 },
    rightEar: { x: 0.37, y: 0.42 },
    leftEar: { x: 0.63, y: 0.42 },
  },
  score: 1,
  ageUs: 0,
  speed: 0,
  track: 1,
};

/** Converts a trace of mean colors, or of the columns named by `signals`, to region samples. */
export function* traceSamples(
  table: NumberTable,
  { signals = [] }: { signals?: readonly string[] } = {},
): Generator<RegionSample> {
  const times = timesOf(table);
  const ready = signals.map((name) => column(table, name));
  const regions = ready.length ? [] : colorColumns(table);
  for (let row = 0; row < times.length; row++) {
    const means: Partial<Record<RegionName, RegionMean>> = {};
    for (const [name, [r, g, b]] of regions) {
      if (Number.isFinite(r[row]! + g[row]! + b[row]!)) {
        means[name] = { r: r[row]!, g: g[row]!, b: b[row]!, pixels: 1000, clipped: 0 };
      }
    }
    yield {
      timeUs: monotonicUs(Math.round(times[row]! * 1e6)),
      sequence: row,
      regions: means,
      face: FACE,
      faceCount: 1,
      brightness: 128,
      clipped: 0,
      motion: 0,
      ...(ready.length ? { readySignals: ready.map((signal) => signal[row]!) } : {}),
    };
  }
}

type Colors = readonly [r: Float64Array, g: Float64Array, b: Float64Array];

/** Finds the columns `r,g,b` of the whole skin and `r_<region>,g_<region>,b_<region>` of regions. */
function colorColumns(table: NumberTable): [RegionName, Colors][] {
  const regions: [RegionName, Colors][] = [];
  for (const name of REGION_NAMES) {
    const suffix = table.columns.has(`r_${name}`) ? `_${name}` : name === "skin" ? "" : undefined;
    if (suffix === undefined || !table.columns.has(`r${suffix}`)) continue;
    regions.push([
      name,
      [column(table, `r${suffix}`), column(table, `g${suffix}`), column(table, `b${suffix}`)],
    ]);
  }
  if (!regions.length) {
    throw new TableError(
      `Cannot use ${table.path} as a trace: it needs r,g,b or r_<region>,g_<region>,b_<region> ` +
        `(${REGION_NAMES.join(", ")}), or signals named by --signals`,
    );
  }
  return regions;
}
