import { type Portrait, PORTRAIT_ASPECT } from "./portrait.ts";
import { Random } from "./random.ts";

/** Scenes of the simulated camera. `photo`, `flicker` and `empty` contain no pulse. */
export const SCENES = [
  /** One living person. */
  "person",
  /** Two living people. */
  "two_faces",
  /** A photograph: a face without pulse or breathing. */
  "photo",
  /** A photograph under a lamp that flickers 72 times per minute. */
  "flicker",
  /** A wall without a person. */
  "empty",
  /** One living person in far too little light. */
  "dark",
  /** One living person in far too much light. */
  "bright",
] as const;

export type SceneName = typeof SCENES[number];

/** Spectra of the simulated camera. */
export const SPECTRA = [
  /** A color camera in visible light. */
  "visible",
  /** A grayscale camera in near-infrared light, in which the pulse is weak. */
  "infrared",
] as const;

export type Spectrum = typeof SPECTRA[number];

/** Fixed-point steps per grey level, so that a pulse of less than one level is represented. */
export const LEVEL = 64;
/** Fixed-point steps per grey level in `skin`. */
export const SKIN_LEVEL = 4096;

/** Position and height of a person in the image, in pixels. */
export interface Placement {
  readonly left: number;
  readonly top: number;
  readonly height: number;
}

/** One plane of the scene at rest. Chroma is stored with an offset of -128. */
export interface ScenePlane {
  readonly width: number;
  readonly height: number;
  /** Image pixels per pixel of this plane, along each side. */
  readonly step: 1 | 2;
  /** Brightness without pulse, in 1/`LEVEL` of a grey level. */
  readonly base: Int16Array<ArrayBuffer>;
  /** Change per unit of blood volume pulse, in 1/`SKIN_LEVEL` of a grey level. */
  readonly skin: Int16Array<ArrayBuffer>;
}

export interface Scene {
  /** Y, and U and V unless the camera is a grayscale one. */
  readonly planes: readonly [y: ScenePlane, ...chroma: readonly ScenePlane[]];
  readonly people: readonly Placement[];
}

/** Returns the positions of the people in a scene. */
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
 * Relative strength of the pulse in near-infrared light, in which blood absorbs far less than in
 * green. Chosen: a quarter of that in green.
 */
const INFRARED_PULSE = [0.19, 0.19, 0.19] as const;
/** Infrared light is estimated from red most of all: skin reflects both well. Chosen. */
const INFRARED_LUMA = [0.7, 0.2, 0.1] as const;

/**
 * Paints the scene: people in front of a wall, and the skin that carries the pulse.
 *
 * @param pulseAmplitude range of the pulse as a fraction of the skin's brightness; 0: no pulse.
 * @param spectrum `infrared` paints a plane of luma alone. @default "visible"
 */
export function paintScene(
  { width, height, people, portrait, pulseAmplitude, seed, spectrum = "visible" }: {
    width: number;
    height: number;
    people: readonly Placement[];
    portrait: Portrait | undefined;
    pulseAmplitude: number;
    seed: number;
    spectrum?: Spectrum;
  },
): Scene {
  const rgb = paintWall(width, height);
  const pulse = new Float32Array(width * height);
  for (const person of people) {
    if (portrait) paintPerson(rgb, pulse, { width, height, person, portrait });
  }
  const random = new Random(seed, 2);
  const size = { width, height, rgb, pulse, pulseAmplitude, random };
  if (spectrum === "infrared") {
    const infrared = { ...size, pulseColor: INFRARED_PULSE, step: 1 } as const;
    return { people, planes: [paintPlane(INFRARED_LUMA, infrared)] };
  }
  const options = { ...size, pulseColor: PULSE_COLOR };
  return {
    people,
    planes: [
      paintPlane([0.299, 0.587, 0.114], { ...options, step: 1 }),
      paintPlane([-0.168736, -0.331264, 0.5], { ...options, step: 2 }),
      paintPlane([0.5, -0.418688, -0.081312], { ...options, step: 2 }),
    ],
  };
}

/** Paints a plain wall that is brighter towards the upper left. */
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
      pulse[y * width + x] = skinFraction(
        { u: column / portrait.width, v: row / portrait.height },
        portrait.rgb.subarray(from, from + 3),
      );
    }
  }
}

/** Estimates from position and colour how much of a pixel is living skin, 0 to 1. */
function skinFraction({ u, v }: { u: number; v: number }, color: Uint8Array): number {
  const inFace = ((u - 0.52) / 0.215) ** 2 + ((v - 0.385) / 0.2) ** 2 < 1;
  const inNeck = Math.abs(u - 0.51) < 0.12 && v > 0.52 && v < 0.67;
  if (!inFace && !inNeck) return 0;
  const [r, g, b] = [color[0]!, color[1]!, color[2]!];
  if (r < g || g < b - 8) return 0;
  return ramp((r - b - 18) / 25) * ramp((r - 70) / 40);
}

function ramp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function paintPlane(
  weights: readonly [number, number, number],
  { width, height, rgb, pulse, pulseAmplitude, pulseColor, random, step }: {
    width: number;
    height: number;
    rgb: Float32Array;
    pulse: Float32Array;
    pulseAmplitude: number;
    pulseColor: readonly [number, number, number];
    random: Random;
    step: 1 | 2;
  },
): ScenePlane {
  const columns = Math.ceil(width / step), rows = Math.ceil(height / step);
  const base = new Int16Array(columns * rows), skin = new Int16Array(columns * rows);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      let value = 0, change = 0, count = 0;
      for (let y = row * step; y < Math.min(height, (row + 1) * step); y++) {
        for (let x = column * step; x < Math.min(width, (column + 1) * step); x++, count++) {
          const pixel = y * width + x;
          for (let channel = 0; channel < 3; channel++) {
            const light = weights[channel]! * rgb[pixel * 3 + channel]!;
            value += light;
            // More blood absorbs more light.
            change -= light * pulseColor[channel]! * pulseAmplitude * pulse[pixel]!;
          }
        }
      }
      // Dithering: without it and without noise, the mean of a region could not follow a change
      // that is smaller than one level.
      base[at] = Math.round(LEVEL * (value / count + random.uniform() - 0.5));
      skin[at] = Math.round(SKIN_LEVEL * (change / count));
    }
  }
  return { width: columns, height: rows, step, base, skin };
}
