"""A file system that answers until it is told not to: what a client could pass to make whoever touches the descriptor wait for ever.

It speaks the kernel's FUSE protocol itself (linux/fuse.h), as much as one file needs. Only root can mount it."""
import contextlib
import ctypes
import errno
import os
import struct
import threading

LOOKUP, FORGET, GETATTR, OPEN, RELEASE, FLUSH, INIT = 1, 2, 3, 14, 18, 25, 26
CLONE_NEWNS, MS_PRIVATE_REC, MNT_DETACH = 0x20000, 0x44000, 2
FILE, DIRECTORY = 0o100644, 0o040755


def attributes(node):
    mode, size = (DIRECTORY, 0) if node == 1 else (FILE, 4096)
    # ino, size, blocks, three times, three parts of nanoseconds, mode, nlink, uid, gid, rdev, blksize, padding
    return struct.pack("<QQQQQQIIIIIIIIII", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


class HungFile:
    """open() gives descriptors of a file whose close() (FLUSH) is never answered until release(). Raises OSError where that cannot be had."""

    def __init__(self, folder):
        self.libc, self.folder = ctypes.CDLL(None, use_errno=True), folder
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        self.hung, self.flushed, self.released = [], threading.Event(), False
        self.lock = threading.Lock()
        os.mkdir(folder)
        options = "fd=%d,rootmode=40000,user_id=%d,group_id=%d,allow_other" % (self.device, os.getuid(), os.getgid())
        # other processes must not see it: a hang of the test would be theirs
        if (self.libc.unshare(CLONE_NEWNS) != 0 or self.libc.mount(None, b"/", None, MS_PRIVATE_REC, None) != 0 or
                self.libc.mount(b"hung", folder.encode(), b"fuse", 0, options.encode()) != 0):
            os.close(self.device)
            os.rmdir(folder)
            raise OSError(ctypes.get_errno(), "cannot mount: " + os.strerror(ctypes.get_errno()))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def answer(self, unique, data=b"", error=0):
        with contextlib.suppress(OSError):
            os.write(self.device, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)

    def serve(self):
        while True:
            try:
                request = os.read(self.device, 1 << 20)
            except OSError as problem:
                if problem.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                return
            _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
            self.handle(opcode, unique, node)

    def handle(self, opcode, unique, node):
        if opcode == INIT:
            self.answer(unique, struct.pack("<IIIIHHIIHHI7I", 7, 31, 65536, 0, 16, 12, 65536, 1, 0, 0, 0, *[0] * 7))
        elif opcode == LOOKUP:
            self.answer(unique, struct.pack("<QQQQII", 2, 1, 1000, 1000, 0, 0) + attributes(2))
        elif opcode == GETATTR:
            self.answer(unique, struct.pack("<QII", 1000, 0, 0) + attributes(node))
        elif opcode == OPEN:
            self.answer(unique, struct.pack("<QII", 1, 0, 0))
        elif opcode == FLUSH:
            with self.lock:
                if not self.released:
                    self.hung.append(unique)
                    self.flushed.set()
                    return
            self.answer(unique)
        elif opcode != FORGET:
            self.answer(unique, error=0 if opcode == RELEASE else errno.ENOSYS)

    def open(self):
        return os.open(os.path.join(self.folder, "file"), os.O_RDONLY | os.O_CLOEXEC)

    def release(self):
        """Answer all that waits, and what comes from now on."""
        with self.lock:
            self.released = True
            hung, self.hung = self.hung, []
        for unique in hung:
            self.answer(unique)

    def close(self):
        self.release()
        self.libc.umount2(self.folder.encode(), MNT_DETACH)
