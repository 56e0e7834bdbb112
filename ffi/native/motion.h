/* Tracks the motion of a textured patch of the image; motion.c describes the method. A tracker must
 * be used by one thread at a time. */
#ifndef PH_MOTION_H
#define PH_MOTION_H

#include "regions.h"

struct tracker;

/* The weight of each cell of the image, 0..255. */
struct coverage {
  const uint8_t *weights; /* columns * rows; NULL: the whole image counts */
  int columns, rows;
  int cell_width, cell_height; /* in pixels */
};

struct tracker *tracker_create(void); /* NULL if memory allocation failed */
void tracker_destroy(struct tracker *tracker);

/* Tracks the content of the rectangle, in pixels, from the next image on. An empty rectangle stops
 * tracking. */
void tracker_set_rectangle(struct tracker *tracker, const float *rectangle);

/* Measures the displacement of the patch. `coverage` weights the patch when a new reference is
 * taken. */
int tracker_measure(struct tracker *tracker, const uint8_t *y, const struct ph_geometry *geometry,
                    const struct coverage *coverage, struct ph_motion_result *result);

#endif
