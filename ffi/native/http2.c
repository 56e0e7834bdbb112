#include "http2.h"

#include "http2_fields.h"
#include "queue.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

/* Stands for stderr in nghttp2's debugging aids, which nothing calls: see the Makefile. */
__attribute__((visibility("hidden"))) void *ph_http2_stderr;

enum {
  CONNECTION_WINDOW = 1 << 20,
  MAX_TRAILERS = 64,
  /* One input of 16 KiB can unfold to far more by HPACK; a peer that does that means harm. */
  MAX_EVENT_BYTES = 1 << 20,
  MAX_QUEUED_ACKS = 200,
  MAX_SETTINGS_ENTRIES = 32,
};

struct stream {
  struct stream *next, **link;
  int32_t id;
  struct ph_queue headers;
  struct ph_queue out;
  uint8_t *trailers;
  size_t trailers_length, header_cost;
  int finishing, headers_done, responded;
};

struct ph_http2 {
  nghttp2_session *session;
  struct stream *streams;
  struct ph_queue events;
  const uint8_t *unsent;
  size_t unsent_length;
  uint32_t max_header_bytes;
};

/* Returns what nghttp2 wants of a callback. */
static int emit(struct ph_http2 *connection, uint32_t kind, int32_t stream, const void *data,
                size_t length) {
  struct ph_queue *events = &connection->events;
  if (events->length + length + 12 > MAX_EVENT_BYTES || ph_queue_append_u32(events, kind) ||
      ph_queue_append_u32(events, (uint32_t)stream) ||
      ph_queue_append_u32(events, (uint32_t)length) || ph_queue_append(events, data, length))
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  return 0;
}

static void forget(struct stream *stream) {
  *stream->link = stream->next;
  if (stream->next) stream->next->link = stream->link;
  ph_queue_release(&stream->headers);
  ph_queue_release(&stream->out);
  free(stream->trailers);
  free(stream);
}

static struct stream *find(struct ph_http2 *connection, int32_t id) {
  return id > 0 ? nghttp2_session_get_stream_user_data(connection->session, id) : NULL;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  struct ph_http2 *connection = user;
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  struct stream *stream = calloc(1, sizeof *stream);
  if (!stream) return NGHTTP2_ERR_CALLBACK_FAILURE;
  stream->id = frame->hd.stream_id;
  stream->next = connection->streams;
  stream->link = &connection->streams;
  if (stream->next) stream->next->link = &stream->next;
  connection->streams = stream;
  nghttp2_session_set_stream_user_data(session, stream->id, stream);
  return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                     void *user) {
  (void)session, (void)flags;
  struct ph_http2 *connection = user;
  struct stream *stream = find(connection, frame->hd.stream_id);
  if (!stream || stream->headers_done) return 0; /* a request's trailers say nothing in gRPC */
  /* RFC 9113, section 6.5.2: a field counts its bytes and 32. */
  stream->header_cost += name_length + value_length + 32;
  if (stream->header_cost > connection->max_header_bytes)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
  if (ph_queue_append_u32(&stream->headers, (uint32_t)name_length) ||
      ph_queue_append_u32(&stream->headers, (uint32_t)value_length) ||
      ph_queue_append(&stream->headers, name, name_length) ||
      ph_queue_append(&stream->headers, value, value_length))
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  (void)session;
  struct ph_http2 *connection = user;
  int32_t id = frame->hd.stream_id;
  if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
    return emit(connection, PH_HTTP2_SETTINGS, 0, NULL, 0);
  if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK))
    return emit(connection, PH_HTTP2_PONG, 0, NULL, 0);
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  struct stream *stream = find(connection, id);
  if (!stream) return 0;
  if (!stream->headers_done) {
    stream->headers_done = 1;
    struct ph_queue *headers = &stream->headers;
    int failure = emit(connection, PH_HTTP2_HEADERS, id, headers->data, headers->length);
    ph_queue_release(headers);
    if (failure) return failure;
  }
  return frame->hd.flags & NGHTTP2_FLAG_END_STREAM ? emit(connection, PH_HTTP2_END, id, NULL, 0)
                                                   : 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t length, void *user) {
  (void)session, (void)flags;
  return emit(user, PH_HTTP2_DATA, id, data, length);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *user) {
  struct ph_http2 *connection = user;
  struct stream *stream = find(connection, id);
  if (!stream) return 0;
  int told = stream->headers_done;
  nghttp2_session_set_stream_user_data(session, id, NULL);
  forget(stream);
  uint8_t raw[4] = {error_code & 0xff, error_code >> 8 & 0xff, error_code >> 16 & 0xff,
                    error_code >> 24};
  return told ? emit(connection, PH_HTTP2_CLOSED, id, raw, sizeof raw) : 0;
}

