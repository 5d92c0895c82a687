/* rules/image.h - the bytes that the build embeds; private to rules/. */
#ifndef CW_RULES_IMAGE_H
#define CW_RULES_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct cw_set;

/* Write SET to OUT as an image to be embedded in a program: databases are kept as they lie in memory, and used there. */
int cw_set_embed(const struct cw_set *set, struct cw_buf *out, struct cw_err *err);

/* The image of the default rules, made by the build from patterns/, at a multiple of CW_IMAGE_ALIGN. The compiler of rule sets itself links an empty one. */
#define CW_IMAGE_ALIGN 64 /* bytes */
extern const unsigned char cw_default_image[];
extern const size_t cw_default_image_len;

#endif
