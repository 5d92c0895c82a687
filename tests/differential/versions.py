"""Families of versions of files, with secrets at every kind of seam between what is copied and what is new."""
import base64
import glob
import os
import re

WORDS = ("return", "static", "int", "len", "if (x > 0)", "self.name", "= None", "for line in", "{", "}", "/* the first of them */", "import os",
         "value: 12", "- item", "<td>", "print(", ")", "0x2a", "\"text\"", "'a'", "url: http://example.com/a", "key = value", "\ttab", "END",
         "password: ${PASSWORD}", "key = os.environ[\"KEY\"]", "abc", "dense", "frontof", "far_", "#", "# START", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY")
NEAR = (0, 1, 2, 3, 4, 8, 9, 10, 16, 20, 32, 40, 44, 45, 60, 64, 128, 192, 204, 205, 206, 240, 256, 258, 259, 300)


def default_secrets(folder):
    """The examples of the default rules that stand on one line of their files."""
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "*.yaml"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for part in re.findall(r"^    examples:\n((?:      .*\n)+)", text, re.MULTILINE):
            for line in re.findall(r"^      - '(.*)'$", part, re.MULTILINE):
                found.append(line.replace("''", "'").replace("{+}", "").encode())
    return found


def edgy_secrets(rng):
    number = "%04d" % rng.randrange(10000)
    dense = "".join(rng.choice("abcdefABCDEF0123456789") for _ in range(14)) + "7"
    return [s.encode() for s in (
        "key_" + number, "key_" + number + "12", "=key_" + number + "\n", "\nabc" + number[:3] + "\n", "axyz" + number, "bxyz" + number[:1] + "q",
        "dense " + dense, "DENSE" + "-" * rng.randrange(210) + dense, dense + " frontof", dense + "." * rng.randrange(26) + "frontof",
        "far_" + number + " some text #END", "#START some text back_" + number[:2], "wide" + "ab" * 125 + "ac", "with_" + number[:3] + "\nkey_" + number,
        "key_" + number + "\n\n\nwith_" + number[:3] + "\n", "key_" + number + "\n" + "-" * rng.randrange(210) + "with_" + number[:3])]


class Maker:
    def __init__(self, world, rng, secrets, edgy):
        self.world, self.rng, self.secrets, self.edgy = world, rng, secrets, edgy
        self.serial = 0

    # pieces of text

    def secret(self):
        rng = self.rng
        text = rng.choice(self.secrets)
        kind = rng.randrange(12)
        if kind == 0:
            text = b"some words in front " + text
            text = base64.b64encode(text) if rng.random() < 0.7 else base64.urlsafe_b64encode(text).rstrip(b"=")
        elif kind == 1:
            text = base64.b64encode(base64.b64encode(b"words, words, words\n" + text))
        elif kind == 2:
            text = text[:rng.randrange(len(text) + 1)]
        return text

    def filler(self, size):
        rng, out, left = self.rng, [], size
        while left > 0:
            line = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 6))) + rng.choice(("\n", "\n", "\n", "\r\n", " ", "\n\n"))
            out.append(line.encode())
            left -= len(line)
        return b"".join(out)[:size] if size > 0 else b""

    def head(self):
        """A line that makes a version unlike all others."""
        self.serial += 1
        return b"# %06d\n" % self.serial

    def bit(self):
        """Something small and new."""
        rng = self.rng
        kind = rng.randrange(8)
        if kind < 4:
            return bytes([rng.choice(b"xA0 \n=-_\"'#\t;+/.")])
        if kind == 4:
            return self.filler(rng.randrange(40))
        if kind == 5:
            return self.secret()
        return bytes(rng.choice(b"ab0_ \n=9Z+/") for _ in range(rng.randrange(1, 60)))

    # ops for a child

    def near(self, size, start, end):
        """A place at, in or at some telling distance of [START, END)."""
        rng = self.rng
        kind = rng.randrange(5)
        if kind == 0:
            at = rng.randrange(start, end + 1)
        elif kind == 1:
            at = rng.randrange(size + 1)
        elif kind == 2:
            at = start + rng.choice((-1, 1)) * rng.choice(NEAR)
        else:
            at = end + rng.choice((-1, 1)) * rng.choice(NEAR)
        return max(0, min(size, at))

    def edit(self, size, start, end):
        """One edit of a base of SIZE bytes with something of interest at [START, END)."""
        rng = self.rng
        at, to = self.near(size, start, end), self.near(size, start, end)
        low, high = min(at, to), max(at, to)
        kind = rng.randrange(12)
        if kind < 3:
            return [(0, at), self.bit(), (at, size - at)]
        if kind == 3:
            return [(0, low), (high, size - high)]
        if kind == 4:
            gone = rng.randrange(1, 4)
            return [(0, at), (min(size, at + gone), size - min(size, at + gone))]
        if kind == 5:
            return [(0, at), self.bit()[:1], (min(size, at + 1), size - min(size, at + 1))]
        if kind == 6:  # continues, split in the encoding
            return [self.head(), (0, low), (low, high - low), (high, size - high)]
        if kind == 7:  # repeated
            return [(0, high), (low, size - low)]
        if kind == 8:  # moved
            return [(0, low), (high, size - high), (low, high - low)]
        if kind == 9:  # only the beginning, or the end
            return [(0, at)] if rng.random() < 0.5 else [(at, size - at)]
        if kind == 10:
            return [(0, size), self.bit()] if rng.random() < 0.5 else [self.bit(), (0, size)]
        return [(low, high - low), (0, high), self.bit(), (low, size - low)]

    def edits(self, base, steps):
        """Copies of pieces in any order, or in their order with something between."""
        rng, size, ops, at = self.rng, len(base.data), [], 0
        in_order = rng.random() < 0.75
        for _ in range(steps):
            to = rng.randrange(size + 1)
            at = at if in_order else rng.randrange(size + 1)
            if to > at:
                ops.append((at, to - at))
                at = min(size, to + rng.choice((0, 0, 1, rng.randrange(30))))
            if rng.random() < 0.7:
                ops.append(self.bit())
        return ops + ([(at, size - at)] if in_order and rng.random() < 0.7 else [])

    def child(self, base, ops):
        return self.world.child(base, ops)

    # kinds of families

    def seams(self, secret, count):
        """One secret, and versions that cut into it and around it; some undo what their base did."""
        rng = self.rng
        before = self.filler(rng.choice((0, 1, rng.randrange(80), rng.randrange(700))))
        after = self.filler(rng.choice((0, 0, 1, rng.randrange(80), rng.randrange(700))))
        nodes = [self.world.whole(rng.choice((b"", self.head())) + before + secret + after)]
        for _ in range(count):
            base = rng.choice(nodes[-3:] if rng.random() < 0.5 else nodes)
            start = base.data.find(secret)
            start, end = (start, start + len(secret)) if start >= 0 else (len(base.data) // 2,) * 2
            nodes.append(self.child(base, self.edit(len(base.data), start, end)))

    def ends_at_secret(self, secret):
        """The base ends or begins where the secret does, the child does not, and the reverse."""
        before, after = self.head() + self.filler(300) + b"\n", b"\n" + self.filler(300)
        for text in (before + secret, secret + after, secret):
            short = self.world.whole(text)
            size = len(text)
            for bit in (b"x", b"\n", b" ", b"0", b"-", b"=", b"\0", b"QUJD"):
                for ops in ([(0, size), bit], [bit, (0, size)]):
                    long = self.child(short, ops)
                    at = 0 if ops[0] == (0, size) else len(bit)
                    for edge in (-1, 0, 1):
                        self.child(long, [(max(0, at + edge), size + min(0, edge)), self.head()])
                        self.child(long, [self.head(), (max(0, at + edge), min(len(long.data) - max(0, at + edge), size))])

    def random_tree(self, count, size):
        """Versions of versions, with edits anywhere."""
        rng = self.rng
        text = b"".join(self.filler(rng.randrange(size // 4 + 1)) + self.secret() + rng.choice((b"", b"\n")) for _ in range(5))
        nodes = [self.world.whole(self.head() + text)]
        for _ in range(count):
            base = rng.choice(nodes[-4:])
            nodes.append(self.child(base, self.edits(base, rng.randrange(1, 7))))

    def chain(self, length):
        """Each made of the one before: a line changes, one comes, one goes."""
        rng = self.rng
        node = self.world.whole(self.head() + self.filler(200) + self.secret() + b"\n" + self.filler(200))
        for _ in range(length):
            text = node.data
            at = rng.randrange(len(text) + 1)
            gone = rng.randrange(60) if len(text) > 600 else 0
            node = self.child(node, [self.head(), (9, max(0, at - 9)), self.bit(), (min(len(text), at + gone), max(0, len(text) - at - gone))])

    def wide(self, count):
        text = self.head() + b"".join(self.filler(300) + self.secret() + b"\n" for _ in range(6)) + self.filler(2000)
        base = self.world.whole(text)
        for _ in range(count):
            at = self.rng.randrange(len(text))
            self.child(base, self.edit(len(text), at, min(len(text), at + 30)))

    def long_copies(self):
        """Copies of more than 64 KiB, which the encoding splits in and around a secret."""
        rng, secret = self.rng, rng_line(self.secret())
        text = self.filler(66000) + secret + self.filler(66000) + self.secret() + self.filler(1000)
        base = self.world.whole(text)
        at = 66000
        for inside in (-1, 0, 1, len(secret) // 2, len(secret) - 1, len(secret), len(secret) + 1):
            skip = at + inside - 65536
            self.child(base, [self.head(), (skip, len(text) - skip)])
        self.child(base, [(0, at), rng.choice((b"x", b"\n")), (at, len(text) - at)])

    def encoded(self):
        """Base64 in lines and in one; letters come and go far in front, at the end, in the padding."""
        rng = self.rng
        text = self.filler(rng.randrange(400)) + b"\n" + rng.choice(self.secrets) + b"\n" + self.filler(rng.randrange(400))
        line = base64.b64encode(text) if rng.random() < 0.7 else base64.urlsafe_b64encode(text)
        lines = b"\n".join(line[i:i + 76] for i in range(0, len(line), 76))
        for data in (line, lines, b'"' + line + b'"', b"A" * rng.randrange(4) + line.rstrip(b"=") + b"=" * rng.randrange(4)):
            prefix = self.filler(rng.randrange(50)) + rng.choice((b"", b" ", b"\n"))
            base = self.world.whole(prefix + data + rng.choice((b"", b"\n", b" x")))
            size, low, high = len(base.data), len(prefix), len(prefix) + len(data)
            for at in (low, low + 1, low + 2, low + 3, low + 4, low + 40, high - 1, high, min(size, high + 1), rng.randrange(low, high)):
                for bit in (b"A", b"AA", b"=", b"-", b"+", b" ", b"\n"):
                    if rng.random() < 0.4:
                        self.child(base, [(0, at), bit, (at, size - at)])
                self.child(base, [(0, at), (min(size, at + 1), size - min(size, at + 1))])

    def long_run(self):
        """A run of letters that is cut into pieces; the run behind it, in front of it and inside it changes."""
        text = self.filler(90) + rng_line(self.secret())
        line = base64.b64encode(text * (1100000 // len(text) + 1))
        base = self.world.whole(self.head() + line + b"\n" + self.filler(100))
        size = len(base.data)
        self.child(base, [(0, 7), b"A", (7, size - 7)])
        self.child(base, [(0, 7), b"AAAA", (7, size - 7)])
        self.child(base, [(0, size - 200), b"-!-", (size - 200, 200)])
        self.child(base, [self.head(), (7, size - 7)])
        self.child(base, [(0, 500000), b"\n", (500000, size - 500000)])

    def binary(self):
        """NULs come and go within the first 4 KiB and behind them."""
        rng = self.rng
        text = self.filler(1000) + self.secret() + b"\n" + self.filler(3500) + b"\n" + self.secret() + b"\n" + self.filler(400)
        base = self.world.whole(text)
        size = len(text)
        for at in (0, 1, 100, 4094, 4095, 4096, 4097, size):
            node = self.child(base, [(0, at), b"\0", (at, size - at)])
            for bit in (b"", b"x", b"line\n"):
                self.child(node, [bit, (0, at), b"y", (at + 1, size - at)])
                self.child(node, [bit, (0, size + 1)])
            self.child(node, [(min(at, rng.randrange(60)), size - 60)])

    def utf16(self):
        """Two bytes a character, with and without a mark; edits of one byte, which shift all that follows."""
        rng = self.rng
        text = (self.filler(200) + rng.choice(self.secrets) + b"\n" + self.filler(100)).decode("utf-8", "replace")
        for code, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
            plain = self.world.whole(text.encode("utf-8"))
            raw = text.encode(code)
            base = self.world.whole(mark + raw)
            size = len(base.data)
            self.child(plain, [mark, raw])
            self.child(base, [(2, size - 2)])
            self.child(base, [(0, size), plain.data])
            for at in (2, 3, 100, 101, size // 2, size - 1, size):
                self.child(base, [(0, at), b"x", (at, size - at)])
                self.child(base, [(0, at), "x".encode(code), (at, size - at)])
                self.child(base, [(2, at - 2), b"\0", (at, size - at)])
            self.child(base, [self.secret(), (2, size - 2)])

    def tiny_copies(self):
        """Every byte a copy of its own, in its order and backwards; copies and new bytes in turn; nothing copied."""
        text = self.head() + self.filler(60) + self.secret() + b"\n" + self.filler(60) + self.secret()
        base = self.world.whole(text * 12)
        size = len(base.data)
        self.child(base, [self.head()] + [(i, 1) for i in range(size)])
        self.child(base, [(i, 1) for i in reversed(range(size))])
        self.child(base, [(i, 1) if i % 3 else base.data[i:i + 1] for i in range(size)] + [self.head()])
        self.child(base, [(i, 2) for i in range(0, size - 2)])
        self.child(base, [self.head() + base.data])
        self.child(base, [(i, 7) for i in range(0, size - 7, 7)])

    def far_reach(self):
        """The verdict hangs on 16 KiB, and the edit is far away in them."""
        rng = self.rng
        body = re.sub(rb"[#0-9]", b"", self.filler(16500))
        for text in (b"far_1234" + body[:15990] + b"#END", b"#START" + body[:15990] + b"back_12"):
            front = self.head() + self.filler(700)
            base = self.world.whole(front + text + b"\n" + self.filler(600))
            size = len(base.data)
            for at in (20, 1000, 8000, 15000, 15900, 15990, 15999, 16003, 16011, 16012, 16100):
                at += len(front)
                for bit in (b"#", b"x", b"x" * 300, b"x" * 310, b"x" * 320):
                    node = self.child(base, [(0, at), bit, (at, size - at)])
                    if bit == b"#":
                        self.child(node, [(0, at), (at + 1, size - at - 10), self.head()])
                        self.child(node, [self.head(), (9, at - 9), (at + 1, size - at)])
                self.child(base, [(0, at), (at + 50, size - at - 50)])
            at = len(front) + rng.randrange(20, 16000)
            self.child(base, [(at, size - at), (0, at)])

    def every_cut(self, secret):
        """Cut at every byte of a secret, and put something there or nothing; long text on both sides, so that most is copied."""
        before, after = self.head() + self.filler(500), self.filler(500)
        base = self.world.whole(before + secret + after)
        size, start = len(base.data), len(before)
        cuts = range(start - 2, start + len(secret) + 3)
        for at in cuts if len(cuts) < 40 else self.rng.sample(cuts, 40):
            self.child(base, [(0, at)])
            self.child(base, [(at, size - at)])
            for bit in (b"\n", b" ", b"x", b"7"):
                self.child(base, [(0, at), bit, (at, size - at)])
                self.child(base, [(0, at), bit])
                self.child(base, [(0, at), bit, (at + 1, size - at)])

    def window_edges(self):
        """The edge of a window is the edge of the file in the base or in the child only; anchors begin where a piece does."""
        before, after = self.head() + b"y" * 900, b"z" * 900
        first, last = len(before) + 6 - 300, len(before) + 6 + 30
        base = self.world.whole(before + b"fst_12" + after)
        node = self.child(base, [(first, len(base.data) - first)])
        self.child(node, [b"x", (0, len(node.data))])
        self.child(base, [(first - 1, len(base.data) - first + 1)])
        base = self.world.whole(before + b"lst_12" + after)
        node = self.child(base, [(0, last)])
        self.child(node, [(0, last), b"x"])
        self.child(base, [(0, last + 1)])
        wide = b"wide" + b"ab" * 125 + b"ac"
        base = self.world.whole(before + wide + after)
        at = len(before)
        for edge in (-1, 0, 1):
            for bit in (b" ", b"-", b"x"):
                node = self.child(base, [(0, at), bit, (at + edge, len(base.data) - at - edge)])
                self.child(node, [(0, at), b"x", (at + 1, len(node.data) - at - 1)])

    def made_dense(self):
        """An anchor without a dense value near it; the value comes later, or becomes dense, or comes nearer."""
        rng = self.rng
        for word, gap in ((b"frontof", 24), (b"dense", 200)):
            for dots in (1, gap // 2, gap - 1, gap):
                sparse, value = b"abcdefabcdefa", rng.choice((b"a1b2c3d4e5f6a7", b"ABCDEFabcdefABC"))
                pieces = [b"-" * 400 + b" " + sparse, b"." * dots + word + b" " + b"-" * 400]
                if word == b"dense":
                    pieces = [b"-" * 400 + b" " + word + b"." * dots, sparse + b" " + b"-" * 400]
                base = self.world.whole(self.head() + b"".join(pieces))
                size, at = len(base.data), 9 + len(pieces[0])
                if word == b"frontof":
                    at, behind = at - len(sparse), at
                else:
                    behind = at + len(sparse)
                for edge in range(3):
                    node = self.child(base, [(0, at), value, (behind - edge * (word == b"frontof"), size - behind + edge)])
                    self.child(node, [(0, at + 5), b"-", (at + 6, len(node.data) - at - 6)])
                    self.child(node, [(0, at), value[:11], (at + 11, len(node.data) - at - 11)])

    def many_candidates(self):
        """More candidates than are kept, in the base or in the child only."""
        for count in (65530, 65537):
            base = self.world.whole(self.head() + b"key_9876\n" + b"key_1," * count)
            size = len(base.data)
            more = self.child(base, [(0, size), b"key_2," * 8, b"\nkey_1234"])
            self.child(more, [(0, size // 2), b"\nkey_1234\n"])
            self.child(base, [(0, 6007), b"\nkey_1234\n", (6007, 60)])

    def many_hits(self):
        """More hits of a rule than are listed: which ones are depends on all in front."""
        line = b"v = " + rng_line(self.rng.choice(self.secrets)) + b" \n"
        base = self.world.whole(self.head() + line * 1100)
        size, width = len(base.data), len(line)
        for at in (0, 500, 998, 999, 1000, 1001, 1099):
            where = 9 + at * width
            self.child(base, [(0, where), (where + width, max(0, size - where - width))])
            self.child(base, [(0, where), b"new line\n", (where, size - where)])
            self.child(base, [(0, where), line * 2, (where, size - where)])

    def too_large(self, limit):
        """A base above the limit and versions of it under it, and the reverse."""
        text = self.filler(20000) + self.secret() + b"\n" + self.filler(1000)
        large = self.world.whole(text + bytes(limit))
        small = self.child(large, [(0, len(text))])
        self.child(small, [self.head(), (0, len(text))])
        larger = self.child(small, [(0, len(text))] * (limit // len(text) + 1))
        self.child(larger, [(5, len(text)), self.head()])

    def odd_ends(self):
        """Nothing at all, and no newline at the end."""
        empty = self.world.whole(b"")
        first = self.child(empty, [self.secret()])
        self.child(first, [])
        self.child(first, [(0, len(first.data)), b"\n"])
        second = self.child(empty, [self.head()])
        self.child(second, [(0, 0), self.secret()])


def rng_line(text):
    return text.replace(b"\n", b" ")


def encoded_line(text):
    """Base64 without padding: letters behind it go on where the text ends."""
    text = b"words words words words " + text
    return base64.b64encode(b" " * (-len(text) % 3) + text)
