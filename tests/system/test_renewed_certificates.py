# SPDX-License-Identifier: Apache-2.0
"""Certificates that are renewed under the same paths while a node runs."""

import shutil
import signal
import socket
import ssl

import certificates
import pytest
from processes import wait_until


@pytest.fixture
def tls(authority, home):
    """The folder of what a node uses: server.pem, server.key; `put(name)` renews it."""

    class folder:
        at = home / "tls"

        def put(self, name):
            for kind in ("pem", "key"):  # as certbot does: a new file takes the place
                shutil.copy(authority / f"{name}.{kind}", self.at / f"new.{kind}")
                (self.at / f"new.{kind}").rename(self.at / f"server.{kind}")

    f = folder()
    f.at.mkdir()
    f.put("server")
    return f


KINDS = {"ws": "[ws-listener l]\naddress = wss://127.0.0.1:0\n", "caf": "[caf-listener l]\naddress = 127.0.0.1:0\n"}


@pytest.fixture(params=KINDS)
def listening(request, node, tls):
    n = node("n1", config=f"[node]\nname = n1\n{KINDS[request.param]}certificate = tls/server.pem\nkey = tls/server.key\n")
    n.tls_port = int(n.listeners[0][1].rstrip("/").rsplit(":", 1)[1])
    return n


def connect(n):
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    return anybody.wrap_socket(socket.create_connection(("127.0.0.1", n.tls_port), timeout=5))


def shown(n):
    with connect(n) as s:
        return s.getpeercert(binary_form=True)


def der(authority, name):
    return ssl.PEM_cert_to_DER_cert((authority / f"{name}.pem").read_text())


def test_a_renewed_certificate_is_taken_without_a_word_and_open_links_go_on(listening, tls, authority):
    with connect(listening) as before:
        assert before.getpeercert(binary_form=True) == der(authority, "server")
        tls.put("elsewhere")
        wait_until(lambda: shown(listening) == der(authority, "elsewhere"), "the new one is shown")
        wait_until(lambda: listening.errors().count("took the renewed certificates") == 1, "it says so")
        before.settimeout(0.2)
        with pytest.raises(TimeoutError):  # open, and silent
            while before.recv(100):
                pass


def test_sighup_takes_a_renewed_certificate_at_once(listening, tls, authority):
    tls.put("elsewhere")
    listening.send_signal(signal.SIGHUP)
    wait_until(lambda: "no section of the configuration has changed" in listening.errors(), "it has read it")
    assert shown(listening) == der(authority, "elsewhere")


@pytest.mark.parametrize("how", ["garbage", "gone", "of another key"])
def test_a_broken_certificate_leaves_the_one_before_in_use(listening, tls, authority, how):
    if how == "garbage":
        (tls.at / "server.pem").write_text("no certificate")
    elif how == "gone":
        (tls.at / "server.pem").unlink()
    else:
        shutil.copy(authority / "stranger.pem", tls.at / "server.pem")

    def complained():
        assert shown(listening) == der(authority, "server")
        return "the renewed certificates cannot be used" in listening.errors()

    wait_until(complained, "it says so")
    said = len(listening.errors())
    listening.send_signal(signal.SIGHUP)
    wait_until(lambda: "nothing was changed" in listening.errors()[said:], "SIGHUP refuses it")
    assert f"{tls.at}/server." in listening.errors()[said:]
    assert shown(listening) == der(authority, "server")
    tls.put("elsewhere")
    wait_until(lambda: shown(listening) == der(authority, "elsewhere"), "one that is right is taken")


def test_a_connection_uses_its_old_certificate_while_the_new_one_is_broken(node, tls, authority, ockam):
    peer = node("peer", config=f"[node]\nname = peer\n[ws-listener l]\naddress = wss://127.0.0.1:0\nca = {authority}/ca.pem\n"
                + "\n".join(certificates.own(authority, "server")) + "\n")
    port = peer.listeners[0][1].rstrip("/").rsplit(":", 1)[1]
    node("n1", config=f"[node]\nname = n1\n[ws-connection c]\naddress = wss://127.0.0.1:{port}\nca = {authority}/ca.pem\n"
         "certificate = tls/server.pem\nkey = tls/server.key\n")
    up = lambda: ockam("message", "send", "hi", "--from", "n1", "--to", "/worker/c/service/echo", "--timeout", "1s").out == "hi\n"  # noqa: E731
    wait_until(up, "it is up")
    (tls.at / "server.key").write_text("no key")
    for c in ockam("ws-connection", "list", "--at", "peer", "--output", "json").json:
        assert ockam("ws-connection", "delete", c["worker_addr"], "--at", "peer", "-y").code == 0
    wait_until(up, "it has come back")
