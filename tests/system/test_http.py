# SPDX-License-Identifier: Apache-2.0
"""The HTTP endpoint of a node: health, metrics and the page, for scrapers, probes and people, and against those who mean harm."""

import http.client
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

import processes
from processes import wait_until

CONFIG = """
[node]
name = n1
[tcp-listener main]
address = 127.0.0.1:0
[service echo]
type = echo
[http]
address = 127.0.0.1:0
"""


def http_address(node):
    return next(where for what, where in node.listeners if what == "http")


def get(address, path, headers=None, method="GET"):
    """(status, text)"""
    request = urllib.request.Request(f"http://{address}{path}", headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def series(text):
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line and line[0] != "#"}


def test_a_node_answers_probes_and_scrapers(node):
    n = node(config=CONFIG)
    at = http_address(n)
    assert get(at, "/health/live") == (200, "live\n")
    assert get(at, "/health/ready")[0] == 200
    shown = json.loads(get(at, "/show")[1])
    assert shown["name"] == "n1" and shown["listeners"][0]["name"] == "main"
    metrics = series(get(at, "/metrics")[1])
    assert metrics['ockam_listener_up{transport="tcp",listener="main"}'] == 1
    assert metrics["process_resident_memory_bytes"] > 1e6


def test_there_is_no_endpoint_unless_it_is_asked_for(node):
    n = node(config=CONFIG.split("[http]")[0])
    assert not [what for what, _ in n.listeners if what == "http"]


def test_a_node_is_not_ready_while_a_configured_connection_is_down_and_says_why(node):
    other = node(name="other")
    port = other.port
    n = node(config=CONFIG + f"[tcp-connection west]\naddress = 127.0.0.1:{port}\n")
    at = http_address(n)
    wait_until(lambda: get(at, "/health/ready")[0] == 200, "the connection is up", 20)
    other.finish()
    status, text = wait_until(lambda: (r := get(at, "/health/ready"))[0] == 503 and r, "the connection is down", 20)
    missing = json.loads(text)["not_ready"]
    assert missing[0]["kind"] == "tcp-connection" and missing[0]["name"] == "west" and missing[0]["reason"]
    assert [link["name"] for link in json.loads(get(at, "/show")[1])["links"] if link.get("lasting")] == ["west"]
    assert series(get(at, "/metrics")[1])[f'ockam_connection_up{{transport="tcp",connection="west",peer="127.0.0.1:{port}"}}'] == 0


def test_metrics_count_what_services_do(node, ockam):
    n = node(config=CONFIG)
    at = http_address(n)
    for _ in range(3):
        assert ockam("message", "send", "hi", "--to", "/service/echo", "--from", "n1").code == 0
    metrics = series(get(at, "/metrics")[1])
    assert metrics['ockam_service_received_messages_total{service="echo",type="echo"}'] == 3
    assert metrics['ockam_service_duration_seconds_count{service="echo",type="echo"}'] >= 1  # some are measured, not all


def test_promtool_finds_nothing_wrong_with_the_metrics(node):
    if not shutil.which("promtool"):
        processes.cannot_run("there is no promtool (Debian: prometheus)")
    n = node(config=CONFIG + "[tcp-connection west]\naddress = 127.0.0.1:1\n[tcp-outlet outlet]\nto = 127.0.0.1:1\n[tcp-inlet in]\nto = /service/outlet\n")
    text = get(http_address(n), "/metrics")[1]
    checked = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_how_many_series_there_are_does_not_depend_on_who_connects(node):
    n = node(config=CONFIG)
    at = http_address(n)
    before = set(series(get(at, "/metrics")[1]))
    for i in range(300):
        with socket.create_connection(("127.0.0.1", n.port)) as s:
            s.sendall(b"\x01" + b'evil"} 1\n' * (i % 3))
    accepted = 'ockam_listener_accepted_total{transport="tcp",listener="main"}'
    wait_until(lambda: series(get(at, "/metrics")[1])[accepted] >= 300, "all were accepted", 20)
    assert set(series(get(at, "/metrics")[1])) == before


# A service that starts a worker for each name that a stranger says made series of these names.
def test_workers_that_a_service_starts_have_no_series_of_their_own(node, ockam, home):
    (home / "child.lua").write_text("function on_message(m) m:reply('done') end\n")
    (home / "parent.lua").write_text("function on_message(m) m:reply(assert(spawn{script = 'child.lua', name = m.text})) end\n")
    n = node(config=CONFIG + "[service parent]\nscript = parent.lua\n")
    at = http_address(n)
    one = ockam("message", "send", "first", "--to", "/service/parent", "--from", "n1")
    assert one.code == 0 and "parent.first" in one.out, one
    before = series(get(at, "/metrics")[1])
    for i in range(5):
        assert ockam("message", "send", f"evil{i}", "--to", "/service/parent", "--from", "n1").code == 0
    after = series(get(at, "/metrics")[1])
    assert after.keys() == before.keys() and not [s for s in after if "evil" in s or "parent.first" in s]
    assert after['ockam_service_children{service="parent"}'] == 6


