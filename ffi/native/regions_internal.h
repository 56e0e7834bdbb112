/* What the files of the pixel work share; see regions.h for what it is. */
#ifndef PH_REGIONS_INTERNAL_H
#define PH_REGIONS_INTERNAL_H

#include "motion.h"

/* red = luma * (Y - luma_offset) + rv * (V - 128), and so on. */
struct color_coefficients {
  float luma_offset, luma, rv, gu, gv, bu;
};

struct color_coefficients color_coefficients(const struct ph_geometry *geometry);

/* PH_OK, or what makes the picture unusable. */
int check_geometry(const uint8_t *y, const uint8_t *u, const uint8_t *v,
                   const struct ph_geometry *geometry);

/* Everything is measured on a grid of cells: one sample of chroma and the luma under it. In a
 * grey picture a cell is 2 by 2 pixels of luma. */

struct bounds {
  int left, top, right, bottom; /* in cells; empty where right <= left */
};

/* A region's weights, one a cell, 0..255; outside of its bounds they are 0. */
struct mask {
  uint8_t *current, *target;
  struct bounds bounds; /* outside of them both are 0 */
  struct bounds target_bounds;
  int fading;  /* 1 while they differ */
  int carried; /* 1: goes with the carrier */
};

/* The handle; its masks and its luma are of one grid. */
struct ph_regions {
  struct ph_geometry geometry; /* of the newest picture; width 0 before the first */
  int columns, rows;           /* of the grid */
  struct mask masks[PH_REGION_COUNT];
  uint16_t *luma, *luma_before; /* per cell: the sum of its pixels' luma */
  uint16_t *luma_seen;          /* the same, of the picture that the layout looks at */
  int has_before;
  float face[4];
  int fade;
  double carrier_x, carrier_y; /* its newest position */
  double shift_x, shift_y;     /* how far it has carried the masks since the layout */
  uint8_t *row, *grey;         /* one row of cells: carried weights; chroma of grey */
  struct tracker *trackers[PH_MOTION_COUNT];
  int followed[PH_MOTION_COUNT]; /* the region whose mask says what of it counts; -1: all */
};

/* The chroma of the picture at hand, and what its cells are. */
struct planes {
  const uint8_t *u, *v;
  int stride;
  int cell_pixels;
  float luma_offset;
};

/* regions.c: makes the grid fit the picture; a picture of another shape starts anew. */
int fit_grid(struct ph_regions *regions, const struct ph_geometry *geometry, const uint8_t *u);

/* Chroma of a grey picture is not there: its cells are as in 4:2:0. */
int shift_x_of(const struct ph_geometry *geometry, const uint8_t *u);
int shift_y_of(const struct ph_geometry *geometry, const uint8_t *u);

/* The luma of each cell, as the sum of its pixels. */
void gather_luma(const struct ph_regions *regions, const uint8_t *y, int shift_x, int shift_y,
                 uint16_t *luma);

/* masks.c */
int is_empty(const struct bounds *bounds);
void widen(struct bounds *bounds, const struct bounds *by);

/* Where a mask lies when it is carried `x`, `y` cells: whole cells, and parts of 256. */
struct carry {
  int x, y;
  int part_x, part_y;
};

struct carry carry_now(const struct ph_regions *regions);

/* The bounds of a carried mask, as far as they lie in the grid. */
struct bounds carried_bounds(const struct ph_regions *regions, const struct mask *mask,
                             const struct carry *carry);

/* The weights of a mask's row after it was carried, for the cells from `left` to `right`. */
void carry_row(const struct ph_regions *regions, const struct mask *mask, const struct carry *carry,
               int row, int left, int right, uint8_t *out);

/* Puts a mask where it was carried to, so that a new layout can fade in from there, and clears its
 * target. */
void settle_mask(const struct ph_regions *regions, struct mask *mask);

/* Moves the weights one step toward their target. */
void fade_mask(const struct ph_regions *regions, struct mask *mask);

#endif
