import { openNativeLibrary, unwrap } from "./library.ts";
import type { Planes } from "./picture.ts";

/** A rectangle in pixels, which may reach beyond the picture. */
export interface PixelRectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** As many as `enum` in regions.h says. */
export const REGION_COUNT = 7;
export const MOTION_COUNT = 2;

const SYMBOLS = {
  // struct ph_regions *ph_regions_create(void)
  ph_regions_create: { parameters: [], result: "pointer" },
  // void ph_regions_destroy(struct ph_regions *)
  ph_regions_destroy: { parameters: ["pointer"], result: "void" },
  // int ph_regions_layout(struct ph_regions *, const uint8_t *y, const uint8_t *u, const uint8_t *v,
  //   const struct ph_geometry *, const struct ph_shape *, int count, const float *face, int fade)
  ph_regions_layout: {
    parameters: [
      "pointer",
      "buffer",
      "buffer",
      "buffer",
      "buffer",
      "buffer",
      "i32",
      "buffer",
      "i32",
    ],
    result: "i32",
  },
  // int ph_regions_measure(struct ph_regions *, const uint8_t *y, const uint8_t *u,
  //   const uint8_t *v, const struct ph_geometry *, struct ph_frame_result *)
  ph_regions_measure: {
    parameters: ["pointer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int ph_regions_follow(struct ph_regions *, int motion, const float *rectangle, int region)
  ph_regions_follow: { parameters: ["pointer", "i32", "buffer", "i32"], result: "i32" },
  // int ph_resample_rgb(const uint8_t *y, const uint8_t *u, const uint8_t *v,
  //   const struct ph_geometry *geometry, const float *rectangle, int turns,
  //   int out_width, int out_height, float scale, float offset, float *out)
  ph_resample_rgb: {
    parameters: [
      "buffer",
      "buffer",
      "buffer",
      "buffer",
      "buffer",
      "i32",
      "i32",
      "i32",
      "f32",
      "f32",
      "buffer",
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

let opened: Deno.StaticForeignLibraryInterface<typeof SYMBOLS> | undefined;
const native = () => opened ??= openNativeLibrary(SYMBOLS);

// Filled anew for each call: every call is synchronous.
const geometry = new Int32Array(new ArrayBuffer(8 * 4));
const rectangle = new Float32Array(new ArrayBuffer(4 * 4));

/**
 * Writes `struct ph_geometry`, after a look at whether the planes are as long as they claim.
 *
 * @throws {RangeError} for planes that are too short.
 */
function describe(planes: Planes): Int32Array<ArrayBuffer> {
  const { width, height, yStride, uvStride, chromaShiftX, chromaShiftY, color, u, v } = planes;
  const chromaWidth = (width + chromaShiftX) >> chromaShiftX;
  const chromaHeight = (height + chromaShiftY) >> chromaShiftY;
  const chroma = (chromaHeight - 1) * uvStride + chromaWidth;
  if (
    planes.y.length < (height - 1) * yStride + width || (u && u.length < chroma) ||
    (v && v.length < chroma)
  ) {
    throw new RangeError(`Cannot read a picture of ${width} by ${height}: its planes are shorter`);
  }
  geometry[0] = width;
  geometry[1] = height;
  geometry[2] = yStride;
  geometry[3] = uvStride;
  geometry[4] = chromaShiftX;
  geometry[5] = chromaShiftY;
  geometry[6] = color.range === "limited" ? 1 : 0;
  geometry[7] = color.matrix === "bt709" ? 1 : 0;
  return geometry;
}

export interface ResampleOptions {
  /** What of the picture; outside of it is black. */
  readonly from: PixelRectangle;
  readonly width: number;
  readonly height: number;
  /** Quarter turns anticlockwise: with 1 the picture's right side comes out on top. @default 0 */
  readonly turns?: 0 | 1 | 2 | 3;
  /** Values are 0..255 times `scale` plus `offset`. @default 1 */
  readonly scale?: number;
  /** @default 0 */
  readonly offset?: number;
}

/**
 * Scales a part of a picture to RGB floats, row by row, into `out`; each is the mean of the
 * pixels that it covers.
 *
 * @throws {RangeError} where `out` or a plane is too short.
 */
export function resampleRgb(
  planes: Planes,
  out: Float32Array<ArrayBuffer>,
  options: ResampleOptions,
): void {
  const { from, width, height, turns = 0, scale = 1, offset = 0 } = options;
  if (out.length < width * height * 3) {
    throw new RangeError(`Cannot write ${width} by ${height} colours: ${out.length} floats given`);
  }
  rectangle[0] = from.x;
  rectangle[1] = from.y;
  rectangle[2] = from.width;
  rectangle[3] = from.height;
  // deno-fmt-ignore
  unwrap(native().ph_resample_rgb(planes.y, planes.u ?? null, planes.v ?? null, describe(planes),
    rectangle, turns, width, height, scale, offset, out));
}

/** A turned rectangle or ellipse in pixels: its centre and its half axes, at right angles. */
export interface Shape {
  readonly kind: "rectangle" | "ellipse";
  /** Index of the region that it is part of. */
  readonly region: number;
  readonly centre: { readonly x: number; readonly y: number };
  readonly halfAxes: readonly [
    { readonly x: number; readonly y: number },
    { readonly x: number; readonly y: number },
  ];
  /** Takes its place out of what the region's shapes before it added. */
  readonly subtract?: boolean;
  /** Only what looks like the face's skin counts. */
  readonly skin?: boolean;
  /** The skin's usual colour is taken here. */
  readonly core?: boolean;
  /** The region's mask goes with motion 1 from frame to frame, by parts of a pixel. */
  readonly carried?: boolean;
}

export interface LayoutOptions {
  /** Where motion is measured; the whole picture where absent. */
  readonly face?: PixelRectangle;
  /**
   * How much of its way, in 1/255, a pixel's weight goes with each frame: a mask that jumped
   * would put a step into the means. 255 is at once.
   */
  readonly fade: number;
}

/** Sums over a region, weighted by its mask. */
export interface RegionSums {
  readonly weight: number;
  readonly y: number;
  readonly u: number;
  readonly v: number;
  /** Pixels with half the full weight or more. */
  readonly pixels: number;
  /** Those of them with a colour at the end of its scale. */
  readonly clipped: number;
}

/** The position of what is followed, in pixels since it was first followed; down is positive. */
export interface Position {
  readonly x: number;
  readonly y: number;
  /** 0..1; 0 where nothing is followed. */
  readonly confidence: number;
}

const SHAPE_WORDS = 12;
const REGION_DOUBLES = 6;
const MOTION_DOUBLES = 3;
const MOTIONS_AT = REGION_COUNT * REGION_DOUBLES;
const WHOLE_AT = MOTIONS_AT + MOTION_COUNT * MOTION_DOUBLES;

/** Measures the regions of one stream of pictures. Its masks and references live in C. */
export class RegionMeter implements Disposable {
  #handle: Deno.PointerObject | undefined;
  readonly #result = new Float64Array(new ArrayBuffer(8 * (WHOLE_AT + 5)));

  constructor() {
    const handle = native().ph_regions_create();
    if (!handle) throw new Error("Cannot measure regions: no memory");
    this.#handle = handle;
  }

  /** Says where the regions lie from now on; the picture shows what of them is skin. */
  layout(planes: Planes, shapes: readonly Shape[], { face, fade }: LayoutOptions): void {
    const words = new ArrayBuffer(4 * SHAPE_WORDS * Math.max(shapes.length, 1));
    const integers = new Int32Array(words);
    const floats = new Float32Array(words);
    shapes.forEach((shape, index) => {
      const at = index * SHAPE_WORDS;
      const [a, b] = shape.halfAxes;
      integers[at] = shape.region;
      integers[at + 1] = shape.kind === "ellipse" ? 1 : 0;
      integers[at + 2] = shape.subtract ? 1 : 0;
      integers[at + 3] = shape.skin ? 1 : 0;
      integers[at + 4] = shape.core ? 1 : 0;
      integers[at + 5] = shape.carried ? 1 : 0;
      floats.set([shape.centre.x, shape.centre.y, a.x, a.y, b.x, b.y], at + 6);
    });
    const place = Float32Array.of(face?.x ?? 0, face?.y ?? 0, face?.width ?? 0, face?.height ?? 0);
    // deno-fmt-ignore
    unwrap(native().ph_regions_layout(this.#open(), planes.y, planes.u ?? null, planes.v ?? null,
      describe(planes), integers, shapes.length, place, fade));
  }

  /** Measures one picture; the getters below then tell what was found. */
  measure(planes: Planes): void {
    // deno-fmt-ignore
    unwrap(native().ph_regions_measure(this.#open(), planes.y, planes.u ?? null, planes.v ?? null,
      describe(planes), this.#result));
  }

  /**
   * Follows what lies in a rectangle from the next picture on, or nothing. Where a region is
   * named, only what lies in its mask counts.
   */
  follow(motion: number, place: PixelRectangle | undefined, region = -1): void {
    rectangle[0] = place?.x ?? 0;
    rectangle[1] = place?.y ?? 0;
    rectangle[2] = place?.width ?? 0;
    rectangle[3] = place?.height ?? 0;
    unwrap(native().ph_regions_follow(this.#open(), motion, rectangle, region));
  }

  region(index: number): RegionSums {
    const at = index * REGION_DOUBLES;
    const value = (offset: number) => this.#result[at + offset] ?? 0;
    return {
      weight: value(0),
      y: value(1),
      u: value(2),
      v: value(3),
      pixels: value(4),
      clipped: value(5),
    };
  }

  position(motion: number): Position {
    const at = MOTIONS_AT + motion * MOTION_DOUBLES;
    const value = (offset: number) => this.#result[at + offset] ?? 0;
    return { x: value(0), y: value(1), confidence: value(2) };
  }

  /** Mean luma of the picture, 0..255. */
  get brightness(): number {
    return this.#result[WHOLE_AT] ?? 0;
  }
  /** Share of the picture's pixels that are clipped, 0..1. */
  get clipped(): number {
    return this.#result[WHOLE_AT + 1] ?? 0;
  }
  /** Mean absolute luma difference to the picture before, 0..255. */
  get motion(): number {
    return this.#result[WHOLE_AT + 2] ?? 0;
  }

  /** How far the carried masks went since the layout, in pixels. */
  get shift(): { readonly x: number; readonly y: number } {
    return { x: this.#result[WHOLE_AT + 3] ?? 0, y: this.#result[WHOLE_AT + 4] ?? 0 };
  }

  [Symbol.dispose](): void {
    if (!this.#handle) return;
    native().ph_regions_destroy(this.#handle);
    this.#handle = undefined;
  }

  #open(): Deno.PointerObject {
    if (!this.#handle) throw new Error("Cannot measure regions: they were disposed");
    return this.#handle;
  }
}
