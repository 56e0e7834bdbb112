import { openNativeLibrary, unwrap } from "./library.ts";
import { FRAME_RESULT, GEOMETRY, MOTION_RESULT, REGION_RESULT, SHAPE } from "./struct_layout.ts";
import type { Planes } from "./image.ts";

/** A rectangle in pixels. It may extend beyond the image. */
export interface PixelRectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Number of regions that can be measured (PH_REGION_COUNT). */
export const REGION_COUNT = 7;
/** Number of patches that can be tracked (PH_MOTION_COUNT). */
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
  // int ph_regions_track(struct ph_regions *, int motion, const float *rectangle, int region)
  ph_regions_track: { parameters: ["pointer", "i32", "buffer", "i32"], result: "i32" },
  // int ph_resample_rgb(const uint8_t *y, const uint8_t *u, const uint8_t *v,
  //   const struct ph_geometry *geometry, const float *rectangle, int quarter_turns,
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

const native = () => openNativeLibrary(SYMBOLS);

// Reused by all calls, which are synchronous.
const geometryBuffer = new DataView(new ArrayBuffer(GEOMETRY.bytes));
const rectangleBuffer = new Float32Array(new ArrayBuffer(4 * 4));

/**
 * Encodes a `struct ph_geometry` after checking the length of the planes.
 *
 * @throws {RangeError} if a plane is too short.
 */
function encodeGeometry(planes: Planes): DataView<ArrayBuffer> {
  const { width, height, yStride, uvStride, chromaShiftX, chromaShiftY, color, u, v } = planes;
  const chromaWidth = (width + chromaShiftX) >> chromaShiftX;
  const chromaHeight = (height + chromaShiftY) >> chromaShiftY;
  const chroma = (chromaHeight - 1) * uvStride + chromaWidth;
  if (
    planes.y.length < (height - 1) * yStride + width || (u && u.length < chroma) ||
    (v && v.length < chroma)
  ) {
    throw new RangeError(`Cannot read an image of ${width}x${height}: its planes are too short`);
  }
  const write = (field: keyof typeof GEOMETRY.offsets, value: number) =>
    geometryBuffer.setInt32(GEOMETRY.offsets[field], value, true);
  write("width", width);
  write("height", height);
  write("yStride", yStride);
  write("uvStride", uvStride);
  write("shiftX", chromaShiftX);
  write("shiftY", chromaShiftY);
  write("limited", color.range === "limited" ? 1 : 0);
  write("bt709", color.matrix === "bt709" ? 1 : 0);
  return geometryBuffer;
}

/** Writes a rectangle to the buffer of the next call; absent is an empty rectangle. */
function encodeRectangle(from: PixelRectangle | undefined): Float32Array<ArrayBuffer> {
  rectangleBuffer[0] = from?.x ?? 0;
  rectangleBuffer[1] = from?.y ?? 0;
  rectangleBuffer[2] = from?.width ?? 0;
  rectangleBuffer[3] = from?.height ?? 0;
  return rectangleBuffer;
}

/** Options of {@linkcode resampleRgb}. */
export interface ResampleOptions {
  /** The part of the image; everything outside of the image is black. */
  readonly from: PixelRectangle;
  readonly width: number;
  readonly height: number;
  /**
   * Counterclockwise rotation in quarter turns: with 1 the right side of the image comes out on top.
   * @default 0
   */
  readonly quarterTurns?: 0 | 1 | 2 | 3;
  /**
   * The values are 0..255 times `scale` plus `offset`.
   * @default 1
   */
  readonly scale?: number;
  /** @default 0 */
  readonly offset?: number;
}

/**
 * Resamples a part of an image to RGB floats, row by row, in `out`. Each value is the mean of the
 * pixels that it covers.
 *
 * @throws {RangeError} if `out` or a plane is too short.
 */
export function resampleRgb(
  planes: Planes,
  out: Float32Array<ArrayBuffer>,
  options: ResampleOptions,
): void {
  const { from, width, height, quarterTurns = 0, scale = 1, offset = 0 } = options;
  if (out.length < width * height * 3) {
    throw new RangeError(
      `Cannot resample to ${width}x${height}: the output has only ${out.length} values`,
    );
  }
  // deno-fmt-ignore
  unwrap(native().ph_resample_rgb(planes.y, planes.u ?? null, planes.v ?? null, encodeGeometry(planes),
    encodeRectangle(from), quarterTurns, width, height, scale, offset, out));
}

/** A rotated rectangle or ellipse in pixels: its centre and its two perpendicular half axes. */
export interface Shape {
  readonly kind: "rectangle" | "ellipse";
  /** Index of the region that the shape is part of. */
  readonly region: number;
  readonly centre: { readonly x: number; readonly y: number };
  readonly halfAxes: readonly [
    { readonly x: number; readonly y: number },
    { readonly x: number; readonly y: number },
  ];
  /** Removes its area from the region's previous shapes. */
  readonly subtract?: boolean;
  /** Only pixels that the skin classifier accepts count. */
  readonly skin?: boolean;
  /** The skin classifier takes its reference color from here. */
  readonly skinReference?: boolean;
  /** The region's mask follows motion 1 from frame to frame, by fractions of a pixel. */
  readonly followsMotion?: boolean;
}

/** Options of {@linkcode RegionMeter.layout}. */
export interface LayoutOptions {
  /** The rectangle in which the luma difference is measured; absent: the whole image. */
  readonly face?: PixelRectangle;
  /**
   * Maximum change of a pixel's weight per frame, 1..255. Gradual changes avoid steps in the means;
   * 255 applies the new masks at once.
   */
  readonly fade: number;
}

