/** Size of an image in pixels. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Layout of a frame in planar 4:2:0: the rows of Y, then those of U and of V with half the stride,
 * possibly followed by unused bytes.
 */
export interface RawLayout extends PixelSize {
  /** Bytes from one row of Y to the next; even. */
  readonly stride: number;
  readonly frameBytes: number;
}

/**
 * Alignment of rows in bytes by the image processors: 64 on Raspberry Pi 4 and older
 * (`bytesperline_align` of the driver bcm2835-isp), 16 or 64 on Raspberry Pi 5 (pisp_be, libpisp). A
 * width that is a multiple has rows without padding.
 */
export const ROW_ALIGNMENT = 64;
/** Largest padding of a row, and of a frame to whole pages, that is accepted in bytes. */
const MAX_ROW_PADDING = 256;
const MAX_FRAME_PADDING = 64 * 1024;
/** Strides of frames that are padded at their end are multiples of this. */
const STRIDE_STEP = 32;

/** Returns the size nearest to the requested one that has rows without padding and whole chroma samples. */
export function alignedSize({ width, height }: PixelSize): PixelSize {
  return {
    width: Math.max(ROW_ALIGNMENT, Math.round(width / ROW_ALIGNMENT) * ROW_ALIGNMENT),
    height: Math.max(2, height - height % 2),
  };
}

/** Returns the smallest number of bytes of a frame: without any padding. */
export function minFrameBytes({ width, height }: PixelSize): number {
  return width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1);
}

/** Returns the largest number of bytes of a frame that `layoutOf()` accepts. */
export function maxFrameBytes({ width, height }: PixelSize): number {
  return minFrameBytes({ width: width + MAX_ROW_PADDING, height }) + MAX_FRAME_PADDING;
}

/**
 * Derives the layout of frames from their size in bytes; undefined if an image of this size cannot
 * have it.
 */
export function layoutOf(frameBytes: number, { width, height }: PixelSize): RawLayout | undefined {
  if (height % 2 !== 0) return undefined;
  const rows = height * 3 / 2;
  const exact = frameBytes / rows;
  const stride = Number.isInteger(exact) && exact % 2 === 0
    ? exact
    : Math.floor(exact / STRIDE_STEP) * STRIDE_STEP;
  const padding = frameBytes - stride * rows;
  if (stride < width || stride > width + MAX_ROW_PADDING || padding > MAX_FRAME_PADDING) {
    return undefined;
  }
  return { width, height, stride, frameBytes };
}
