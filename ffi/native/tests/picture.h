/* Random images for tests. The planes have their exact size, so that AddressSanitizer detects an
 * access outside of them. */
#ifndef PH_PICTURE_H
#define PH_PICTURE_H

#include "../regions.h"

struct picture {
  uint8_t *y, *u, *v; /* u and v are NULL for grayscale */
  struct ph_geometry geometry;
};

/* The subsampling and the color encoding of a picture. */
struct picture_kind {
  int shift_x, shift_y, limited, bt709, grayscale;
};

/* Padding bytes at the end of the rows of Y and of U and V. */
enum { PICTURE_PADDING_Y = 3, PICTURE_PADDING_UV = 2 };

/* A picture whose samples are random. */
struct picture picture_create(int width, int height, struct picture_kind kind);
void picture_free(struct picture *picture);

/* Fills a rectangle of pixels, which must contain whole chroma samples, with one color. */
void picture_fill(struct picture *picture, int left, int top, int right, int bottom, int y, int u,
                  int v);
void picture_fill_all(struct picture *picture, int y, int u, int v);

/* Returns U (1) or V (2) at a pixel; 128 for grayscale. */
int picture_chroma(const struct picture *picture, int x, int y, int channel);

/* Converts one color to red, green and blue, not clamped, by the luma coefficients of red and blue
 * from which ITU-R BT.601 and BT.709 define their matrices. */
void picture_rgb(const struct ph_geometry *geometry, double y, double u, double v, double rgb[3]);

/* A random number of 24 bits; equal sequences on every machine. */
uint32_t random_bits(void);

#endif
