/* base/json.h - JSON: the one home of cJSON.
 *
 * Parsing closes cJSON's traps: trailing garbage, duplicate keys, case-insensitive look-up, numbers that lose
 * precision or overflow, \u0000 inside strings, invalid UTF-8, unlimited size and nesting are errors here.
 * Numbers are integers up to 2^53-1 or decimals below 1.7e308; larger integers belong into strings.
 * Writing builds a tree and prints it: values are owned by the tree, adding to NULL or running out of memory makes
 * every later call on that tree do nothing, and cw_json_print() reports it (sticky, like cw_buf).
 * Threads: a tree belongs to one thread at a time. */
#ifndef CW_BASE_JSON_H
#define CW_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

struct cw_json; /* a JSON value; the root owns all values below it */

#define CW_JSON_DEPTH_MAX 64
#define CW_JSON_INT_MAX INT64_C(9007199254740991)

/* Parse LEN bytes (need not be NUL-terminated) of at most MAX_LEN. Returns 0 with *ret_root owned by the caller,
 * CW_E_INVALID (err says the byte offset), CW_E_LIMIT (too long or too deep) or CW_E_NOMEM. */
int cw_json_parse(const char *data, size_t len, size_t max_len, struct cw_json **ret_root, struct cw_err *err);
/* Free a root and all below it; accepts NULL. Never call it on a value that has been added to another. */
void cw_json_free(struct cw_json *root);
CW_DEFINE_CLEANUP(struct cw_json, cw_json_free)

enum cw_json_type { CW_JSON_NULL, CW_JSON_BOOL, CW_JSON_NUMBER, CW_JSON_STRING, CW_JSON_ARRAY, CW_JSON_OBJECT };
enum cw_json_type cw_json_type(const struct cw_json *v);
/* The member KEY of an object (case-sensitive), or NULL when OBJ is NULL, no object, or has none. Borrowed. */
const struct cw_json *cw_json_get(const struct cw_json *obj, const char *key);
/* Item I (0-based) of an array, NULL past the end; number of items or members (0 for scalars and NULL). */
const struct cw_json *cw_json_at(const struct cw_json *arr, size_t i);
size_t cw_json_len(const struct cw_json *v);
/* First and following member or item, for loops in linear time; the key of a member (NULL for items). */
const struct cw_json *cw_json_first(const struct cw_json *v);
const struct cw_json *cw_json_next(const struct cw_json *item);
const char *cw_json_key(const struct cw_json *member);
/* The string value (borrowed, NUL-terminated, holds no NUL), or NULL when V is NULL or no string. */
const char *cw_json_str(const struct cw_json *v);
/* Store the value in *ret and return true when V is an integer / a boolean; else leave it and return false. */
bool cw_json_int(const struct cw_json *v, int64_t *ret);
bool cw_json_bool(const struct cw_json *v, bool *ret);

/* New empty object or array: a root owned by the caller, NULL without memory (accepted by all calls below). */
struct cw_json *cw_json_object(void);
struct cw_json *cw_json_array(void);
/* Add to object PARENT under KEY, or append to array PARENT when KEY is NULL. The string is copied; LEN bytes of it,
 * with every byte that is not valid UTF-8 replaced by U+FFFD and every NUL by the four characters \x00. An integer beyond
 * CW_JSON_INT_MAX is written as a string, a number that is not finite as null. */
void cw_json_add_strn(struct cw_json *parent, const char *key, const char *s, size_t len);
void cw_json_add_str(struct cw_json *parent, const char *key, const char *s);
void cw_json_add_int(struct cw_json *parent, const char *key, int64_t n);
void cw_json_add_num(struct cw_json *parent, const char *key, double n);
void cw_json_add_bool(struct cw_json *parent, const char *key, bool b);
void cw_json_add_null(struct cw_json *parent, const char *key);
/* Create a child object or array inside PARENT and return it (borrowed; NULL after a failure). */
struct cw_json *cw_json_add_object(struct cw_json *parent, const char *key);
struct cw_json *cw_json_add_array(struct cw_json *parent, const char *key);
/* Append ROOT as text to OUT: on one line, or indented when PRETTY; control characters are escaped, C1 and
 * bidirectional ones too. Returns 0, CW_E_NOMEM (ROOT is NULL, an addition failed, no memory) or CW_E_LIMIT (OUT would
 * grow beyond its maximum); on failure OUT's content is as before or OUT has failed. */
int cw_json_print(const struct cw_json *root, bool pretty, struct cw_buf *out, struct cw_err *err);

#endif
