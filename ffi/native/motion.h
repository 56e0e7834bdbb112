/* Follows a textured patch of the picture; see motion.c for how. One thread at a time. */
#ifndef PH_MOTION_H
#define PH_MOTION_H

#include "regions.h"

struct tracker;

/* How much of each cell of the picture counts, 0..255. */
struct cover {
  const uint8_t *weights; /* columns * rows; NULL: all of the picture counts */
  int columns, rows;
  int cell_width, cell_height; /* in pixels */
};

struct tracker *tracker_create(void); /* NULL: no memory */
void tracker_destroy(struct tracker *tracker);

/* Follows what is in the rectangle, in pixels, of the next picture; an empty one ends it. */
void tracker_place(struct tracker *tracker, const float *rectangle);

/* Where the patch is now. `cover` says what of it counts, where a new reference is taken. */
int tracker_measure(struct tracker *tracker, const uint8_t *y, const struct ph_geometry *geometry,
                    const struct cover *cover, struct ph_motion_result *result);

#endif
