# SPDX-License-Identifier: Apache-2.0
"""The pages of examples/ and docs/, and the demo of the README, run as a reader would run them."""

import pathlib

import installed
import pages
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

BUILDS = (r"^cmake ",)  # done by the fixture, against a fresh installation


@pytest.fixture(scope="session")
def prefix(programs, sanitized, tmp_path_factory):
    if sanitized:
        pytest.skip("a package is installed without sanitizers")
    at = tmp_path_factory.mktemp("prefix")
    installed.install(programs, at)
    return at


@pytest.fixture
def reader(env, home):
    """What somebody has who reads a page: the programs, the Python client, and an empty home."""
    # Debian's Python, which has no colours and no surprises.
    return {**env, "PYTHONPATH": str(ROOT / "python"), "PATH": "/usr/bin:" + env["PATH"]}


def page(name):
    return (ROOT / name).read_text()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("example", ["greeter", "key-value", "publish-subscribe", "http-gateway"])
def test_an_example_does_what_its_page_says(example, prefix, reader, home):
    work = home / "work"
    installed.build(example, prefix, work)
    pages.run_page(page(f"examples/{example}/README.md"), work, reader, skip=(*BUILDS, r"^cd "))


def test_ten_thermometers(reader, home):
    work = home / "work"
    work.mkdir()
    for name in ("collector.lua", "sensor.lua"):
        (work / name).write_text(page(f"examples/temperature/{name}"))
    pages.run_page(page("examples/temperature/README.md"), work, reader)


def test_the_demo_of_the_readme(reader, home):
    work = home / "work"
    work.mkdir()
    demo = page("README.md").split("## The demo")[1].split("The same three nodes")[0]
    assert pages.run_page(demo, work, reader) > 10


@pytest.mark.timeout(300)
def test_the_tutorial(prefix, reader, home):
    work = home / "work"
    work.mkdir()
    assert pages.run_page(page("docs/tutorial.md").replace("/opt/ockam", str(prefix)), work, reader, timeout=120) > 25


# -- the runner itself: a page that promises something else has to fail --------------------------------------


def test_outputs_are_compared():
    assert pages.agrees(["a", "…", "c"], "a\nb\nb\nc\n") and pages.agrees(["a…c"], "abc\n") and pages.agrees([], "")
    assert not pages.agrees(["a"], "a\nb\n") and not pages.agrees(["a", "b"], "a\n") and not pages.agrees(["a.c"], "abc\n")
    assert pages.commands("$ a\n> b\nout\n$ c\n") == [("a\nb", ["out"]), ("c", [])]


@pytest.mark.parametrize("text", ["```console\n$ echo x\ny\n```\n", "```console\n$ false\n```\n", "```sh\nfalse\n```\n", "no blocks\n"])
def test_a_page_that_is_wrong_fails(text, reader, home):
    with pytest.raises(pytest.fail.Exception if "no blocks" not in text else AssertionError):
        pages.run_page(text, home, reader)
