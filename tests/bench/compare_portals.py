# SPDX-License-Identifier: Apache-2.0
"""Portals beside other forwarders of TCP, for information: no goals. Started by dev/compare-portals."""

import argparse
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import report  # noqa: E402
import machines  # noqa: E402
import ways  # noqa: E402
from portal_rows import Cpu, Iperf, Redis, beside  # noqa: E402

COLUMNS = ("ours", "no portal", "one socat", "two socats", "haproxy", "rathole", "real", "frp")
OTHERS = COLUMNS[1:]
ROWS = [
    Iperf("portal", "iperf3, one stream", None, beside(others=OTHERS)),
    Iperf("portal-8", "iperf3, eight streams", None, beside("-P", 8, others=OTHERS)),
    Iperf("portal-reverse", "iperf3, reverse", None, beside("-R", others=OTHERS)),
    Cpu("portal-cpu", "CPU time for each GB", None, beside(others=OTHERS[1:])),
    Redis("portal-redis-1", "Redis PING, one client", None, 1, 8000, others=OTHERS),
    Redis("portal-redis-50", "Redis PING, 50 clients", None, 50, 30_000, others=OTHERS),
]


def main():
    p = argparse.ArgumentParser(prog="dev/compare-portals", description=__doc__)
    p.add_argument("--programs", type=pathlib.Path, default=report.ROOT / "build/bench/bin", help=argparse.SUPPRESS)
    p.add_argument("--peer", type=pathlib.Path, help=argparse.SUPPRESS)
    p.add_argument("--row", action="append", metavar="KEY", choices=[r.key for r in ROWS], help="only this row (may be given several times)")
    p.add_argument("--rounds", type=int, default=3, help="rounds of each row (default 3)")
    p.add_argument("--seconds", type=float, default=1.5, help="length of each measurement (default 1.5)")
    o = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="ok-", dir="/tmp") as home:
        m = machines.Machines(o.programs.resolve(), o.peer, pathlib.Path(home))
        here = [c for c in COLUMNS if ways.is_here(m, c)]
        print(machines.describe())
        print(f"not here: {', '.join(c for c in COLUMNS if c not in here) or 'none'}")
        print("| work | " + " | ".join(here) + " |", "|---|" + "---|" * len(here), sep="\n", flush=True)
        for row in ROWS:
            if o.row and row.key not in o.row:
                continue
            why = row.missing(m)
            if why:
                print(f"| {row.title}: {why} |" + " – |" * len(here), flush=True)
                continue
            median = report.measure(row, m, o.rounds, o.seconds)["median"]
            print(f"| {row.title}, {row.unit} | " + " | ".join(report.number(median[c]) if c in median else "–" for c in here) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
