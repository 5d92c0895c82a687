/* match/marvin.h - Marvin32, the keyed 64-bit checksum of .NET that Microsoft's identifiable keys end with.
 * Source: SymCrypt's description of the algorithm. Not a MAC: seeds are public. */
#ifndef CW_MATCH_MARVIN_H
#define CW_MATCH_MARVIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t cw_marvin(uint64_t seed, const void *data, size_t len);
/* Its two halves XORed: what keys carry. */
uint32_t cw_marvin32(uint64_t seed, const void *data, size_t len);
/* Read a seed as rules write it: 8 characters (first = most significant byte), or 0x and 16 hexadecimal digits. */
bool cw_marvin_seed(const char *s, size_t len, uint64_t *ret);
/* The checksum at the end of an Azure AD client secret: SUM in the letters of such secrets, most significant first; only the first
 * three of its characters are used. */
#define CW_MARVIN_AAD_SEED UINT64_C(0x4161645077643030) /* "AadPwd00" */
#define CW_MARVIN_AAD_LEN 3
void cw_marvin_aad(uint32_t sum, char out[CW_MARVIN_AAD_LEN]);

#endif