def test_the_connection_of_a_relay_is_counted_by_the_relay_and_relays_of_others_in_one_sum(node, ockam):
    center = node(name="center", config="[node]\nname = center\n[tcp-listener main]\naddress = 127.0.0.1:0\n[http]\naddress = 127.0.0.1:0\n")
    n = node(config=CONFIG + f"[relay db]\nat = /ip4/127.0.0.1/tcp/{center.port}\n")
    at = http_address(n)
    wait_until(lambda: series(get(at, "/metrics")[1]).get('ockam_relay_up{name="db"}') == 1, "the relay is up", 20)
    metrics = series(get(at, "/metrics")[1])
    assert metrics['ockam_relay_sent_messages_total{name="db"}'] >= 1 and metrics['ockam_relay_received_bytes_total{name="db"}'] > 0
    assert not [s for s in metrics if re.search("[0-9a-f]{32}", s)]
    there = series(get(http_address(center), "/metrics")[1])
    assert there["ockam_relay_service_relays"] == 1 and not [s for s in there if "forward_to" in s]
    before = there["ockam_relay_service_messages_total"]
    assert ockam("message", "send", "hello", "--to", f"/ip4/127.0.0.1/tcp/{center.port}/service/forward_to_db/service/echo", "--from", "n1").code == 0
    there = series(get(http_address(center), "/metrics")[1])
    assert there["ockam_relay_service_messages_total"] > before and there["ockam_relay_service_bytes_total"] > 0
    assert there["ockam_pool_threads"] >= 0 and there["ockam_pool_waiting_jobs"] >= 0
    center.finish()
    _, text = wait_until(lambda: (r := get(at, "/health/ready"))[0] == 503 and r, "it is down", 20)
    assert [m["kind"] for m in json.loads(text)["not_ready"]] == ["relay"]


def test_clients_that_never_read_or_never_ask_hold_up_nobody(node, ockam):
    n = node(config=CONFIG)
    at = http_address(n)
    host, _, port = at.rpartition(":")
    held = []
    for i in range(200):
        s = socket.create_connection((host, int(port)))
        if i % 2:
            s.sendall(b"GET /show HTTP/1.1\r\nHost: localhost\r\n\r\n")
        held.append(s)
    began = time.monotonic()
    assert ockam("message", "send", "hi", "--to", "/service/echo", "--from", "n1").code == 0
    assert time.monotonic() - began < 5
    for s in held:
        s.close()
    wait_until(lambda: get_or_none(at) == (200, "live\n"), "it answers again", 20)


def get_or_none(at):
    try:
        return get(at, "/health/live")
    except (urllib.error.URLError, http.client.HTTPException, OSError):  # also of what speaks no HTTP
        return None


def test_the_node_stops_in_time_with_clients_connected(node):
    n = node(config=CONFIG)
    host, _, port = http_address(n).rpartition(":")
    held = [socket.create_connection((host, int(port))) for _ in range(10)]
    began = time.monotonic()
    assert n.finish() is None
    assert time.monotonic() - began < 8
    for s in held:
        s.close()


def test_a_token_is_needed_where_others_can_ask(node, run, config_file, home):
    wrong = run("ockam-node", "--check-config", "--config", config_file(CONFIG.replace("[http]\naddress = 127.0.0.1:0", "[http]\naddress = 0.0.0.0:0")))
    assert wrong.code == 78 and "token-file" in wrong.err
    (home / "token").write_text("0123456789abcdef0123\n")
    n = node(config=CONFIG.replace("[http]\naddress = 127.0.0.1:0", "[http]\naddress = 0.0.0.0:0\ntoken-file = token"))
    at = http_address(n).replace("0.0.0.0", "127.0.0.1")
    assert get(at, "/metrics")[0] == 401
    assert get(at, "/metrics", {"Authorization": "Bearer 0123456789abcdef0123"})[0] == 200
    assert get(at, "/health/live")[0] == 200


