# SPDX-License-Identifier: Apache-2.0
"""Runs the rows of `rows.py` and prints their table. Started by dev/bench, which builds everything."""

import argparse
import contextlib
import copy
import datetime
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "system")]  # it has `endings`
import channel_rows  # noqa: E402
import machines  # noqa: E402
import portal_rows  # noqa: E402
import rows  # noqa: E402

ROWS = rows.ROWS + portal_rows.ROWS + channel_rows.ROWS
ROOT = pathlib.Path(__file__).resolve().parents[2]


def number(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def measure(row, m, rounds, seconds, earlier=None):
    """All rounds of a row: what came out, its medians and whether its goal is met. `earlier`: the programs of another commit,
    which take part as `before`."""
    samples = {}
    with row.contenders(m, seconds) as contenders, before(row, earlier, seconds) as found:
        contenders = {**contenders, **found}
        for i in range(rounds):
            names = list(contenders)
            for name in names[i % len(names):] + names[: i % len(names)]:  # nobody is always the first
                samples.setdefault(name, []).append(contenders[name]())
    median = {name: statistics.median(s) for name, s in samples.items()}
    extras = row.extras(m, median)
    goals = [{**g._asdict(), "met": is_met(g, median)} for g in row.goals]
    return {
        "key": row.key, "title": row.title, "unit": row.unit, "goals": goals, "median": median, "samples": samples,
        "met": all(g["met"] is not False for g in goals) and all(good for _, good in extras if good is not None),
        "extras": [text for text, _ in extras]}


@contextlib.contextmanager
def before(row, earlier, seconds):
    """What `row` measures with the programs of an earlier commit; nothing where that has no such thing yet."""
    with contextlib.ExitStack() as stack:
        found = {}
        if earlier:
            row = copy.copy(row)  # its findings beside the figure are of the programs of today
            try:
                contenders = stack.enter_context(row.contenders(earlier, seconds))
                contenders["ours"]()
                found["before"] = contenders["ours"]
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as e:
                print(f"{row.key}: not measured with the earlier programs: {e}", file=sys.stderr)
        yield found


def is_met(goal, median):
    """None: what it compares with is not here."""
    if goal.of and goal.of not in median:
        return None
    bound = goal.number * (median[goal.of] if goal.of else 1)
    return median["ours"] <= bound if goal.at_most else median["ours"] >= bound


NAMES = {"raw": "epoll echo", "real": "real node"}


def goal_text(goal, unit):
    if goal["of"]:
        text = f"{'at most ' if goal['at_most'] else ''}{goal['number']:g} × {NAMES.get(goal['of'], goal['of'])}"
        return text + (" (not here)" if goal["met"] is None else "")
    return f"{'under' if goal['at_most'] else 'at least'} {goal['number']:g} {unit}"


def verdict(r):
    if not r["goals"]:
        return "–"
    compared = any(g["met"] is not None for g in r["goals"])
    return " and ".join(goal_text(g, r["unit"]) for g in r["goals"]) + ": " + ("**missed**" if not r["met"] else "met" if compared else "not compared")


def line(r):
    """A row of the table in Markdown."""
    if "skipped" in r:
        return f"| {r['title']} | – | – | – | | not measured: {r['skipped']} |"
    median, unit = r["median"], r["unit"]
    cell = lambda name: number(median[name]) if name in median else "–"
    factors = ", ".join(f"{median['ours'] / median[n]:.2f} × {n}" for n in median if n != "ours")
    extras = "; ".join(r["extras"])
    return f"| {r['title']} | {cell('ours')} {unit}{', ' + extras if extras else ''} | {cell('raw')} | {cell('real')} | {factors or '–'} | {verdict(r)} |"


HEAD = ["| work | this node | epoll echo | real node | ratios | goal |", "|---|---|---|---|---|---|"]


def main():
    p = argparse.ArgumentParser(prog="dev/bench", description=__doc__)
    p.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/bench/bin", help=argparse.SUPPRESS)
    p.add_argument("--peer", type=pathlib.Path, help=argparse.SUPPRESS)
    p.add_argument("--before", metavar="COMMIT", help="measure the programs of this commit beside today's, where it has them")
    p.add_argument("--earlier", type=pathlib.Path, help=argparse.SUPPRESS)  # where they are
    p.add_argument("--row", action="append", metavar="KEY", help="only this row (may be given several times)")
    p.add_argument("--list", action="store_true", help="print the keys of the rows")
    p.add_argument("--quick", action="store_true", help="one short round of each: to see that it works, not how fast")
    p.add_argument("--rounds", type=int, help="rounds of each row (default 5)")
    p.add_argument("--seconds", type=float, default=1.5, help="length of each measurement (default 1.5)")
    o = p.parse_args()
    keys = [r.key for r in ROWS]
    if o.list:
        print("\n".join(f"{r.key:14} {r.title}" for r in ROWS))
        return 0
    for key in o.row or []:
        if key not in keys:
            p.error(f"there is no row {key}; the rows are: {', '.join(keys)}")
    chosen = [r for r in ROWS if not o.row or r.key in o.row]
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    machine = f"{machines.describe()}; {datetime.date.today()}, {commit}" + (f" beside {o.before}" if o.before else "")
    print(machine, *HEAD, sep="\n", flush=True)
    results = []
    with tempfile.TemporaryDirectory(prefix="ok-", dir="/tmp") as home:
        m = machines.Machines(o.programs.resolve(), o.peer, pathlib.Path(home))
        earlier = machines.Machines(o.earlier.resolve(), None, pathlib.Path(home) / "before") if o.earlier else None
        if earlier:
            earlier.home.mkdir()
        for row in chosen:
            why = row.missing(m)
            if why:
                results.append({"key": row.key, "title": row.title, "skipped": why})
            else:
                try:
                    results.append(measure(row, m, 1 if o.quick else o.rounds or row.rounds, 0.5 if o.quick else o.seconds, earlier))
                except (RuntimeError, subprocess.TimeoutExpired) as e:
                    results.append({"key": row.key, "title": row.title, "skipped": str(e), "failed": True})
            print(line(results[-1]), flush=True)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/bench.json").write_text(json.dumps({"machine": machine, "rows": results}, indent=1) + "\n")
    (ROOT / "build/bench.md").write_text("\n".join([f"Medians; {machine}.", "", *HEAD, *map(line, results)]) + "\n")
    return 1 if any(r.get("failed") for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