struct ph_http2 *ph_http2_open(uint32_t max_streams, uint32_t max_header_bytes) {
  struct ph_http2 *connection = calloc(1, sizeof *connection);
  nghttp2_session_callbacks *callbacks = NULL;
  nghttp2_option *option = NULL;
  if (!connection || nghttp2_session_callbacks_new(&callbacks) || nghttp2_option_new(&option))
    goto fail;
  connection->max_header_bytes = max_header_bytes;
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, MAX_QUEUED_ACKS);
  nghttp2_option_set_max_settings(option, MAX_SETTINGS_ENTRIES);
  if (nghttp2_session_server_new2(&connection->session, callbacks, connection, option)) goto fail;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, max_header_bytes},
  };
  if (nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 2) ||
      nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0,
                                            CONNECTION_WINDOW))
    goto fail;
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_option_del(option);
  return connection;
fail:
  if (callbacks) nghttp2_session_callbacks_del(callbacks);
  if (option) nghttp2_option_del(option);
  if (connection) ph_http2_close(connection);
  ph_fail(PH_ERR_MEMORY, "Cannot open an HTTP/2 session: out of memory");
  return NULL;
}

void ph_http2_close(struct ph_http2 *connection) {
  if (connection->session) nghttp2_session_del(connection->session);
  while (connection->streams) forget(connection->streams);
  ph_queue_release(&connection->events);
  free(connection);
}

int ph_http2_receive(struct ph_http2 *connection, const uint8_t *data, size_t length) {
  ssize_t taken = nghttp2_session_mem_recv(connection->session, data, length);
  if (taken == NGHTTP2_ERR_NOMEM) return ph_fail(PH_ERR_MEMORY, "HTTP/2: out of memory");
  if (taken < 0) return ph_fail(PH_ERR_FORMAT, "HTTP/2: %s", nghttp2_strerror((int)taken));
  return PH_OK;
}

int ph_http2_take(struct ph_http2 *connection, uint8_t *out, size_t capacity) {
  struct ph_queue *events = &connection->events;
  size_t length = events->length;
  if (length == 0 || length > capacity) return (int)length;
  memcpy(out, events->data + events->start, length);
  /* A burst must not hold its memory for as long as the connection lives. */
  if (events->capacity > 64 * 1024) ph_queue_release(events);
  events->start = events->length = 0;
  return (int)length;
}

int ph_http2_send(struct ph_http2 *connection, uint8_t *out, size_t capacity) {
  size_t filled = 0;
  while (filled < capacity) {
    if (connection->unsent_length == 0) {
      ssize_t length = nghttp2_session_mem_send(connection->session, &connection->unsent);
      if (length < 0) return ph_fail(PH_ERR_SYSTEM, "HTTP/2: %s", nghttp2_strerror((int)length));
      if (length == 0) break;
      connection->unsent_length = (size_t)length;
    }
    size_t part = capacity - filled;
    if (part > connection->unsent_length) part = connection->unsent_length;
    memcpy(out + filled, connection->unsent, part);
    connection->unsent += part;
    connection->unsent_length -= part;
    filled += part;
  }
  return (int)filled;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *target, size_t length,
                         uint32_t *flags, nghttp2_data_source *source, void *user) {
  (void)source;
  struct ph_http2 *connection = user;
  struct stream *stream = find(connection, id);
  if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  struct ph_queue *queue = &stream->out;
  if (queue->length == 0 && !stream->finishing) return NGHTTP2_ERR_DEFERRED;
  size_t part = queue->length < length ? queue->length : length;
  if (part) memcpy(target, queue->data + queue->start, part);
  queue->start += part;
  queue->length -= part;
  if (queue->length) return (ssize_t)part;
  queue->start = 0;
  if (!stream->finishing) {
    int failure = emit(connection, PH_HTTP2_DRAINED, id, NULL, 0);
    return failure ? failure : (ssize_t)part;
  }
  nghttp2_nv fields[MAX_TRAILERS];
  int count = ph_http2_fill_fields(fields, MAX_TRAILERS, stream->trailers, stream->trailers_length);
  if (count < 0 || nghttp2_submit_trailer(session, id, fields, (size_t)count))
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
  return (ssize_t)part;
}