def test_a_reload_moves_adds_and_takes_away_the_endpoint(node, home):
    n = node(config=CONFIG)
    first = http_address(n)
    (home / "n1.ini").write_text(CONFIG.replace("[http]\naddress = 127.0.0.1:0", "[http]\naddress = " + str(home / "http.sock")))
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: (home / "http.sock").exists(), "it has moved", 20)
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(str(home / "http.sock"))
        s.sendall(b"GET /health/live HTTP/1.1\r\n\r\n")
        assert s.recv(100).startswith(b"HTTP/1.1 200")
    wait_until(lambda: get_or_none(first) is None, "the old place is closed", 20)
    (home / "n1.ini").write_text(CONFIG.split("[http]")[0])
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: not (home / "http.sock").exists(), "it is gone", 20)


WITH_TOKEN = CONFIG.replace("[http]\naddress = 127.0.0.1:0", "[http]\naddress = 127.0.0.1:0\ntoken-file = token")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_a_token_that_was_renewed_under_its_path_counts_after_a_reload(node, home):
    (home / "token").write_text("0123456789abcdef0123\n")
    n = node(config=WITH_TOKEN)
    at = http_address(n)
    (home / "token").write_text("fedcba98765432100123\n")
    assert get(at, "/show", bearer("0123456789abcdef0123"))[0] == 200, "nobody has said so yet"
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: get(at, "/show", bearer("fedcba98765432100123"))[0] == 200, "it is read", 20)
    assert get(at, "/show", bearer("0123456789abcdef0123"))[0] == 401
    assert "http: goes on at" in n.errors()


@pytest.mark.parametrize("wrong", ["token-file = nothere", "token-file = short", "certificate = nothere\nkey = nothere"])
def test_files_that_cannot_be_used_leave_the_endpoint_and_all_else_as_they_are(node, run, home, wrong):
    (home / "token").write_text("0123456789abcdef0123\n")
    (home / "short").write_text("x\n")
    n = node(config=WITH_TOKEN)
    at = http_address(n)
    text = WITH_TOKEN.replace("token-file = token", wrong).replace("type = echo", "type = uppercase")
    (home / "n1.ini").write_text(text)
    checked = run("ockam-node", "--check-config", "--config", home / "n1.ini")
    assert checked.code == 78 and "n1.ini:10: [http]: " in checked.err, checked
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "nothing was changed" in n.errors(), "it is refused", 20)
    assert get(at, "/show", bearer("0123456789abcdef0123"))[0] == 200
    assert "uppercase" not in [s["type"] for s in json.loads(get(at, "/show", bearer("0123456789abcdef0123"))[1])["services"] if s["address"] == "echo"]
    (home / "n1.ini").write_text(WITH_TOKEN)
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: "no section of the configuration has changed" in n.errors(), "it goes on", 20)
    assert get(at, "/show", bearer("0123456789abcdef0123"))[0] == 200


def test_the_endpoint_comes_to_where_a_listener_was(node, home):
    n = node(config=CONFIG)
    at = next(where for what, where in n.listeners if what == "tcp")
    (home / "n1.ini").write_text(CONFIG.replace("address = 127.0.0.1:0\n[service", "address = 127.0.0.2:0\n[service").replace("[http]\naddress = 127.0.0.1:0", f"[http]\naddress = {at}"))
    n.send_signal(signal.SIGHUP)
    wait_until(lambda: (get_or_none(at) or (0,))[0] == 200, "it answers there", 20)


def test_a_place_that_is_taken_changes_nothing(node, home):
    n = node(config=CONFIG)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (home / "n1.ini").write_text(CONFIG.replace("type = echo", "type = uppercase").replace("[http]\naddress = 127.0.0.1:0", f"[http]\naddress = 127.0.0.1:{taken.getsockname()[1]}"))
        n.send_signal(signal.SIGHUP)
        wait_until(lambda: "nothing was changed" in n.errors(), "it is refused", 20)
    assert get(http_address(n), "/health/live")[0] == 200
    assert "service echo" not in n.errors().partition("SIGHUP")[2]


def test_node_create_has_options_for_it_and_node_show_says_where(ockam, programs, env):
    assert ockam("node", "create", "n1", "--http-server").code == 0
    shown = json.loads(ockam("node", "show", "n1", "--output", "json").out)
    at = shown["http_server_address"]
    assert shown["status_endpoint_address"] == at, "as the reference"
    assert get(at, "/health/live")[0] == 200
    assert f"HTTP server: {at}" in processes.on_a_terminal(programs / "ockam", ["node", "show", "n1"], env)[0]
    assert ockam("node", "create", "n2").code == 0
    shown = json.loads(ockam("node", "show", "n2", "--output", "json").out)
    assert "http_server_address" not in shown and shown["status_endpoint_address"] is None
    assert "HTTP server" not in processes.on_a_terminal(programs / "ockam", ["node", "show", "n2"], env)[0]
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    assert ockam("node", "create", "n3", "--http-server-port", str(port)).code == 0
    assert get(f"127.0.0.1:{port}", "/health/live")[0] == 200
    wrong = ockam("node", "create", "n4", "--http-server-port", "70000")
    assert wrong.code == 64 and "70000" in wrong.out


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js"])
def test_the_page_loads_nothing_from_elsewhere(node, path):
    n = node(config=CONFIG)
    status, text = get(http_address(n), path)
    assert status == 200
    assert not re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?https?:", text)


