/* The part of the C interface of GStreamer 1 that gstreamer.c uses, from its documentation. The
 * library is opened when the program runs, so that nothing depends on it; its interface and its
 * public structs are stable since 1.0. Layouts apply to 64-bit systems. */
#ifndef PH_GSTREAMER_ABI_H
#define PH_GSTREAMER_ABI_H

#include <stddef.h>
#include <stdint.h>

#define GST_CLOCK_TIME_NONE UINT64_MAX

enum { GST_STATE_NULL = 1, GST_STATE_READY = 2, GST_STATE_PLAYING = 4 };
enum { GST_STATE_CHANGE_FAILURE = 0 };
enum { GST_FORMAT_TIME = 3 };
enum { GST_MAP_READ = 1 };
enum { GST_MESSAGE_EOS = 1 << 0, GST_MESSAGE_ERROR = 1 << 1 };

typedef void gst_object; /* every object that is only passed on */

struct g_error {
  uint32_t domain;
  int code;
  char *message;
};

struct gst_mini_object {
  size_t type;
  int refcount, lockstate;
  unsigned flags;
  void *copy, *dispose, *free;
  unsigned private_uint;
  void *private_pointer;
};

struct gst_buffer {
  struct gst_mini_object mini_object;
  void *pool;
  uint64_t pts, dts, duration, offset, offset_end; /* times in nanoseconds */
};

struct gst_message {
  struct gst_mini_object mini_object;
  int type;
};

struct gst_map_info {
  void *memory;
  int flags;
  uint8_t *data;
  size_t size, maxsize;
  void *user_data[4], *reserved[4];
};

struct gst_video_meta {
  int flags; /* of GstMeta */
  const void *info;
  struct gst_buffer *buffer;
  int video_flags, format, id;
  unsigned width, height, n_planes;
  size_t offset[4];
  int stride[4];
};

/* Return type, name and parameters of each function. */
#define PH_GST_FUNCTIONS(F)                                                            \
  F(int, gst_init_check, (int *, char ***, struct g_error **))                         \
  F(gst_object *, gst_parse_launch, (const char *, struct g_error **))                 \
  F(gst_object *, gst_bin_get_by_name, (gst_object *, const char *))                   \
  F(int, gst_bin_remove, (gst_object *, gst_object *))                                 \
  F(gst_object *, gst_element_get_bus, (gst_object *))                                 \
  F(gst_object *, gst_element_get_clock, (gst_object *))                               \
  F(uint64_t, gst_element_get_base_time, (gst_object *))                               \
  F(int, gst_element_set_state, (gst_object *, int))                                   \
  F(uint64_t, gst_clock_get_time, (gst_object *))                                      \
  F(void, gst_bus_set_flushing, (gst_object *, int))                                   \
  F(struct gst_message *, gst_bus_timed_pop_filtered, (gst_object *, uint64_t, int))   \
  F(void, gst_message_parse_error, (struct gst_message *, struct g_error **, char **)) \
  F(void, gst_mini_object_unref, (void *))                                             \
  F(void, gst_object_unref, (void *))                                                  \
  F(struct gst_buffer *, gst_sample_get_buffer, (gst_object *))                        \
  F(gst_object *, gst_sample_get_caps, (gst_object *))                                 \
  F(gst_object *, gst_sample_get_segment, (gst_object *))                              \
  F(uint64_t, gst_segment_to_running_time, (gst_object *, int, uint64_t))              \
  F(gst_object *, gst_caps_get_structure, (gst_object *, unsigned))                    \
  F(const char *, gst_structure_get_name, (gst_object *))                              \
  F(const char *, gst_structure_get_string, (gst_object *, const char *))              \
  F(int, gst_structure_get_int, (gst_object *, const char *, int *))                   \
  F(int, gst_structure_get_fraction, (gst_object *, const char *, int *, int *))       \
  F(int, gst_buffer_map, (struct gst_buffer *, struct gst_map_info *, int))            \
  F(void, gst_buffer_unmap, (struct gst_buffer *, struct gst_map_info *))              \
  F(void, g_error_free, (struct g_error *))                                            \
  F(void, g_free, (void *))

/* Of libgstapp and libgstvideo. */
#define PH_GST_APP_FUNCTIONS(F) \
  F(gst_object *, gst_app_sink_try_pull_sample, (gst_object *, uint64_t))
#define PH_GST_VIDEO_FUNCTIONS(F) \
  F(struct gst_video_meta *, gst_buffer_get_video_meta, (struct gst_buffer *))

#endif
