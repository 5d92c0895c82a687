/* tests/unit/pack_make.h - a throw-away object directory with packs made entry by entry. */
#ifndef PACK_MAKE_H
#define PACK_MAKE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"
#include "vcs/repo_int.h"

#define MADE_ENTRIES_MAX 32
#define MADE_FILES_MAX 8

struct made_store {
	char folder[64];
	char *files[MADE_FILES_MAX]; /* owned */
	unsigned files_len;
	char *store_list[1];
	struct cw_repo repo; /* its only store is this one */
};

struct made_pack {
	struct cw_buf body;
	unsigned count;
	uint8_t first[MADE_ENTRIES_MAX]; /* the byte that the id of each entry consists of */
	uint32_t offset[MADE_ENTRIES_MAX];
};

void made_store_init(struct made_store *s);
void made_store_release(struct made_store *s);
/* Write P as pack-NAME and its index. P may be used again after that. */
void made_store_add(struct made_store *s, const char *name, struct made_pack *p);

void made_pack_init(struct made_pack *p);
/* Append an entry whose id is 20 times the byte ID: a full object of the kind KIND. */
void made_pack_object(struct made_pack *p, uint8_t id, unsigned kind, const char *data);
/* A delta that adds DATA to the whole of a base of BASE_LEN bytes: entry number BASE of this pack, or the object BASE_ID. */
void made_pack_ofs(struct made_pack *p, uint8_t id, unsigned base, uint8_t base_len, const char *data);
void made_pack_ref(struct made_pack *p, uint8_t id, uint8_t base_id, uint8_t base_len, const char *data);

#endif