/** Sums over a region, weighted by its mask. The mean luma is `y / weight`. */
export interface RegionSums {
  readonly weight: number;
  readonly y: number;
  readonly u: number;
  readonly v: number;
  /** Number of pixels with half of the full weight or more. */
  readonly pixels: number;
  /** Number of these pixels with a clipped color. */
  readonly clipped: number;
}

/** The displacement of a tracked patch since tracking began, in pixels; down is positive. */
export interface Position {
  readonly x: number;
  readonly y: number;
  /** 0..1; 0 if nothing is tracked. */
  readonly confidence: number;
}

/** Encodes an array of `struct ph_shape`. */
function encodeShapes(shapes: readonly Shape[]): Uint8Array<ArrayBuffer> {
  const { bytes, offsets } = SHAPE;
  const view = new DataView(new ArrayBuffer(bytes * Math.max(shapes.length, 1)));
  shapes.forEach((shape, index) => {
    const start = index * bytes;
    const integer = (field: keyof typeof offsets, value: number) =>
      view.setInt32(start + offsets[field], value, true);
    const float = (field: keyof typeof offsets, value: number) =>
      view.setFloat32(start + offsets[field], value, true);
    const [a, b] = shape.halfAxes;
    integer("region", shape.region);
    integer("kind", shape.kind === "ellipse" ? 1 : 0);
    integer("subtract", shape.subtract ? 1 : 0);
    integer("skin", shape.skin ? 1 : 0);
    integer("skinReference", shape.skinReference ? 1 : 0);
    integer("followsMotion", shape.followsMotion ? 1 : 0);
    float("cx", shape.centre.x);
    float("cy", shape.centre.y);
    float("ax", a.x);
    float("ay", a.y);
    float("bx", b.x);
    float("by", b.y);
  });
  return new Uint8Array(view.buffer);
}

/** Measures the regions of a stream of images. The masks and references are in native memory. */
export class RegionMeter implements Disposable {
  #handle: Deno.PointerObject | undefined;
  readonly #result = new DataView(new ArrayBuffer(FRAME_RESULT.bytes));

  constructor() {
    const handle = native().ph_regions_create();
    if (!handle) throw new Error("Cannot measure the regions: out of memory");
    this.#handle = handle;
  }

  /** Defines the shapes of the regions, and classifies the pixels of the image as skin. */
  layout(planes: Planes, shapes: readonly Shape[], { face, fade }: LayoutOptions): void {
    // deno-fmt-ignore
    unwrap(native().ph_regions_layout(this.#open(), planes.y, planes.u ?? null, planes.v ?? null,
      encodeGeometry(planes), encodeShapes(shapes), shapes.length, encodeRectangle(face), fade));
  }

  /** Measures an image. The methods and getters below return the results. */
  measure(planes: Planes): void {
    // deno-fmt-ignore
    unwrap(native().ph_regions_measure(this.#open(), planes.y, planes.u ?? null, planes.v ?? null,
      encodeGeometry(planes), this.#result));
  }

  /**
   * Tracks the content of a rectangle from the next image on.
   *
   * @param rectangle undefined stops tracking.
   * @param region only the content under this region's mask counts; -1: the whole rectangle.
   */
  track(motion: number, rectangle: PixelRectangle | undefined, region = -1): void {
    const encoded = encodeRectangle(rectangle);
    unwrap(native().ph_regions_track(this.#open(), motion, encoded, region));
  }

  /** Returns the sums over a region. */
  region(index: number): RegionSums {
    const { bytes, offsets } = REGION_RESULT;
    const start = FRAME_RESULT.offsets.regions + index * bytes;
    const read = (field: keyof typeof offsets) => this.#read(start + offsets[field]);
    return {
      weight: read("weight"),
      y: read("sumY"),
      u: read("sumU"),
      v: read("sumV"),
      pixels: read("pixels"),
      clipped: read("clipped"),
    };
  }

  /** Returns the displacement of a tracked patch. */
  position(motion: number): Position {
    const { bytes, offsets } = MOTION_RESULT;
    const start = FRAME_RESULT.offsets.motions + motion * bytes;
    const read = (field: keyof typeof offsets) => this.#read(start + offsets[field]);
    return { x: read("dx"), y: read("dy"), confidence: read("confidence") };
  }

  /** Mean luma of the image, 0..255. */
  get brightness(): number {
    return this.#read(FRAME_RESULT.offsets.brightness);
  }
  /** Share of the image's pixels with clipped luma, 0..1. */
  get clipped(): number {
    return this.#read(FRAME_RESULT.offsets.clipped);
  }
  /** Mean absolute luma difference to the previous image, 0..255. */
  get motion(): number {
    return this.#read(FRAME_RESULT.offsets.motion);
  }

  /** Displacement of the masks that follow the motion since the layout, in pixels. */
  get shift(): { readonly x: number; readonly y: number } {
    const { shiftX, shiftY } = FRAME_RESULT.offsets;
    return { x: this.#read(shiftX), y: this.#read(shiftY) };
  }

  [Symbol.dispose](): void {
    if (!this.#handle) return;
    native().ph_regions_destroy(this.#handle);
    this.#handle = undefined;
  }

  #read(offset: number): number {
    return this.#result.getFloat64(offset, true);
  }

  #open(): Deno.PointerObject {
    if (!this.#handle) throw new Error("Cannot measure the regions: the meter is disposed of");
    return this.#handle;
  }
}
