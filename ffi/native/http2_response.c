/* The sending side of http2.h: headers, body and trailers of a response. */
#include <stdlib.h>
#include <string.h>

#include "http2_fields.h"
#include "http2_internal.h"

enum { MAX_FIELDS = 64 };

/* Called by nghttp2 when it can send more of a body. */
static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *target, size_t length,
                         uint32_t *flags, nghttp2_data_source *source, void *user) {
  (void)source;
  struct ph_http2 *connection = user;
  struct stream *stream = ph_http2_find(connection, id);
  if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (stream->out.length == 0 && !stream->finishing) return NGHTTP2_ERR_DEFERRED;
  size_t count = ph_queue_read(&stream->out, target, length);
  if (stream->out.length) return (ssize_t)count;
  if (!stream->finishing) {
    int failure = ph_http2_emit(connection, PH_HTTP2_DRAINED, id, NULL, 0);
    return failure ? failure : (ssize_t)count;
  }
  nghttp2_nv fields[MAX_FIELDS];
  int field_count =
      ph_http2_fill_fields(fields, MAX_FIELDS, stream->trailers, stream->trailers_length);
  if (field_count < 0 || nghttp2_submit_trailer(session, id, fields, (size_t)field_count))
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
  return (ssize_t)count;
}

static int fail_closed(int32_t stream) {
  return ph_fail(PH_ERR_STATE, "HTTP/2: the stream %d is closed", stream);
}

int ph_http2_respond(struct ph_http2 *connection, int32_t id, const uint8_t *headers, size_t length,
                     int end) {
  struct stream *stream = ph_http2_find(connection, id);
  if (!stream || stream->responded) return fail_closed(id);
  nghttp2_nv fields[MAX_FIELDS];
  int count = ph_http2_fill_fields(fields, MAX_FIELDS, headers, length);
  if (count < 0) return ph_fail(PH_ERR_ARGUMENT, "HTTP/2: the header list is malformed");
  nghttp2_data_provider body = {.read_callback = read_body};
  stream->responded = 1;
  return ph_http2_status(
      nghttp2_submit_response(connection->session, id, fields, (size_t)count, end ? NULL : &body));
}

/* Resumes a deferred body. nghttp2 returns INVALID_ARGUMENT if it is not deferred. */
static int resume(struct ph_http2 *connection, int32_t id) {
  int result = nghttp2_session_resume_data(connection->session, id);
  return result == NGHTTP2_ERR_INVALID_ARGUMENT ? PH_OK : ph_http2_status(result);
}

int ph_http2_write(struct ph_http2 *connection, int32_t id, const uint8_t *data, size_t length) {
  struct stream *stream = ph_http2_find(connection, id);
  if (!stream || stream->finishing) return fail_closed(id);
  if (ph_queue_append(&stream->out, data, length))
    return ph_fail(PH_ERR_MEMORY, "HTTP/2: out of memory");
  return resume(connection, id);
}

int ph_http2_finish(struct ph_http2 *connection, int32_t id, const uint8_t *trailers,
                    size_t length) {
  struct stream *stream = ph_http2_find(connection, id);
  if (!stream || stream->finishing) return fail_closed(id);
  int count = ph_http2_count_fields(trailers, length);
  if (count < 0 || count > MAX_FIELDS)
    return ph_fail(PH_ERR_ARGUMENT, "HTTP/2: the trailers are malformed");
  stream->trailers = malloc(length ? length : 1);
  if (!stream->trailers) return ph_fail(PH_ERR_MEMORY, "HTTP/2: out of memory");
  if (length) memcpy(stream->trailers, trailers, length);
  stream->trailers_length = length;
  stream->finishing = 1;
  return resume(connection, id);
}

int ph_http2_reset(struct ph_http2 *connection, int32_t id, uint32_t error_code) {
  if (!ph_http2_find(connection, id)) return fail_closed(id);
  return ph_http2_status(
      nghttp2_submit_rst_stream(connection->session, NGHTTP2_FLAG_NONE, id, error_code));
}
