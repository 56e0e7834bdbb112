/* Declarations shared by regions.c, region_layout.c, masks.c and resample.c. */
#ifndef PH_REGIONS_INTERNAL_H
#define PH_REGIONS_INTERNAL_H

#include "motion.h"

/* red = luma * (Y - luma_offset) + rv * (V - 128); green and blue accordingly. */
struct color_coefficients {
  float luma_offset, luma, rv, gu, gv, bu;
};

struct color_coefficients color_coefficients(const struct ph_geometry *geometry);

/* Returns PH_OK, or an error if the planes and their geometry are invalid. */
int check_geometry(const uint8_t *y, const uint8_t *u, const uint8_t *v,
                   const struct ph_geometry *geometry);

/* All measurements use a grid of cells. A cell is one chroma sample and the luma samples under it;
 * in a grayscale image it is 2 by 2 luma samples. */

struct bounds {
  int left, top, right, bottom; /* in cells; empty if right <= left or bottom <= top */
};

/* The weights of a region, one per cell, 0..255. */
struct mask {
  uint8_t *current, *target;
  struct bounds bounds; /* both arrays are 0 outside of them */
  struct bounds target_bounds;
  int fading;         /* 1 while `current` and `target` differ */
  int follows_motion; /* 1: moves with the motion PH_MASK_MOTION */
};

struct ph_regions {
  struct ph_geometry geometry; /* of the last image; width 0 before the first */
  int columns, rows;           /* size of the grid of all masks and luma arrays */
  struct mask masks[PH_REGION_COUNT];
  uint16_t *luma, *previous_luma; /* per cell: the sum of its luma samples */
  uint16_t *layout_luma;          /* the same, of the image of the last layout */
  int has_previous;
  float face[4];
  int fade;
  double mask_motion_x, mask_motion_y; /* last displacement of the motion PH_MASK_MOTION */
  double shift_x, shift_y;             /* displacement of the masks since the layout, in pixels */
  uint8_t *row;                        /* buffer for one row of shifted weights */
  uint8_t *gray_chroma;                /* one row of chroma 128, for grayscale images */
  struct tracker *trackers[PH_MOTION_COUNT];
  int tracked_regions[PH_MOTION_COUNT]; /* the region that limits each motion; -1: none */
};

/* The chroma planes of an image, and the properties of its cells. */
struct planes {
  const uint8_t *u, *v;
  int stride;
  int cell_pixels; /* luma samples per cell */
  float luma_offset;
};

/* Allocates the grid for the image's size. A grid of the same size keeps its contents. */
int fit_grid(struct ph_regions *regions, const struct ph_geometry *geometry, const uint8_t *u);

/* Return log2 of the cell's size; grayscale images use the cells of 4:2:0. */
int shift_x_of(const struct ph_geometry *geometry, const uint8_t *u);
int shift_y_of(const struct ph_geometry *geometry, const uint8_t *u);

/* Computes the sum of the luma samples of each cell. */
void gather_luma(const struct ph_regions *regions, const uint8_t *y, int shift_x, int shift_y,
                 uint16_t *luma);

/* masks.c */
int is_empty(const struct bounds *bounds);
/* Extends the bounds to include `other`. */
void extend_bounds(struct bounds *bounds, const struct bounds *other);

/* A displacement in whole cells and in 1/256 of a cell. */
struct shift {
  int x, y;
  int part_x, part_y;
};

struct shift current_shift(const struct ph_regions *regions);

/* Returns the bounds of a shifted mask, clipped to the grid. */
struct bounds shifted_bounds(const struct ph_regions *regions, const struct mask *mask,
                             const struct shift *shift);

/* Writes a row of the shifted mask, for the cells from `left` to `right`, by bilinear
 * interpolation. */
void shift_row(const struct ph_regions *regions, const struct mask *mask, const struct shift *shift,
               int row, int left, int right, uint8_t *out);

/* Replaces the current weights by the shifted ones, so that a new layout can fade in from there,
 * and clears the target. */
void apply_mask_shift(const struct ph_regions *regions, struct mask *mask);

/* Moves the weights one step toward their target. */
void fade_mask(const struct ph_regions *regions, struct mask *mask);

#endif
