import { type Portrait, PORTRAIT_ASPECT } from "./portrait.ts";
import { Random } from "./random.ts";

/** What the simulated camera looks at; all but `person` and `two_faces` have no pulse to find. */
export const SCENES = [
  /** A living person. */
  "person",
  /** Two living people. */
  "two_faces",
  /** A photograph: a face without pulse or breath. */
  "photo",
  /** The photograph under a lamp that flickers 72 times a minute. */
  "flicker",
  /** Nobody there. */
  "empty",
  /** A living person in far too little light. */
  "dark",
  /** A living person in far too much light. */
  "bright",
] as const;

export type SceneName = typeof SCENES[number];

/** Fractions of a grey level that the planes keep, so that a pulse below one level survives. */
export const LEVEL = 64;
/** Fractions of a grey level in `skin`. */
export const SKIN_LEVEL = 4096;

/** A person's place in the picture, in pixels. */
export interface Placement {
  readonly left: number;
  readonly top: number;
  readonly height: number;
}

/** One plane of the scene at rest. Chroma is stored less 128. */
export interface ScenePlane {
  readonly width: number;
  readonly height: number;
  /** How many pixels of the picture make one of this plane, along each side. */
  readonly step: 1 | 2;
  /** What the camera sees, in 1/`LEVEL` of a grey level. */
  readonly base: Int16Array;
  /** How much one unit of blood volume pulse adds, in 1/`SKIN_LEVEL` of a grey level. */
  readonly skin: Int16Array;
}

export interface Scene {
  readonly planes: readonly [y: ScenePlane, u: ScenePlane, v: ScenePlane];
  readonly people: readonly Placement[];
}

/** Where the people of a scene stand. */
export function placePeople(
  scene: SceneName,
  { width, height }: { width: number; height: number },
): Placement[] {
  if (scene === "empty") return [];
  const tall = Math.min(height, Math.floor(width / PORTRAIT_ASPECT));
  if (scene !== "two_faces") {
    return [{
      left: Math.round((width - tall * PORTRAIT_ASPECT) / 2),
      top: height - tall,
      height: tall,
    }];
  }
  const small = Math.min(height, Math.floor((width * 0.48) / PORTRAIT_ASPECT));
  return [0.25, 0.75].map((centre) => ({
    left: Math.round(width * centre - (small * PORTRAIT_ASPECT) / 2),
    top: height - small,
    height: small,
  }));
}

/** Relative strength of the pulse in red, green and blue (de Haan and van Leest, 2014). */
const PULSE_COLOR = [0.33, 0.77, 0.53] as const;

/**
 * Paints the scene: people before a wall, with the skin that will carry the pulse.
 *
 * @param pulseAmplitude the pulse's range as a share of the skin's brightness; 0 for a photograph.
 */
export function paintScene(
  { width, height, people, portrait, pulseAmplitude, seed }: {
    width: number;
    height: number;
    people: readonly Placement[];
    portrait: Portrait | undefined;
    pulseAmplitude: number;
    seed: number;
  },
): Scene {
  const rgb = paintWall(width, height);
  const pulse = new Float32Array(width * height);
  for (const person of people) {
    if (portrait) paintPerson(rgb, pulse, { width, height, person, portrait });
  }
  const random = new Random(seed, 2);
  const options = { width, height, rgb, pulse, pulseAmplitude, random };
  return {
    people,
    planes: [
      paintPlane([0.299, 0.587, 0.114], { ...options, step: 1 }),
      paintPlane([-0.168736, -0.331264, 0.5], { ...options, step: 2 }),
      paintPlane([0.5, -0.418688, -0.081312], { ...options, step: 2 }),
    ],
  };
}

/** A plain wall, lighter towards the upper left. */
function paintWall(width: number, height: number): Float32Array {
  const rgb = new Float32Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const light = 1 - 0.25 * (x / width) - 0.2 * (y / height);
      rgb[at++] = 150 * light;
      rgb[at++] = 165 * light;
      rgb[at++] = 178 * light;
    }
  }
  return rgb;
}

function paintPerson(
  rgb: Float32Array,
  pulse: Float32Array,
  { width, height, person, portrait }: {
    width: number;
    height: number;
    person: Placement;
    portrait: Portrait;
  },
): void {
  const feather = Math.max(1, portrait.width / 30);
  for (let row = 0; row < portrait.height; row++) {
    const y = person.top + row;
    if (y < 0 || y >= height) continue;
    for (let column = 0; column < portrait.width; column++) {
      const x = person.left + column;
      if (x < 0 || x >= width) continue;
      const edge = Math.min(column, portrait.width - 1 - column);
      const opacity = Math.min(1, (edge + 1) / feather);
      const from = (row * portrait.width + column) * 3, to = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        rgb[to + channel]! += opacity * (portrait.rgb[from + channel]! - rgb[to + channel]!);
      }
      pulse[y * width + x] = skinShare(
        { u: column / portrait.width, v: row / portrait.height },
        portrait.rgb.subarray(from, from + 3),
      );
    }
  }
}

/** How much a pixel of the portrait is living skin, 0 to 1: by its place and its colour. */
function skinShare({ u, v }: { u: number; v: number }, color: Uint8Array): number {
  const inFace = ((u - 0.52) / 0.215) ** 2 + ((v - 0.385) / 0.2) ** 2 < 1;
  const inNeck = Math.abs(u - 0.51) < 0.12 && v > 0.52 && v < 0.67;
  if (!inFace && !inNeck) return 0;
  const [r, g, b] = [color[0]!, color[1]!, color[2]!];
  if (r < g || g < b - 8) return 0;
  return ramp((r - b - 18) / 25) * ramp((r - 70) / 40);
}

function ramp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

function paintPlane(
  weights: readonly [number, number, number],
  { width, height, rgb, pulse, pulseAmplitude, random, step }: {
    width: number;
    height: number;
    rgb: Float32Array;
    pulse: Float32Array;
    pulseAmplitude: number;
    random: Random;
    step: 1 | 2;
  },
): ScenePlane {
  const columns = Math.ceil(width / step), rows = Math.ceil(height / step);
  const base = new Int16Array(columns * rows), skin = new Int16Array(columns * rows);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      let value = 0, swing = 0, count = 0;
      for (let y = row * step; y < Math.min(height, (row + 1) * step); y++) {
        for (let x = column * step; x < Math.min(width, (column + 1) * step); x++, count++) {
          const pixel = y * width + x;
          for (let channel = 0; channel < 3; channel++) {
            const light = weights[channel]! * rgb[pixel * 3 + channel]!;
            value += light;
            // More blood takes more light away.
            swing -= light * PULSE_COLOR[channel]! * pulseAmplitude * pulse[pixel]!;
          }
        }
      }
      // Every pixel lies elsewhere between two levels, so that a region's mean follows a swing
      // that is smaller than a level, without noise too.
      base[at] = Math.round(LEVEL * (value / count + random.uniform() - 0.5));
      skin[at] = Math.round(SKIN_LEVEL * (swing / count));
    }
  }
  return { width: columns, height: rows, step, base, skin };
}
