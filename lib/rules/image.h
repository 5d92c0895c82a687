/* rules/image.h - the bytes that the build embeds; private to rules/. */
#ifndef CW_RULES_IMAGE_H
#define CW_RULES_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "rules/set.h"

/* The image of the default rules (cw_set_image_shared()), made by the build from patterns/, at a multiple of CW_IMAGE_ALIGN. The compiler of
 * rule sets itself links an empty one. */
#define CW_IMAGE_ALIGN CW_SET_ALIGN
extern const unsigned char cw_default_image[];
extern const size_t cw_default_image_len;

#endif
