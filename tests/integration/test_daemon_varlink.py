#!/usr/bin/env python3
"""A client that knows nothing of credwatch but its socket: it asks what is offered, reads the description of the interface, and holds
every reply and error against the types that stand there. Written from https://varlink.org (Method-Call, Interface-Definition, Service).

    python3 -B test_daemon_varlink.py CREDWATCHD"""
import array
import fcntl
import json
import os
import re
import socket
import subprocess

import daemon_harness

TOKEN = re.compile(r"\s+|#[^\n]*|->|\[string\]|\[\]|[?:,()]|[A-Za-z][A-Za-z0-9_.-]*")
SERVICE = "org.varlink.service"


class Interface:
    """A parsed description. A type is ("bool"|"int"|"float"|"string"|"object"), ("name", N), ("array", T), ("map", T), ("maybe", T),
    ("enum", [..]) or ("struct", {field: T})."""

    def __init__(self, text):
        self.tokens, at = [], 0
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                raise ValueError("the description has %r" % text[at:at + 20])
            if not match.group()[0].isspace() and match.group()[0] != "#":
                self.tokens.append(match.group())
            at = match.end()
        self.types, self.methods, self.errors = {}, {}, {}
        self.expect("interface")
        self.name = self.take()
        while self.tokens:
            self.member()

    def take(self):
        return self.tokens.pop(0)

    def expect(self, token):
        got = self.take()
        if got != token:
            raise ValueError("%r where %r is wanted" % (got, token))

    def member(self):
        kind, name = self.take(), self.take()
        if kind == "type":
            self.types[name] = self.struct()
        elif kind == "error":
            self.errors[name] = self.struct()
        elif kind == "method":
            parameters = self.struct()
            self.expect("->")
            self.methods[name] = (parameters, self.struct())
        else:
            raise ValueError("a member %r" % kind)

    def struct(self):
        fields, names = {}, []
        self.expect("(")
        while self.tokens[0] != ")":
            name = self.take()
            if self.tokens[0] == ":":
                self.take()
                fields[name] = self.type()
            else:
                names.append(name)
            if self.tokens[0] == ",":
                self.take()
        self.expect(")")
        return ("enum", names) if names else ("struct", fields)

    def type(self):
        token = self.tokens[0]
        if token == "(":
            return self.struct()
        self.take()
        if token in ("?", "[]", "[string]"):
            return ({"?": "maybe", "[]": "array", "[string]": "map"}[token], self.type())
        if token in ("bool", "int", "float", "string", "object"):
            return (token,)
        return ("name", token)

    def check(self, value, wanted, where):
        kind = wanted[0]
        if kind == "maybe":
            return value is None or self.check(value, wanted[1], where)
        if kind == "name":
            return self.check(value, self.types[wanted[1]], where)
        if kind == "array":
            return self.is_a(value, list, where) and all(self.check(v, wanted[1], where + "[]") for v in value)
        if kind == "map":
            return self.is_a(value, dict, where) and all(self.check(v, wanted[1], where + "." + k) for k, v in value.items())
        if kind == "struct":
            return self.is_a(value, dict, where) and self.check_fields(value, wanted[1], where)
        if kind == "enum":
            return self.is_a(value, str, where) and value in wanted[1]
        return self.is_a(value, {"bool": bool, "int": int, "float": float, "string": str, "object": object}[kind], where)

    def check_fields(self, value, fields, where):
        more = set(value) - set(fields)
        if more:
            raise AssertionError("%s has members that the interface has not: %s" % (where, sorted(more)))
        for name, wanted in fields.items():
            if name not in value and wanted[0] != "maybe":
                raise AssertionError("%s lacks %s" % (where, name))
            self.check(value.get(name), wanted, where + "." + name)
        return True

    @staticmethod
    def is_a(value, kind, where):
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise AssertionError("%s: %r is no %s" % (where, value, kind.__name__))
        return True


