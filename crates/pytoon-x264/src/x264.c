/* The part of libx264's interface that needs its header: structures whose layout changes with the
 * library's version. Everything else is in Rust. */

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>

/* An encoded frame; times count frames. */
struct pytoon_frame {
    const uint8_t *bytes;
    size_t size;
    int64_t pts;
    int64_t dts;
    int is_key;
};

/* libx264 reads memory that it has not written. In the first encoder of a process this memory is zero; these
 * functions, with which libx264 allocates, clear it for later encoders too. They replace those of the C
 * library and use its heap. */
void *memalign(size_t alignment, size_t size)
{
    void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    return memory ? memset(memory, 0, size) : NULL;
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    *out = memalign(alignment, size);
    return *out ? 0 : ENOMEM;
}

/* Freed memory is not returned to the system. */
void pytoon_x264_keep_memory(void)
{
#ifdef M_MMAP_MAX
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

int pytoon_x264_build(void) { return X264_BUILD; }

/* Returns parameters, or null if the preset is unknown or there is no memory. */
x264_param_t *pytoon_x264_params(const char *preset, int width, int height, int rate_num, int rate_den)
{
    x264_param_t *params = malloc(sizeof *params);
    if (!params)
        return NULL;
    if (x264_param_default_preset(params, preset, NULL) < 0) {
        free(params);
        return NULL;
    }
    params->i_log_level = X264_LOG_ERROR;
    params->i_csp = X264_CSP_I420;
    params->i_width = width;
    params->i_height = height;
    params->i_fps_num = params->i_timebase_den = rate_num;
    params->i_fps_den = params->i_timebase_num = rate_den;
    /* Parameter sets stand in the file's header, not before each key frame. */
    params->b_repeat_headers = 0;
    return params;
}

/* Frees the parameters. Returns null if the encoder cannot be opened. */
x264_t *pytoon_x264_open(x264_param_t *params, const char *profile)
{
    x264_t *encoder = NULL;
    if (x264_param_apply_profile(params, profile) >= 0)
        encoder = x264_encoder_open(params);
    free(params);
    return encoder;
}

/* Returns the size of the parameter sets, with start codes, or a negative number. */
int pytoon_x264_headers(x264_t *encoder, const uint8_t **bytes)
{
    x264_nal_t *units;
    int count;
    int size = x264_encoder_headers(encoder, &units, &count);
    if (size >= 0)
        *bytes = units[0].p_payload;
    return size;
}

/* Encodes a frame in planes Y, U, V, or flushes a delayed frame if `planes` is null. Returns the size of
 * the encoded frame in bytes, zero if there is none yet, or a negative number for an error. */
int pytoon_x264_encode(x264_t *encoder, uint8_t *planes, int width, int height, int64_t pts,
                       struct pytoon_frame *out)
{
    x264_picture_t in, coded;
    x264_nal_t *units;
    int count;
    if (planes) {
        size_t luma = (size_t)width * height;
        x264_picture_init(&in);
        in.i_pts = pts;
        in.img.i_csp = X264_CSP_I420;
        in.img.i_plane = 3;
        in.img.plane[0] = planes;
        in.img.plane[1] = planes + luma;
        in.img.plane[2] = planes + luma + luma / 4;
        in.img.i_stride[0] = width;
        in.img.i_stride[1] = in.img.i_stride[2] = width / 2;
    }
    int size = x264_encoder_encode(encoder, &units, &count, planes ? &in : NULL, &coded);
    if (size > 0) {
        out->bytes = units[0].p_payload;
        out->size = size;
        out->pts = coded.i_pts;
        out->dts = coded.i_dts;
        out->is_key = coded.b_keyframe;
    }
    return size;
}
