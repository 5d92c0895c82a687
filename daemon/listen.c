/* daemon/listen.c - see listen.h. */
#include "daemon/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

struct cw_listener {
	int fd, lock;
	char *path; /* NULL: not made by us */
	bool bound;
	dev_t dev; /* of the socket's file, once bound */
	ino_t ino;
};

void cw_listener_free(struct cw_listener *l)
{
	struct stat st;

	if (l == NULL)
		return;
	if (l->fd >= 0)
		close(l->fd);
	/* Somebody may have put another socket there; the lock keeps other daemons away until it is closed. */
	if (l->bound && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	if (l->lock >= 0)
		close(l->lock);
	free(l->path);
	free(l);
}

int cw_listener_fd(const struct cw_listener *l)
{
	return l->fd;
}

static int take_lock(struct cw_listener *l, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	int rc;

	cw_buf_addf(&path, "%s.lock", l->path);
	rc = cw_buf_fail(&path, "path", err);
	if (rc != 0)
		return rc;
	l->lock = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (l->lock < 0)
		return cw_err_sys(err, errno, "%s", path.data);
	if (flock(l->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return cw_err_set(err, CW_E_INVALID, "another daemon has this socket");
	return cw_err_sys(err, errno, "locking %s", path.data);
}

static int make_parent(const char *path, struct cw_err *err)
{
	const char *slash = strrchr(path, '/');
	CW_CLEANUP(cw_freep) char *folder = NULL;

	if (slash == NULL || slash == path)
		return 0;
	folder = strndup(path, (size_t)(slash - path));
	return folder == NULL ? cw_err_nomem(err) : cw_io_mkdirs(folder, 0755, err);
}

static int new_socket(int *ret, struct cw_err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return cw_err_sys(err, errno, "making a socket");
	*ret = fd;
	return 0;
}

/* Whether somebody listens. A full queue (EAGAIN) is a live one. */
static int is_live(const struct sockaddr_un *address, bool *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	int rc = new_socket(&fd, err);

	if (rc != 0)
		return rc;
	*ret = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	       (errno != ECONNREFUSED && errno != ENOENT);
	return 0;
}

/* Remove what a dead daemon left behind. */
static int clear_place(const struct sockaddr_un *address, struct cw_err *err)
{
	struct stat st;
	bool live = false;
	int rc;

	if (lstat(address->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : cw_err_sys(err, errno, "looking at the socket");
	if (!S_ISSOCK(st.st_mode))
		return cw_err_set(err, CW_E_INVALID, "something that is no socket is in the way");
	rc = is_live(address, &live, err);
	if (rc != 0)
		return rc;
	if (live)
		return cw_err_set(err, CW_E_INVALID, "another daemon listens at this socket");
	if (unlink(address->sun_path) != 0 && errno != ENOENT)
		return cw_err_sys(err, errno, "removing a stale socket");
	return 0;
}

/* Nobody but us can connect before the mode is set; what others get is what was asked for, whatever the umask. */
static int bind_with_mode(struct cw_listener *l, const struct sockaddr_un *address, mode_t mode, gid_t gid, struct cw_err *err)
{
	mode_t before = umask(0177);
	int rc = bind(l->fd, (const struct sockaddr *)address, sizeof(*address)), saved = errno;
	struct stat st;

	umask(before);
	if (rc != 0)
		return cw_err_sys(err, saved, "binding the socket");
	if (lstat(l->path, &st) != 0)
		return cw_err_sys(err, errno, "looking at the socket");
	l->bound = true;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	if (gid != (gid_t)-1 && chown(l->path, (uid_t)-1, gid) != 0)
		return cw_err_sys(err, errno, "giving the socket to its group");
	if (chmod(l->path, mode) != 0)
		return cw_err_sys(err, errno, "setting the socket's mode");
	return 0;
}

static int open_listener(struct cw_listener *l, mode_t mode, gid_t gid, struct cw_err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(l->path);
	int rc;

	if (len == 0 || len >= sizeof(address.sun_path))
		return cw_err_set(err, CW_E_INVALID, "the path of a socket has 1 to %zu bytes", sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, l->path, len);
	rc = make_parent(l->path, err);
	if (rc == 0)
		rc = take_lock(l, err);
	if (rc == 0)
		rc = clear_place(&address, err);
	if (rc == 0)
		rc = new_socket(&l->fd, err);
	if (rc == 0)
		rc = bind_with_mode(l, &address, mode, gid, err);
	if (rc == 0 && listen(l->fd, BACKLOG) != 0)
		rc = cw_err_sys(err, errno, "listening");
	return rc;
}

static struct cw_listener *alloc_listener(void)
{
	struct cw_listener *l = calloc(1, sizeof(*l));

	if (l != NULL)
		l->fd = l->lock = -1;
	return l;
}

int cw_listener_new(const char *path, mode_t mode, gid_t gid, struct cw_listener **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_listener_free_p) struct cw_listener *l = alloc_listener();
	int rc;

	if (l == NULL || (l->path = strdup(path)) == NULL)
		return cw_err_nomem(err);
	rc = open_listener(l, mode, gid, err);
	if (rc != 0)
		return cw_err_wrap(err, rc, "%s", path);
	*ret = cw_steal(&l);
	return 0;
}

int cw_listener_adopt(int fd, struct cw_listener **ret, struct cw_err *err)
{
	struct cw_listener *l = alloc_listener();
	int flags = fcntl(fd, F_GETFL);

	if (l == NULL || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
		int rc = l == NULL ? cw_err_nomem(err) : cw_err_sys(err, errno, "the socket that was handed over");

		free(l);
		close(fd);
		return rc;
	}
	l->fd = fd;
	*ret = l;
	return 0;
}
