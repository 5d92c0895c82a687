/* rules/image.h - the bytes that the build embeds; private to rules/. */
#ifndef CW_RULES_IMAGE_H
#define CW_RULES_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* The image of the default rules, made by the build from patterns/. The compiler of rule sets itself links an empty one. */
extern const unsigned char cw_default_image[];
extern const size_t cw_default_image_len;

#endif
