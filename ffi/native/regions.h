/* Pixel work of the vision room: what is measured on every frame.
 *
 * A `struct ph_regions` holds the masks of the measured regions, the frame before, and the
 * references that motion is measured against. One thread at a time may use it. Pictures are only
 * read during the call. Places are in pixels of the picture, x to the right, y down; the centre of
 * the first pixel is at 0.5, 0.5. */
#ifndef PH_REGIONS_H
#define PH_REGIONS_H

#include <stdint.h>

#include "status.h"

enum { PH_REGION_COUNT = 7, PH_MOTION_COUNT = 2, PH_CARRIER = 1 };

/* Planar YUV, 8 bits a sample; `u` and `v` are NULL together in a grey picture. */
struct ph_geometry {
  int32_t width, height;
  int32_t y_stride, uv_stride;
  int32_t shift_x, shift_y; /* 0 or 1: how much smaller the chroma planes are */
  int32_t limited;          /* 1: Y in 16..235; 0: in 0..255 */
  int32_t bt709;            /* 1: that matrix; 0: BT.601 */
};

enum ph_shape_kind { PH_RECTANGLE = 0, PH_ELLIPSE = 1 };

/* A turned rectangle or ellipse: its centre and its two half axes, which are at right angles. */
struct ph_shape {
  int32_t region;   /* 0 .. PH_REGION_COUNT - 1 */
  int32_t kind;     /* enum ph_shape_kind */
  int32_t subtract; /* 1: takes its place out of what the region's shapes before it added */
  int32_t skin;     /* 1: only skin counts there, as the gate sees it */
  int32_t core;     /* 1: its usual colours are what skin looks like */
  int32_t carried;  /* 1: the region's mask goes with motion PH_CARRIER from frame to frame */
  float cx, cy;
  float ax, ay;
  float bx, by;
};

/* What a region measured. The mean colour is sum_y / weight and so on. */
struct ph_region_result {
  double weight; /* the sum of the weights; a pixel's own is 0..255 */
  double sum_y, sum_u, sum_v;
  double pixels;  /* pixels of the picture with a weight of half or more */
  double clipped; /* those of them with a colour at the end of its scale */
};

struct ph_motion_result {
  double dx, dy;     /* position against the reference's place when tracking began, in pixels */
  double confidence; /* 0..1; 0 also where nothing is tracked */
};

struct ph_frame_result {
  struct ph_region_result regions[PH_REGION_COUNT];
  struct ph_motion_result motions[PH_MOTION_COUNT];
  double brightness;       /* mean luma of the picture, 0..255 */
  double clipped;          /* share of the picture's luma at the ends of the scale */
  double motion;           /* mean absolute luma difference to the frame before, 0..255 */
  double shift_x, shift_y; /* how far the carried masks went since the layout, in pixels */
};

struct ph_regions;

/* NULL where there is no memory. */
PH_API struct ph_regions *ph_regions_create(void);
PH_API void ph_regions_destroy(struct ph_regions *regions);

/* Says what the regions are from now on, in the picture's own pixels, and looks at the picture to
 * find what of them is skin: weights fall with the distance from the colours that are usual in the
 * core shapes. The masks change to that by `fade` of 255 with each measurement, so that no mean
 * jumps; 255 is at once. `face` is the rectangle on which change is measured. Between layouts the
 * masks of carried regions go with the motion PH_CARRIER, by parts of a pixel: a box that rests
 * while the head sways would see other skin. */
PH_API int ph_regions_layout(struct ph_regions *regions, const uint8_t *y, const uint8_t *u,
                             const uint8_t *v, const struct ph_geometry *geometry,
                             const struct ph_shape *shapes, int count, const float *face, int fade);

/* Measures a frame. */
PH_API int ph_regions_measure(struct ph_regions *regions, const uint8_t *y, const uint8_t *u,
                              const uint8_t *v, const struct ph_geometry *geometry,
                              struct ph_frame_result *result);

/* Follows the motion of what lies in a rectangle (x, y, width, height), from the next measurement
 * on. A new place takes a new reference; the position goes on from where it was. A width of 0
 * stops. Where `region` is not -1, only what lies in that region's mask counts. */
PH_API int ph_regions_follow(struct ph_regions *regions, int motion, const float *rectangle,
                             int region);

/* Scales what lies in the rectangle (x, y, width, height), which may reach beyond the picture into
 * black, to `out_width` by `out_height` RGB floats, 0..255 times `scale` plus `offset`; each is the
 * mean of the pixels that it covers. `turns` quarter turns anticlockwise are applied: with 1 the
 * picture's right side comes out on top. */
PH_API int ph_resample_rgb(const uint8_t *y, const uint8_t *u, const uint8_t *v,
                           const struct ph_geometry *geometry, const float *rectangle, int turns,
                           int out_width, int out_height, float scale, float offset, float *out);

#endif
