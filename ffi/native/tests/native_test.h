#ifndef PH_NATIVE_TEST_H
#define PH_NATIVE_TEST_H

#include "../bytes.h"

void test_jpegs(void);
void test_pictures(void);
void test_cameras(void);
void test_http2(void);
void test_regions(void);

/* A JPEG of a pattern, by libjpeg's own way from RGB; sampling factors of Y; 1 component for grey. */
void make_jpeg(int width, int height, int components, int h, int v, struct ph_bytes *jpeg);

/* What the pattern has there: each channel of 0..255. */
int pattern(int x, int y, int channel);

#endif
