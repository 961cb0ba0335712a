# SPDX-License-Identifier: Apache-2.0
"""The alerts and the dashboard of contrib/ ask for what nodes show, and an alert fires."""

import json
import pathlib
import re
import shutil
import subprocess

import processes
from test_http import get, http_address, series

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "contrib/prometheus/ockam-node.rules.yml"
DASHBOARD = ROOT / "contrib/grafana/ockam-node.json"

EVERYTHING = """
[node]
name = n1
[tcp-listener main]
address = 127.0.0.1:0
[tcp-connection west]
address = 127.0.0.1:1
[service echo]
type = echo
[tcp-outlet outlet]
to = 127.0.0.1:1
[tcp-inlet in]
to = /service/outlet
[relay r]
at = /ip4/127.0.0.1/tcp/1
[identity]
vault = n1.vault
history = n1.identity
[secure-channel west-channel]
to = /ip4/127.0.0.1/tcp/1/service/api
[http]
address = 127.0.0.1:0
"""


def families_of(queries):
    return {name for q in queries for name in re.findall(r"\b(?:ockam|process)_[a-z_]+\b", q)}


def queries_of_dashboard():
    d = json.loads(DASHBOARD.read_text())
    return [t["expr"] for p in d["panels"] for t in p["targets"]] + [v["query"] for v in d["templating"]["list"]]


def test_alerts_and_dashboard_ask_for_series_that_a_node_shows(node):
    n = node(config=EVERYTHING)
    shown = {s.partition("{")[0] for s in series(get(http_address(n), "/metrics")[1])}
    rules = re.findall(r"expr: (.*)", RULES.read_text())
    assert len(rules) > 10
    wanted = families_of(rules) | families_of(queries_of_dashboard())
    assert wanted and wanted <= shown, wanted - shown


def test_each_alert_says_what_to_do_and_promtool_accepts_the_rules():
    text = RULES.read_text()
    assert text.count("runbook:") == text.count("alert:") == text.count("summary:")
    if not shutil.which("promtool"):
        processes.cannot_run("there is no promtool (Debian: prometheus)")
    checked = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_an_alert_fires_when_a_link_is_down(tmp_path):
    if not shutil.which("promtool"):
        processes.cannot_run("there is no promtool (Debian: prometheus)")
    (tmp_path / "rules.yml").write_text(RULES.read_text())
    (tmp_path / "test.yml").write_text("""
rule_files: [rules.yml]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - series: 'ockam_connection_up{instance="n1", connection="west", peer="10.0.0.2:4000"}'
        values: '1 1 0 0 0 0 0 0 0 0'
    alert_rule_test:
      - {eval_time: 15s, alertname: OckamConnectionDown, exp_alerts: []}
      - eval_time: 2m
        alertname: OckamConnectionDown
        exp_alerts:
          - exp_labels: {severity: critical, instance: n1, connection: west, peer: "10.0.0.2:4000"}
            exp_annotations:
              summary: "n1 has no link to 10.0.0.2:4000 (west)."
              runbook: "last_error of `ockam tcp-connection list --output json` (or of the other transport) or of the page says why; then look at the peer and at the network between."
""")
    checked = subprocess.run(["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr
