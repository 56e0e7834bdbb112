/* Header lists as http2.h writes them, made into nghttp2's. */
#ifndef PH_HTTP2_FIELDS_H
#define PH_HTTP2_FIELDS_H

#include <nghttp2/nghttp2.h>

/* Counts the fields of a header list, or -1 where its lengths do not add up. */
int ph_http2_count_fields(const uint8_t *list, size_t length);

/* Points `fields` into the list; -1 for a broken list or one with more than `capacity` fields. */
int ph_http2_fill_fields(nghttp2_nv *fields, int capacity, const uint8_t *list, size_t length);

#endif
