# SPDX-License-Identifier: Apache-2.0
"""Passes one TCP connection on at so many bytes a second, each way: a slow link.

    python3 slow_proxy.py LISTEN-HOST PORT TO-HOST PORT BYTES-A-SECOND
"""

import socket
import sys
import threading
import time


def pour(source, sink, rate):
    """The sleep is what this program is for: it makes the link slow."""
    chunk = max(1, rate // 50)
    try:
        while data := source.recv(chunk):
            sink.sendall(data)
            time.sleep(len(data) / rate)
    except OSError:
        pass
    for s in (source, sink):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    host, port, to, to_port, rate = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    with socket.create_server((host, port)) as listener:
        print("ready", flush=True)
        while True:
            inner = listener.accept()[0]
            try:
                outer = socket.create_connection((to, to_port))
            except OSError:
                inner.close()
                continue
            for s in (inner, outer): # small buffers: what is slow shall be felt
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
            for a, b in ((inner, outer), (outer, inner)):
                threading.Thread(target=pour, args=(a, b, rate), daemon=True).start()


main()
