/* What the files of the pixel work share; see regions.h for what it is. */
#ifndef PH_REGIONS_INTERNAL_H
#define PH_REGIONS_INTERNAL_H

#include "regions.h"

/* red = luma * (Y - luma_offset) + rv * (V - 128), and so on. */
struct color_coefficients {
  float luma_offset, luma, rv, gu, gv, bu;
};

struct color_coefficients color_coefficients(const struct ph_geometry *geometry);

/* PH_OK, or what makes the picture unusable. */
int check_geometry(const uint8_t *y, const uint8_t *u, const uint8_t *v,
                   const struct ph_geometry *geometry);

/* A patch of the picture that motion is measured against; see motion.c. */
struct tracker;

struct tracker *tracker_create(void);
void tracker_destroy(struct tracker *tracker);
void tracker_place(struct tracker *tracker, const float *rectangle, int region);
int tracker_measure(struct tracker *tracker, const uint8_t *y, const struct ph_geometry *geometry,
                    const struct ph_regions *regions, struct ph_motion_result *result);

/* The share of a rectangle of the picture that a region's mask covers, 0..1. */
float region_share(const struct ph_regions *regions, int region, int x, int y, int width,
                   int height);

#endif
