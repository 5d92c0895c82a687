#!/usr/bin/env python3
"""Messages made to hurt (fault 16): too slow, too long, too deep, cut off, not JSON at all. The offender's connection is closed, the
daemon lives on, others are answered rightly meanwhile, and the log repeats nothing of what was sent.

    python3 -B test_daemon_hostile.py CREDWATCHD"""
import json
import os
import select
import socket

import daemon_harness
import daemon_load

QUICK = "daemon: {message_ms: 300}\n"
MIB = 1 << 20


def call_text(method, parameters):
    return '{"method":"io.credwatch.%s","parameters":%s}' % (method, parameters)


class Messages(daemon_load.Case):
    def send_until_closed(self, client, piece, limit):
        """Send PIECE again and again; how many bytes went before the daemon closed, at most about LIMIT."""
        sent = 0
        try:
            while sent < limit:
                sent += client.sock.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return sent

    def test_half_a_message(self):
        # The start of a message and then silence: closed when its time is over; an idle connection without a message stays.
        daemon = self.daemon(QUICK)
        with self.beside(daemon), daemon.connect() as idle, daemon.connect() as client:
            client.send_raw(('{"method":"io.credwatch.ScanText","parameters":{"text":"' + self.token).encode())
            self.closed(client)
            self.assertIn("pid", idle.call("Status"))
        self.assertIn("did not end in time", daemon.log())

    def test_byte_by_byte(self):
        # A few bytes now and then do not make the time of a message longer.
        daemon = self.daemon(QUICK)
        message = (call_text("ScanText", '{"text":"%s"}' % self.token) + "\0").encode()
        with self.beside(daemon), daemon.connect() as client:
            for byte in message:
                if select.select([client.sock], [], [], 0.02)[0]:
                    break
                client.send_raw(bytes([byte]))
            else:
                self.fail("a message of %d pieces was waited for" % len(message))
            self.closed(client)

    def test_slow_but_whole(self):
        # A message in single bytes that is whole in time is answered.
        daemon = self.daemon()
        with daemon.connect() as client:
            for byte in (call_text("ScanText", '{"text":"%s"}' % self.token) + "\0").encode():
                client.send_raw(bytes([byte]))
            self.assertEqual(client.answer()["result"]["hits"], 1)

    def test_endless(self):
        # A message of 1 GB: closed at the limit; the daemon's memory stays near it.
        daemon = self.daemon("daemon: {message_max: 4M}\n")
        before = daemon_load.peak_kib(daemon.process.pid)
        head = '{"method":"io.credwatch.ScanText","parameters":{"text":"'.encode()
        with self.beside(daemon), daemon.connect() as client:
            client.send_raw(head)
            sent = self.send_until_closed(client, b"a" * MIB, 1 << 30)
            self.assertLess(sent, 64 * MIB)
            self.closed(client)
        if not os.environ.get("SANITIZED"):
            self.assertLess(daemon_load.peak_kib(daemon.process.pid) - before, 32 << 10)

    def test_largest(self):
        # A message just under the limit is answered, one just above it is not.
        daemon = self.daemon("daemon: {message_max: 1M}\n")
        frame = len(call_text("ScanText", '{"text":""}'))
        with self.beside(daemon):
            for size, good in ((MIB - frame, True), (MIB - frame + 1, False)):
                text = self.token + " " + "a b " * MIB
                with daemon.connect() as client:
                    client.send_raw((call_text("ScanText", '{"text":"%s"}' % text[:size]) + "\0").encode())
                    if good:
                        self.assertEqual(client.answer()["result"]["hits"], 1)
                    else:
                        self.closed(client)

    def test_many_half_messages(self):
        # Many connections that each hold a long message back: all of them together stay below a limit.
        daemon = self.daemon("daemon: {message_max: 16M}\n")
        before = daemon_load.anonymous_kib(daemon.process.pid)
        piece, clients, dropped = b"a" * MIB, [], 0
        with self.beside(daemon, 1):
            for _ in range(40):
                client = daemon.connect()
                clients.append(client)
                dropped += self.send_until_closed(client, piece, 15 * MIB) < 15 * MIB
            most = daemon_load.anonymous_kib(daemon.process.pid) - before
            for client in clients:
                client.close()
        self.assertGreater(dropped, 0)
        self.assertLess(most, 400 << 10)

    def test_depth(self):
        # 1,001 levels, and a million; in a parameter and in place of the call.
        daemon = self.daemon()
        with self.beside(daemon):
            for depth in (1001, 1000000):
                for text in (call_text("ScanText", '{"text":%s%s}' % ("[" * depth, "]" * depth)), "[" * depth, '{"a":' * depth,
                             call_text("ReportOutcome", '{"findings":%s{}%s}' % ("[" * depth, "]" * depth))):
                    with daemon.connect() as client:
                        client.send_raw(text.encode() + b"\0")
                        self.closed(client)

    def test_no_messages(self):
        # What is no call: the connection is closed without an answer.
        token = self.token
        bad = [
            b"", b"\0", b" ", b"GET / HTTP/1.1\r\n\r\n", b"null", b"[]", b"\"%s\"" % token.encode(), b"{}", b"{", b"}", b"{\"method\"}",
            b'{"method":1}', b'{"method":null}', b'{"method":["io.credwatch.Status"]}', b'{"parameters":{}}',
            b'{"method":"io.credwatch.Status","method":"io.credwatch.Status"}',
            b'{"method":"io.credwatch.Status","Method":"x"}', b'{"method":"io.credwatch.Status","more":1}',
            b'{"method":"io.credwatch.Status","more":true,"oneway":true}',
            b'{"method":"io.credwatch.Status","parameters":[]}', b'{"method":"io.credwatch.Status","parameters":"x"}',
            b'{"method":"io.credwatch.Status","parameters":{}}{}', b'{"method":"io.credwatch.Status"} x',
            b'{"method":"io.credwatch.\\u0053tatus"}', b'{"m\\u0065thod":"io.credwatch.Status"}',
            b'{"method":"io.credwatch.ScanText","parameters":{"text":"a","text":"%s"}}' % token.encode(),
            b'{"method":"io.credwatch.ScanText","parameters":{"text":"\xff%s"}}' % token.encode(),
            b'{"method":"io.credwatch.ScanText","parameters":{"text":"\xc0\x80"}}',
            b'{"method":"io.credwatch.ScanText","parameters":{"text":"\xed\xa0\x80"}}',
            b'{"method":"io.credwatch.ScanText","parameters":{"text":"\xf4\x90\x80\x80"}}',
            b'{"method":"io.credwatch.ScanText","parameters":{"text":"\\u0000%s"}}' % token.encode(),
            b'{"method":"io.credwatch.ScanText","parameters":{"text":"\\ud800"}}',
            b'{"method":"io.credwatch.ScanText","parameters":{"text":"\\q"}}',
            b'{"method":"io.credwatch.ScanText","parameters":{"text":"a\nb"}}',
            b'{"method":"io.credwatch.ScanText","parameters":{"text":\'a\'}}',
            b'{"method":"io.credwatch.ListFindings","parameters":{"since":01}}',
            b'{"method":"io.credwatch.ListFindings","parameters":{"since":+1}}',
            b'{"method":"io.credwatch.ListFindings","parameters":{"since":.5}}',
            b'{"method":"io.credwatch.ListFindings","parameters":{"since":NaN}}',
            b'{"method":"io.credwatch.ListFindings","parameters":{"since":Infinity}}',
            b"\xff" * 4096, b"\xef\xbb\xbf" + b'{"method":"io.credwatch.Status"}', bytes(range(1, 256)),
        ]
        daemon = self.daemon()
        with self.beside(daemon):
            for message in bad:
                with self.subTest(message=message), daemon.connect() as client:
                    client.send_raw(message + b"\0")
                    self.closed(client)

    def test_refused_calls(self):
        # Calls that are well made and wrong: each is answered with an error, and the connection goes on.
        depth = "[" * 40 + "]" * 40
        bad = [("ScanText", "{}"), ("ScanText", '{"text":null}'), ("ScanText", '{"text":1}'), ("ScanText", '{"text":["a"]}'),
               ("ScanText", '{"text":{"a":"%s"}}' % self.token), ("ScanText", '{"text":"a","path":7}'),
               ("ScanText", '{"text":%s}' % depth), ("ScanText", '{"text":"a","extra":"%s"}' % self.token),
               ("ScanText", '{"Text":"a"}'), ("ScanText", '{"text":"a","engine":"none"}'), ("ScanText", '{"text":"a","digest":""}'),
               ("ScanText", '{"text":"a","engine":7}'), ("ScanFd", "{}"), ("ScanObjects", "{}"), ("ScanObjects", '{"objects":7}'),
               ("ScanRepository", "{}"), ("ScanRepository", '{"path":7}'), ("ScanRepository", '{"path":""}'),
               ("ScanRepository", '{"path":"relative"}'), ("ScanRepository", '{"path":"/"}'),
               ("ScanRepository", '{"path":"/%s"}' % self.token), ("ReportOutcome", "{}"),
               ("ReportOutcome", '{"command":7,"repository":"r","status":1,"findings":[],"expected":1,"unscanned":0}'),
               ("ReportOutcome", '{"command":"x","repository":"r","status":"%s","findings":[],"expected":1,"unscanned":0}' % self.token),
               ("Disconnect", "{}"), ("Disconnect", '{"session":"1"}'), ("Disconnect", '{"session":-1}'),
               ("Disconnect", '{"session":1.5}'),
               ("Disconnect", '{"session":-0}'), ("Disconnect", '{"session":123456789}'),
               ("ListFindings", '{"since":"%s"}' % self.token), ("ListFindings", '{"repository":7}'),
               ("Subscribe", "{}"), ("Status", '{"x":1}'), ("None", "{}"), ("scantext", "{}"), ("ScanText.", "{}"), ("", "{}")]
        daemon = self.daemon()
        with self.beside(daemon), daemon.connect() as client:
            for method, parameters in bad:
                with self.subTest(method=method, parameters=parameters):
                    client.send_raw((call_text(method, parameters) + "\0").encode())
                    reply = client.receive()
                    self.assertIn("error", reply)
                    self.assertNotIn(self.token, json.dumps(reply) if method != "ScanRepository" else "")

    def test_method_names(self):
        # Names that no method has, or could have: an error, or the end of the connection.
        daemon = self.daemon()
        with self.beside(daemon):
            for name in ("org.varlink.service.Nothing", "a.b.C", "x" * 100000, "io.credwatch", "io.credwatch.", ".", "a b", "\\u0041", self.token):
                with self.subTest(name=name[:40]), daemon.connect() as client:
                    client.send_raw(b'{"method":"%s"}\0' % name.encode())
                    reply = client.receive_raw()
                    self.assertTrue(reply is None or "error" in json.loads(reply))

    def test_numbers(self):
        # Numbers that no integer or double holds: an error or the end of the connection, never another number.
        daemon = self.daemon()
        with self.beside(daemon):
            for number in ("1e400", "-1e400", "1e-400", "9" * 26, "-" + "9" * 26, "1" + "0" * 100000, "0." + "9" * 100000, "18446744073709551617",
                           "9223372036854775808", "9007199254740993", "1e1000000000000"):
                for method, key in (("Disconnect", "session"), ("ListFindings", "since")):
                    with self.subTest(number=number[:40]), daemon.connect() as client:
                        client.send_raw((call_text(method, '{"%s":%s}' % (key, number)) + "\0").encode())
                        reply = client.receive_raw()
                        self.assertTrue(reply is None or "error" in json.loads(reply) or method == "ListFindings", reply)

    def test_around_a_call(self):
        # Garbage behind a valid call: the call is answered, then the connection is closed. Garbage in front: it is not.
        daemon = self.daemon()
        call = (call_text("ScanText", '{"text":"%s"}' % self.token) + "\0").encode()
        with self.beside(daemon):
            for garbage in (b"\0", b"x\0", b"\xff\xfe\0", b"{}\0", b"\0" * 100000):
                with daemon.connect() as client:
                    client.send_raw(call)
                    client.send_raw(garbage + call)
                    self.assertEqual(client.answer()["result"]["hits"], 1)
                    self.closed(client)
                with daemon.connect() as client:
                    client.send_raw(garbage + call)
                    self.closed(client)

    def test_floods(self):
        # Floods of NUL bytes, of empty objects, of calls whose answers nobody reads: each costs its own connection.
        daemon = self.daemon(QUICK)
        with self.beside(daemon):
            for piece in (b"\0" * MIB, b"{}\0" * (MIB // 3), b"[" * MIB, b'"' * MIB):
                with daemon.connect() as client:
                    self.assertLess(self.send_until_closed(client, piece, 128 * MIB), 128 * MIB)
            before = daemon_load.anonymous_kib(daemon.process.pid)
            with daemon.connect() as client:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                piece = b'{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.credwatch"}}\0' * 100
                self.assertLess(self.send_until_closed(client, piece, 512 * MIB), 512 * MIB)
            self.grew_less(daemon, before, 64 << 10)
        self.assertIn("does not read", daemon.log())

    def test_gone_in_the_middle(self):
        # Connections that end in the middle of a message, of a scan, of a stream; none of their answers goes astray.
        daemon = self.daemon()
        text = call_text("ScanText", '{"text":"%s"}' % ((self.token + " a b c ") * 20000))
        with self.beside(daemon):
            for sent in (1, 20, 100, len(text) // 2, len(text), len(text) + 1):
                for _ in range(10):
                    with daemon.connect() as client:
                        client.send_raw((text + "\0")[:sent].encode())
            for method in ("Subscribe", "ListFindings"):
                for _ in range(20):
                    with daemon.connect() as client:
                        client.send(method, more=True)
            # a half-closed connection gets its answer
            with daemon.connect() as client:
                client.send("ScanText", {"text": self.token})
                client.sock.shutdown(socket.SHUT_WR)
                self.assertEqual(client.answer()["result"]["hits"], 1)
                self.closed(client)
        with daemon.connect() as client:
            # All of them are given up: this one is alone.
            self.assertEqual(client.call("Status")["connections"], 1)


if __name__ == "__main__":
    daemon_harness.main()
