/**
 * The layout of the C structs that TypeScript reads or writes. `ffi/native/struct_layout.c` has the
 * same table and checks it at compile time; tests/unit/ffi/struct_layout_test.ts compares the two.
 */
export interface StructLayout {
  /** The tag of the C struct. */
  readonly tag: string;
  /** Size of the struct, in bytes. */
  readonly bytes: number;
  /** Offset of each field from the start of the struct, in bytes. */
  readonly offsets: Readonly<Record<string, number>>;
}

/** An image and its planes (image.h). */
export const IMAGE = {
  tag: "ph_image",
  bytes: 56,
  offsets: {
    width: 0,
    height: 4,
    fullWidth: 8,
    fullHeight: 12,
    yOffset: 16,
    uOffset: 20,
    vOffset: 24,
    yStride: 28,
    uvStride: 32,
    chromaShiftX: 36,
    chromaShiftY: 40,
    fullRange: 44,
    bt709: 48,
    bytes: 52,
  },
} as const satisfies StructLayout;

/** The requested settings of a camera (camera.h). */
export const CAMERA_REQUEST = {
  tag: "ph_camera_request",
  bytes: 32,
  offsets: {
    width: 0,
    height: 4,
    fpsMilli: 8,
    fourcc: 12,
    powerLine: 16,
    minWidth: 20,
    transform: 24,
    jpegQuality: 28,
  },
} as const satisfies StructLayout;

/** The granted settings of a camera (camera.h). */
export const CAMERA_GRANTED = {
  tag: "ph_camera_granted",
  bytes: 352,
  offsets: {
    width: 0,
    height: 4,
    fpsMilli: 8,
    fourcc: 12,
    name: 16,
    bus: 48,
    driver: 80,
    message: 96,
  },
} as const satisfies StructLayout;

/** A frame of a camera (camera.h). */
export const CAMERA_FRAME = {
  tag: "ph_camera_frame",
  bytes: 360,
  offsets: {
    image: 0,
    jpegBytes: 56,
    timeUs: 64,
    sequence: 72,
    lost: 80,
    damaged: 88,
    overrun: 96,
    message: 104,
  },
} as const satisfies StructLayout;

/** A frame of a GStreamer pipeline (gstreamer.h). */
export const GST_FRAME = {
  tag: "ph_gst_frame",
  bytes: 336,
  offsets: {
    image: 0,
    isJpeg: 56,
    fpsMilli: 60,
    isTimed: 64,
    timeUs: 72,
    message: 80,
  },
} as const satisfies StructLayout;

/** The result of decoding a JPEG to planes (jpeg.h). */
export const JPEG_RESULT = {
  tag: "ph_jpeg_result",
  bytes: 312,
  offsets: { image: 0, message: 56 },
} as const satisfies StructLayout;

/** The result of decoding a JPEG to RGB (jpeg_rgb.h). */
export const JPEG_RGB = {
  tag: "ph_jpeg_rgb",
  bytes: 264,
  offsets: { width: 0, height: 4, message: 8 },
} as const satisfies StructLayout;

/** The result of recompressing a JPEG (jpeg_shrink.h). */
export const JPEG_SHRUNK = {
  tag: "ph_jpeg_shrunk",
  bytes: 272,
  offsets: { width: 0, height: 4, quality: 8, bytes: 12, message: 16 },
} as const satisfies StructLayout;

/** The layout of the planes of an image to measure (regions.h). */
export const GEOMETRY = {
  tag: "ph_geometry",
  bytes: 32,
  offsets: {
    width: 0,
    height: 4,
    yStride: 8,
    uvStride: 12,
    shiftX: 16,
    shiftY: 20,
    limited: 24,
    bt709: 28,
  },
} as const satisfies StructLayout;

/** A shape of a region (regions.h). */
export const SHAPE = {
  tag: "ph_shape",
  bytes: 48,
  offsets: {
    region: 0,
    kind: 4,
    subtract: 8,
    skin: 12,
    skinReference: 16,
    followsMotion: 20,
    cx: 24,
    cy: 28,
    ax: 32,
    ay: 36,
    bx: 40,
    by: 44,
  },
} as const satisfies StructLayout;

/** The sums over a region (regions.h). */
export const REGION_RESULT = {
  tag: "ph_region_result",
  bytes: 48,
  offsets: { weight: 0, sumY: 8, sumU: 16, sumV: 24, pixels: 32, clipped: 40 },
} as const satisfies StructLayout;

/** The displacement of a tracked patch (regions.h). */
export const MOTION_RESULT = {
  tag: "ph_motion_result",
  bytes: 24,
  offsets: { dx: 0, dy: 8, confidence: 16 },
} as const satisfies StructLayout;

/** The measurements of a frame (regions.h): 7 regions, 2 motions and the values of the whole image. */
export const FRAME_RESULT = {
  tag: "ph_frame_result",
  bytes: 424,
  offsets: {
    regions: 0,
    motions: 336,
    brightness: 384,
    clipped: 392,
    motion: 400,
    shiftX: 408,
    shiftY: 416,
  },
} as const satisfies StructLayout;

/** All of the above. */
export const STRUCT_LAYOUTS: readonly StructLayout[] = [
  IMAGE,
  CAMERA_REQUEST,
  CAMERA_GRANTED,
  CAMERA_FRAME,
  GST_FRAME,
  JPEG_RESULT,
  JPEG_RGB,
  JPEG_SHRUNK,
  GEOMETRY,
  SHAPE,
  REGION_RESULT,
  MOTION_RESULT,
  FRAME_RESULT,
];
