/* vcs/no_ca.c - keeps libgit2 from reading the system's CA certificates at start-up.
 *
 * libgit2 initialises its TLS stream in git_libgit2_init() and parses every certificate of the system's bundle there: some
 * 4 ms, more than a hook's whole run should take. This program never opens a network connection, so a definition that
 * loads nothing takes the place of mbedTLS's own. It works only when it is linked into the executable itself (the dynamic
 * linker then prefers it), which is why this file is not part of the library. With a libgit2 built on another TLS library it
 * is simply never called. */

int mbedtls_x509_crt_parse_file(void *chain, const char *path);

int mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	return 0;
}