class Caller:
    """A connection, and the interfaces it has learnt."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(daemon_harness.WAIT)
        self.sock.connect(path)
        self.buffer, self.interfaces, self.seen = b"", {}, set()

    def learn(self, name):
        text = self.call(SERVICE + ".GetInterfaceDescription", {"interface": name})["description"]
        self.interfaces[name] = Interface(text)
        return self.interfaces[name]

    def send(self, method, parameters, fd=None, **flags):
        data = json.dumps({"method": method, "parameters": parameters, **flags}).encode() + b"\0"
        control = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        sent = self.sock.sendmsg([data], control)
        self.sock.sendall(data[sent:])

    def receive(self, method):
        """(name of the error or None, parameters, whether more follow), held against the interface when it is known."""
        while b"\0" not in self.buffer:
            got = self.sock.recv(65536)
            if not got:
                raise EOFError
            self.buffer += got
        text, self.buffer = self.buffer.split(b"\0", 1)
        reply = json.loads(text)
        if set(reply) - {"parameters", "continues", "error"}:
            raise AssertionError("a reply with %s" % sorted(reply))
        error, parameters = reply.get("error"), reply.get("parameters", {})
        self.hold(error or method, parameters, error is not None)
        return error, parameters, reply.get("continues", False)

    def hold(self, full, parameters, is_error):
        interface, name = full.rsplit(".", 1)
        if interface in self.interfaces:
            known = self.interfaces[interface]
            wanted = known.errors[name] if is_error else known.methods[name][1]
            known.check(parameters, wanted, full)
            self.seen.add(full)

    def call(self, method, parameters=None, fd=None):
        self.send(method, parameters or {}, fd)
        error, got, _ = self.receive(method)
        if error:
            raise daemon_harness.CallError(error, got)
        return got

    def error(self, method, parameters=None, fd=None, **flags):
        self.send(method, parameters or {}, fd, **flags)
        return self.receive(method)[:2]


def sealed(content):
    fd = os.memfd_create("content", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, content)
    fcntl.fcntl(fd, daemon_harness.F_ADD_SEALS, daemon_harness.SEALS)
    return fd


class Varlink(daemon_harness.Case):
    def setUp(self):
        super().setUp()
        self.root = os.path.join(self.top, "git")
        os.mkdir(self.root)
        served = self.daemon("daemon:\n  roots: [%s]\n" % self.root)
        self.caller = Caller(served.socket)
        self.other = Caller(served.socket)
        for caller in (self.caller, self.other):
            caller.learn(SERVICE)
            caller.learn("io.credwatch")

    def tearDown(self):
        self.caller.sock.close()
        self.other.sock.close()
        super().tearDown()

    def password(self):
        return 'db_pass' + 'word = "%s%s"\n' % ("vT9#kq2L", "!xW7zRp4")

    def repository(self, name, text):
        path = os.path.join(self.root, name)
        git = ["git", "-C", path, "-c", "user.name=a", "-c", "user.email=a@localhost"]
        subprocess.run(["git", "init", "-q", path], check=True)
        with open(os.path.join(path, "a.py"), "w", encoding="utf-8") as file:
            file.write(text)
        subprocess.run(git + ["add", "."], check=True)
        subprocess.run(git + ["commit", "-q", "-m", "one"], check=True)
        return path

    def test_service(self):
        """what is offered is described, and nothing else is"""
        info = self.caller.call(SERVICE + ".GetInfo")
        self.assertEqual(info["interfaces"], [SERVICE, "io.credwatch"])
        for name in info["interfaces"]:
            self.assertEqual(self.caller.learn(name).name, name)
        self.assertEqual(self.caller.error(SERVICE + ".GetInterfaceDescription", {"interface": "a.b"}),
                         (SERVICE + ".InterfaceNotFound", {"interface": "a.b"}))

    def test_scan(self):
        """text and descriptors, clean and not"""
        clean = self.caller.call("io.credwatch.ScanText", {"text": "int main(void);\n"})["result"]
        self.assertEqual(clean, {"hits": 0, "complete": True, "findings": [], "reasons": []})
        text = self.password()
        for method, parameters, fd in (("ScanText", {"text": text, "path": "a.py"}, None), ("ScanFd", {"path": "a.py"}, sealed(text.encode()))):
            result = self.caller.call("io.credwatch." + method, parameters, fd)["result"]
            self.assertEqual((result["hits"], len(result["findings"]), result["findings"][0]["line"]), (1, 1, 1), method)
            self.assertNotIn("kq2L", json.dumps(result))
        objects = [{"oid": "0" * 40, "type": "blob", "offset": 0, "length": len(text)}]
        reply = self.caller.call("io.credwatch.ScanObjects", {"objects": objects}, sealed(text.encode()))
        self.assertEqual(reply["clean"], [False])

    def test_stream(self):
        """findings of a repository one by one, then the end; without `more` only the end"""
        path = self.repository("a", self.password())
        self.caller.send("io.credwatch.ScanRepository", {"path": path}, more=True)
        replies = []
        while not replies or replies[-1][2]:
            replies.append(self.caller.receive("io.credwatch.ScanRepository"))
        self.assertEqual([r[0] for r in replies], [None, None], replies)
        self.assertEqual(replies[0][1]["finding"]["path"], "a.py")
        self.assertEqual(replies[-1][1]["findings"], 1)
        last = self.caller.call("io.credwatch.ScanRepository", {"path": path})
        self.assertEqual(last["coverage"]["unscanned"], 0)
        self.assertEqual(last["findings"], 1)

    def test_events(self):
        """a subscriber is told what a hook reports"""
        self.other.send("io.credwatch.Subscribe", {}, more=True)
        self.caller.call("io.credwatch.ReportOutcome", {"command": "pre-push", "repository": self.root, "status": 0, "findings": [],
                                                        "expected": 3, "unscanned": 0})
        error, parameters, more = self.other.receive("io.credwatch.Subscribe")
        self.assertEqual((error, more, parameters["event"]["event"]), (None, True, "outcome"))

    def test_administration(self):
        """what tells of the daemon, and what changes it"""
        status = self.caller.call("io.credwatch.Status")
        self.assertEqual(status["connections"], 2)
        sessions = self.caller.call("io.credwatch.Sessions")["sessions"]
        self.assertEqual(len(sessions), 2)
        path = self.repository("b", "x = 1\n")
        self.assertEqual(self.caller.call("io.credwatch.Watch", {"path": path}), {})
        self.assertEqual([w["path"] for w in self.caller.call("io.credwatch.ListWatches")["watches"]], [path])
        self.assertEqual(self.caller.call("io.credwatch.ListFindings")["findings"], [])
        self.assertEqual(self.caller.call("io.credwatch.Unwatch", {"path": path}), {})
        fingerprint = self.caller.call("io.credwatch.ScanText", {"text": self.password(), "path": "a.py"})["result"]["findings"][0]["fingerprint"]
        self.assertEqual(self.caller.call("io.credwatch.Allow", {"fingerprint": fingerprint, "reason": "a test"}), {})
        self.assertEqual(self.caller.call("io.credwatch.Revoke", {"fingerprint": fingerprint}), {})
        self.assertEqual(self.caller.call("io.credwatch.Reload"), {})
        own = next(s["id"] for s in sessions if s["calls"] > 2 and s["busy"])
        other = next(s["id"] for s in sessions if s["id"] != own)
        self.assertEqual(self.caller.call("io.credwatch.Disconnect", {"session": other}), {})
        with self.assertRaises(EOFError):
            self.other.receive("")

    def test_errors(self):
        """every error is one that the interface declares, and leaves the connection as it was"""
        call = self.caller.error
        self.assertEqual(call("io.credwatch.Nothing")[0], SERVICE + ".MethodNotFound")
        self.assertEqual(call("a.b.C"), (SERVICE + ".InterfaceNotFound", {"interface": "a.b"}))
        self.assertEqual(call("io.credwatch.ScanText", {}), (SERVICE + ".InvalidParameter", {"parameter": "text"}))
        self.assertEqual(call("io.credwatch.ScanText", {"text": "", "x": 1}), (SERVICE + ".InvalidParameter", {"parameter": "x"}))
        self.assertEqual(call("io.credwatch.Subscribe"), (SERVICE + ".ExpectedMore", {}))
        self.assertEqual(call("io.credwatch.Status", upgrade=True)[0], SERVICE + ".MethodNotImplemented")
        self.assertEqual(call("io.credwatch.ScanFd")[0], "io.credwatch.BadDescriptor")
        self.assertEqual(call("io.credwatch.ScanFd", fd=os.open("/dev/null", os.O_RDONLY))[0], "io.credwatch.BadDescriptor")
        self.assertEqual(call("io.credwatch.ScanText", {"text": "", "engine": "0"})[0], "io.credwatch.WrongEngine")
        self.assertEqual(call("io.credwatch.ScanRepository", {"path": "/etc"})[0], "io.credwatch.BadRepository")
        self.assertEqual(call("io.credwatch.Disconnect", {"session": 999})[0], "io.credwatch.NotFound")
        self.assertEqual(self.caller.call("io.credwatch.ScanText", {"text": ""})["result"]["hits"], 0)

    def test_oneway(self):
        """a call without a reply gets none: the next reply is that of the next call"""
        self.caller.send("io.credwatch.Status", {}, oneway=True)
        self.assertIn("vendor", self.caller.call(SERVICE + ".GetInfo"))


if __name__ == "__main__":
    daemon_harness.main()
