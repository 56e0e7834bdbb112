/* Per-frame pixel measurements: mean colors of regions, motion of tracked patches, and resampling.
 *
 * A `struct ph_regions` holds the masks of the measured regions, the previous frame, and the
 * reference patches of the motion tracking. It must be used by one thread at a time. Images are
 * only read during a call. Positions are in pixels of the image, x to the right and y down; the
 * center of the first pixel is at (0.5, 0.5). */
#ifndef PH_REGIONS_H
#define PH_REGIONS_H

#include <stdint.h>

#include "status.h"

/* PH_MASK_MOTION is the tracked motion that the masks follow. */
enum { PH_REGION_COUNT = 7, PH_MOTION_COUNT = 2, PH_MASK_MOTION = 1 };

/* The layout of planar YUV with 8 bits per sample. `u` and `v` are both NULL for grayscale. */
struct ph_geometry {
  int32_t width, height;
  int32_t y_stride, uv_stride;
  int32_t shift_x, shift_y; /* log2 of the chroma subsampling, 0 or 1 */
  int32_t limited;          /* 1: Y in 16..235; 0: in 0..255 */
  int32_t bt709;            /* 1: BT.709 matrix; 0: BT.601 */
};

enum ph_shape_kind { PH_RECTANGLE = 0, PH_ELLIPSE = 1 };

/* A rotated rectangle or ellipse: its center and its two perpendicular half axes. */
struct ph_shape {
  int32_t region;         /* 0 .. PH_REGION_COUNT - 1 */
  int32_t kind;           /* enum ph_shape_kind */
  int32_t subtract;       /* 1: removes its area from the region's previous shapes */
  int32_t skin;           /* 1: only cells that the skin classifier accepts count */
  int32_t skin_reference; /* 1: the skin classifier takes its reference color from here */
  int32_t follows_motion; /* 1: the region's mask follows the motion PH_MASK_MOTION */
  float cx, cy;
  float ax, ay;
  float bx, by;
};

/* The sums over one region. The mean color is sum_y / weight, sum_u / weight, sum_v / weight. */
struct ph_region_result {
  double weight; /* the sum of the weights; the weight of a pixel is 0..255 */
  double sum_y, sum_u, sum_v;
  double pixels;  /* number of pixels with half of the full weight or more */
  double clipped; /* number of these pixels with a clipped color */
};

struct ph_motion_result {
  double dx, dy;     /* displacement since tracking began, in pixels */
  double confidence; /* 0..1; 0 if nothing is tracked */
};

struct ph_frame_result {
  struct ph_region_result regions[PH_REGION_COUNT];
  struct ph_motion_result motions[PH_MOTION_COUNT];
  double brightness;       /* mean luma of the image, 0..255 */
  double clipped;          /* share of pixels with clipped luma, 0..1 */
  double motion;           /* mean absolute luma difference to the previous frame, 0..255 */
  double shift_x, shift_y; /* displacement of the masks since the layout, in pixels */
};

struct ph_regions;

/* Returns NULL if memory allocation failed. */
PH_API struct ph_regions *ph_regions_create(void);
PH_API void ph_regions_destroy(struct ph_regions *regions);

/* Defines the shapes of the regions, in pixels of the image, and classifies the image's cells as
 * skin: weights fall with the distance from the median color of the skin reference shapes. Each
 * measurement moves the weights toward the new masks by at most `fade` of 255, so that the means
 * have no step; 255 applies them at once. `face` is the rectangle (x, y, width, height) in which
 * the luma difference is measured. Until the next layout, the masks with `follows_motion` move with
 * the motion PH_MASK_MOTION by fractions of a pixel: a fixed mask would see other skin whenever the
 * head moves. */
PH_API int ph_regions_layout(struct ph_regions *regions, const uint8_t *y, const uint8_t *u,
                             const uint8_t *v, const struct ph_geometry *geometry,
                             const struct ph_shape *shapes, int count, const float *face, int fade);

/* Measures a frame. */
PH_API int ph_regions_measure(struct ph_regions *regions, const uint8_t *y, const uint8_t *u,
                              const uint8_t *v, const struct ph_geometry *geometry,
                              struct ph_frame_result *result);

/* Tracks the content of a rectangle (x, y, width, height), from the next measurement on. A new
 * rectangle takes a new reference; the displacement continues from its previous value. A width of 0
 * stops tracking. If `region` is not -1, only the content under that region's mask counts. */
PH_API int ph_regions_track(struct ph_regions *regions, int motion, const float *rectangle,
                            int region);

/* Resamples a rectangle (x, y, width, height) of the image to `out_width` by `out_height` RGB
 * floats. Each is the mean of the pixels that it covers, 0..255, times `scale` plus `offset`.
 * Outside of the image everything is black. The result is rotated counterclockwise by
 * `quarter_turns`: with 1 the right side of the image comes out on top. */
PH_API int ph_resample_rgb(const uint8_t *y, const uint8_t *u, const uint8_t *v,
                           const struct ph_geometry *geometry, const float *rectangle,
                           int quarter_turns, int out_width, int out_height, float scale,
                           float offset, float *out);

#endif
