/* Converts header lists in the format of http2.h to those of nghttp2. */
#ifndef PH_HTTP2_FIELDS_H
#define PH_HTTP2_FIELDS_H

#include <nghttp2/nghttp2.h>

/* Returns the number of fields of a header list, or -1 if its lengths are inconsistent. */
int ph_http2_count_fields(const uint8_t *list, size_t length);

/* Fills `fields` with pointers into the list and returns how many; -1 if the list is malformed or
 * has more than `capacity` fields. */
int ph_http2_fill_fields(nghttp2_nv *fields, int capacity, const uint8_t *list, size_t length);

#endif