static int gone(int32_t stream) {
  return ph_fail(PH_ERR_STATE, "HTTP/2: the stream %d is gone", stream);
}

static int checked(int result) {
  return result == 0 ? PH_OK : ph_fail(PH_ERR_SYSTEM, "HTTP/2: %s", nghttp2_strerror(result));
}

int ph_http2_respond(struct ph_http2 *connection, int32_t id, const uint8_t *headers, size_t length,
                     int end) {
  struct stream *stream = find(connection, id);
  if (!stream || stream->responded) return gone(id);
  nghttp2_nv fields[MAX_TRAILERS];
  int count = ph_http2_fill_fields(fields, MAX_TRAILERS, headers, length);
  if (count < 0) return ph_fail(PH_ERR_ARGUMENT, "HTTP/2: the header list is broken");
  nghttp2_data_provider body = {.read_callback = read_body};
  stream->responded = 1;
  return checked(
      nghttp2_submit_response(connection->session, id, fields, (size_t)count, end ? NULL : &body));
}

/* A body that had run dry is asked again; one that had not needs no word. */
static int resume(struct ph_http2 *connection, int32_t id) {
  int result = nghttp2_session_resume_data(connection->session, id);
  return result == NGHTTP2_ERR_INVALID_ARGUMENT ? PH_OK : checked(result);
}

int ph_http2_write(struct ph_http2 *connection, int32_t id, const uint8_t *data, size_t length) {
  struct stream *stream = find(connection, id);
  if (!stream || stream->finishing) return gone(id);
  if (ph_queue_append(&stream->out, data, length))
    return ph_fail(PH_ERR_MEMORY, "HTTP/2: out of memory");
  return resume(connection, id);
}

int ph_http2_finish(struct ph_http2 *connection, int32_t id, const uint8_t *trailers,
                    size_t length) {
  struct stream *stream = find(connection, id);
  if (!stream || stream->finishing) return gone(id);
  int count = ph_http2_count_fields(trailers, length);
  if (count < 0 || count > MAX_TRAILERS)
    return ph_fail(PH_ERR_ARGUMENT, "HTTP/2: the trailers are broken");
  stream->trailers = malloc(length ? length : 1);
  if (!stream->trailers) return ph_fail(PH_ERR_MEMORY, "HTTP/2: out of memory");
  if (length) memcpy(stream->trailers, trailers, length);
  stream->trailers_length = length;
  stream->finishing = 1;
  return resume(connection, id);
}

int ph_http2_reset(struct ph_http2 *connection, int32_t id, uint32_t error_code) {
  if (!find(connection, id)) return gone(id);
  return checked(nghttp2_submit_rst_stream(connection->session, NGHTTP2_FLAG_NONE, id, error_code));
}

int ph_http2_consume(struct ph_http2 *connection, int32_t id, size_t length) {
  /* A stream that is gone still gives its bytes back to the connection's window. */
  if (!find(connection, id))
    return checked(nghttp2_session_consume_connection(connection->session, length));
  return checked(nghttp2_session_consume(connection->session, id, length));
}

int ph_http2_ping(struct ph_http2 *connection) {
  return checked(nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, NULL));
}

int ph_http2_shutdown(struct ph_http2 *connection) {
  int32_t last = nghttp2_session_get_last_proc_stream_id(connection->session);
  return checked(nghttp2_submit_goaway(connection->session, NGHTTP2_FLAG_NONE, last,
                                       NGHTTP2_NO_ERROR, NULL, 0));
}

int ph_http2_alive(struct ph_http2 *connection) {
  return connection->unsent_length || nghttp2_session_want_read(connection->session) ||
         nghttp2_session_want_write(connection->session);
}
