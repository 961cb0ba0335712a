# SPDX-License-Identifier: Apache-2.0
"""A collector of spans (OTLP over HTTP, JSON) that does what a test wants."""

import contextlib
import http.server
import json
import ssl
import threading

from processes import wait_until


class Collector:
    """Keeps the spans that come in, by request. `answer` says how the next requests are answered: a status, a tuple of it,
    headers and maybe a body, a function of the number of the request, or None: it hangs until `release`."""

    def __init__(self, answer=200, port=0, tls=None):
        self.answer = answer
        self.requests = []  # (path, headers, body) of those that have come whole
        self.spans = []  # of those that were answered with 200
        self._go_on = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append((self.path, dict(self.headers), body))
                what = outer.answer(len(outer.requests)) if callable(outer.answer) else outer.answer
                if what is None:
                    outer._go_on.wait(60)
                    return
                status, headers, text = (*what, b"{}")[:3] if isinstance(what, tuple) else (what, {}, b"{}")
                if status == 200:
                    outer.spans += _spans_of(body)
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k, v)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._scheme = "https" if tls else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def url(self):
        return f"{self._scheme}://127.0.0.1:{self.port}/v1/traces"

    def release(self):
        self._go_on.set()

    def close(self):
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def wait(self, n, timeout=20):
        """Until so many spans have come; all of them."""
        wait_until(lambda: len(self.spans) >= n, f"{n} spans have come", timeout)
        return self.spans

    def named(self, name):
        found = [s for s in self.spans if s["name"] == name]
        assert found, f"no span {name} among {[s['name'] for s in self.spans]}"
        return found[0]


def _spans_of(body):
    out = []
    for resource in body["resourceSpans"]:
        of = {a["key"]: a["value"]["stringValue"] for a in resource["resource"]["attributes"]}
        for scope in resource["scopeSpans"]:
            for s in scope["spans"]:
                attributes = {a["key"]: a["value"]["stringValue"] for a in s["attributes"]}
                out.append({**s, "attributes": attributes, "resource": of})
    return out


def section(url, **keys):
    """`[tracing]`, quick to send."""
    lines = {"otlp": url, "interval": "50ms", **{k.replace("_", "-"): v for k, v in keys.items()}}
    return "[tracing]\n" + "".join(f"{k} = {v}\n" for k, v in lines.items())


@contextlib.contextmanager
def nowhere():
    """The address of a collector that is not there: its port is taken, and nobody listens."""
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{s.getsockname()[1]}/v1/traces", s.getsockname()[1]