def test_many_ask_at_once_and_each_is_answered_or_closed(node):
    n = node(config=CONFIG)
    at = http_address(n)
    outcomes = []

    def ask():
        outcomes.append(get_or_none(at))

    threads = [threading.Thread(target=ask) for _ in range(200)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(outcomes) == 200 and (200, "live\n") in outcomes
    wait_until(lambda: get_or_none(at) == (200, "live\n"), "it answers again", 20)


def https(address, path, authority, client=None, timeout=10):
    context = ssl.create_default_context(cafile=authority / "ca.pem")
    if client:
        context.load_cert_chain(authority / f"{client}.pem", authority / f"{client}.key")
    port = address.rpartition(":")[2]
    with urllib.request.urlopen(f"https://localhost:{port}{path}", context=context, timeout=timeout) as r:
        return r.status, r.read().decode()


def test_it_speaks_tls_and_asks_for_certificates_of_clients(node, authority):
    n = node(config=CONFIG + "".join(
        f"{key} = {authority}/{file}\n" for key, file in (("certificate", "server.pem"), ("key", "server.key"), ("ca", "ca.pem"))))
    at = next(where for what, where in n.listeners if what == "https")
    assert https(at, "/health/live", authority, "client") == (200, "live\n")
    assert "ockam_build_info" in https(at, "/metrics", authority, "client")[1]
    with pytest.raises((ssl.SSLError, OSError)):
        https(at, "/health/live", authority)
    with pytest.raises((OSError, urllib.error.URLError)):
        get(at, "/health/live")
    with socket.create_connection(at.rsplit(":", 1)) as silent:  # says nothing: its connection ends, and nobody waits for it
        assert https(at, "/health/ready", authority, "client")[0] == 200
        silent.settimeout(20)
        assert silent.recv(1) == b""


@pytest.mark.parametrize("keys, says", [
    ("certificate = a.pem\n", "[http] needs both certificate and key"),
    ("ca = a.pem\n", "[http] needs both certificate and key"),
])
def test_half_of_tls_is_refused(run, config_file, keys, says):
    r = run("ockam-node", "--config", config_file(CONFIG + keys), "--check-config")
    assert r.code == 78 and says in r.err, r


def post(address, path, body, headers=None):
    request = urllib.request.Request(f"http://{address}{path}", data=body.encode(), headers={"Content-Type": "application/json", **(headers or {})}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def test_a_route_is_traced_over_http(node):
    other = node("other")
    n = node(config=CONFIG + f"[tcp-connection west]\naddress = 127.0.0.1:{other.port}\n")
    at = http_address(n)
    wait_until(lambda: get(at, "/health/ready")[0] == 200, "the connection is up", 20)
    status, text = post(at, "/trace", '{"route": "/worker/west/service/echo"}')
    found = json.loads(text)
    assert status == 200 and found["outcome"] == "answered" and found["hops"][-1]["node"] == "other", text
    assert json.loads(post(at, "/trace", '{"route": "/service/none"}')[1])["reason"] == "unknown-worker"


@pytest.mark.parametrize("body, headers, status", [
    ('{"route": "/ip4/127.0.0.1/tcp/1/service/echo"}', {}, 403),  # it makes a node connect, and anybody of this host may ask
    ('{"route": "/service/echo"}', {"Content-Type": "text/plain"}, 403),  # what a form of another site could send
    ('{"route": "/service/echo"}', {"Sec-Fetch-Site": "cross-site"}, 403),
    ('{"route": "/service/echo"}', {"Host": "evil.example"}, 403),
    ('{"route": 1}', {}, 400), ("[", {}, 400), ('{"route": "/nonsense/x"}', {}, 403),
])
def test_traces_that_are_not_for_everybody(node, body, headers, status):
    at = http_address(node(config=CONFIG))
    assert post(at, "/trace", body, headers)[0] == status
    assert post(at, "/show", body)[0] == 405


def test_the_time_of_turns_is_counted(node):
    n = node(config=CONFIG)
    metrics = series(get(http_address(n), "/metrics")[1])
    assert metrics["ockam_socket_thread_turn_seconds_count"] > 0
    assert metrics['ockam_socket_thread_turn_seconds_bucket{le="+Inf"}'] == metrics["ockam_socket_thread_turn_seconds_count"]
