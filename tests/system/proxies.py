# SPDX-License-Identifier: Apache-2.0
"""A proxy for the tests: HTTP's CONNECT or SOCKS5, with a user and password if wanted. It notes what it was asked for."""

import base64
import socket
import struct
import threading


def exactly(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def _pour(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for s in (source, sink):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Proxy:
    """`kind`: http or socks5. `names`: where the names are that it is asked for. Ends with the `with`."""

    def __init__(self, kind, user=None, password=None, names=None):
        self.kind, self.user, self.password, self.names = kind, user, password, names or {}
        self.asked, self.refused = [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = [self.listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.open:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(s)
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        try:
            where, granted, denied = (self._http if self.kind == "http" else self._socks)(s)
            if where is None:
                self.refused += 1
                s.sendall(denied)
                s.close()
                return
            self.asked.append(where)
            host, port = where
            outer = socket.create_connection((self.names.get(host, host), port))
            self.open.append(outer)
            s.sendall(granted)
            threading.Thread(target=_pour, args=(s, outer), daemon=True).start()
            _pour(outer, s)
        except (OSError, EOFError):
            s.close()

    def _http(self, s):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += exactly(s, 1)
        lines = head.decode().split("\r\n")
        method, target, _ = lines[0].split(" ")
        assert method == "CONNECT"
        if self.user:
            wanted = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            if f"Proxy-Authorization: {wanted}" not in lines:
                return None, b"", b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        host, port = target.rsplit(":", 1)
        return (host.strip("[]"), int(port)), b"HTTP/1.1 200 Connection established\r\n\r\n", b""

    def _socks(self, s):
        _, count = exactly(s, 2)
        methods = exactly(s, count)
        if self.user:
            if 2 not in methods:
                return None, b"", b"\x05\xff"
            s.sendall(b"\x05\x02")
            user = exactly(s, exactly(s, 2)[1])
            password = exactly(s, exactly(s, 1)[0])
            if (user.decode(), password.decode()) != (self.user, self.password):
                return None, b"", b"\x01\x01"
            s.sendall(b"\x01\x00")
        else:
            s.sendall(b"\x05\x00")
        kind = exactly(s, 4)[3]
        if kind == 3:
            host = exactly(s, exactly(s, 1)[0]).decode()
        else:
            host = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, exactly(s, 4 if kind == 1 else 16))
        return (host, struct.unpack(">H", exactly(s, 2))[0]), b"\x05\x00\x00\x01\0\0\0\0\0\0", b""
