# SPDX-License-Identifier: Apache-2.0
"""The pages of examples/ and docs/, and the demo of the README, run as a reader would run them."""

import pathlib
import re

import installed
import pages
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

CHECKED = "```sh\nockam-node --config greeter.ini --check-config\n```\n"  # what lua.md shows of a configuration

BUILDS = (r"^cmake ",)  # done by the fixture, against a fresh installation


@pytest.fixture(scope="session")
def prefix(programs, sanitized, testrun_uid):
    if sanitized:
        pytest.skip("a package is installed without sanitizers")
    return installed.install_once(programs, testrun_uid)


def test_every_header_compiles_alone(prefix, tmp_path):
    names = sorted(h.name for h in (prefix / "include/ockam").glob("*.hpp"))
    assert "service.hpp" in names and len(names) >= 9
    for name in names:
        (tmp_path / name).with_suffix(".cpp").write_text(f"#include <ockam/{name}>\n")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(headers CXX)\nfind_package(ockam REQUIRED)\n"
        f"add_library(headers OBJECT {' '.join(n.replace('.hpp', '.cpp') for n in names)})\n"
        "target_link_libraries(headers ockam::service)\n")
    installed.configure_and_build(tmp_path, prefix)


def test_readers_see_stable_headers_only():
    """Pages, examples and what the headers themselves show include <ockam/NAME.hpp>, never what lies below."""
    stable = {h.name for h in (ROOT / "include/ockam").glob("*.hpp")}
    texts = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "include/ockam").glob("*.hpp")]
    texts += [f for f in (ROOT / "examples").rglob("*") if f.suffix in (".md", ".hpp", ".cpp", ".txt") and "build" not in f.parts]
    seen = set()
    for text in texts:
        # In a header of ours only what its comments show: it is there to include what lies below.
        mark = r"^///\s*#include" if text.parent == ROOT / "include/ockam" else r"^\s*#\s*include"
        for name in re.findall(mark + r'\s*[<"]([^>"]+/[^>"]+)[>"]', text.read_text(), re.M):
            folder, _, rest = name.partition("/")
            assert folder not in ("internal", "runtime", "services", "transports", "cli", "proto", "include"), f"{text}: {name}"
            if folder == "ockam":
                assert rest in stable, f"{text}: <{name}>"
                seen.add(rest)
    assert {"service.hpp", "node_main.hpp", "endpoint.hpp"} <= seen


@pytest.fixture
def reader(env, home):
    """What somebody has who reads a page: the programs, the Python client, and an empty home."""
    # Debian's Python, which has no colours and no surprises.
    return {**env, "PYTHONPATH": str(ROOT / "python"), "PATH": "/usr/bin:" + env["PATH"]}


def page(name):
    return (ROOT / name).read_text()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("example", ["actors", "calculator", "chat", "greeter", "key-value", "map-reduce", "publish-subscribe", "http-gateway"])
def test_an_example_does_what_its_page_says(example, prefix, reader, home):
    work = home / "work"
    installed.build(example, prefix, work)
    pages.run_page(page(f"examples/{example}/README.md"), work, reader, skip=(*BUILDS, r"^cd "))


#: What the fragments of docs/actors.md use and do not show.
BEFORE_FRAGMENTS = """
#include <ockam/actor_main.hpp>
#include <caf/actor_ostream.hpp>
#include <caf/typed_event_based_actor.hpp>
using namespace std::chrono_literals;
using add_atom = caf::atom_constant<caf::atom("add")>;
using div_atom = caf::atom_constant<caf::atom("div")>;
caf::behavior greeter(caf::event_based_actor*);
"""


def with_fragments(text):
    """A C++ source of all C++ of the page that is no file of its own: declarations, then the statements, in which the names of
    those before are known."""
    all_of_it = [body for language, name, body in pages.blocks(text) if language == "cpp" and not name]
    statements = [body for body in all_of_it if re.match(r"(auto|self->) ?", body)]
    return "\n".join([BEFORE_FRAGMENTS, *(body for body in all_of_it if body not in statements),
                      "void fragments(caf::event_based_actor* self, caf::actor_system& system) {",
                      *("{\n" + body for body in statements), "}" * len(statements), "}", ""])


@pytest.mark.timeout(400)
def test_the_page_of_actors(prefix, reader, home):
    work, text = home / "work", page("docs/actors.md")
    work.mkdir()
    for _, name, body in pages.blocks(text):
        if name:
            (work / name).write_text(body)
    (work / "fragments.cpp").write_text(with_fragments(text))
    with open(work / "CMakeLists.txt", "a") as project:
        project.write("add_library(fragments OBJECT fragments.cpp)\ntarget_link_libraries(fragments PRIVATE ockam::node-main)\n")
    installed.configure_and_build(work, prefix)
    assert pages.run_page(text, work, reader, skip=BUILDS) > 5


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


@pytest.mark.timeout(120)
def test_the_page_of_portals(reader, home):
    work = home / "work"
    work.mkdir()
    assert pages.run_page(page("docs/portals.md"), work, reader) > 12


@pytest.mark.timeout(120)
def test_the_page_of_secure_channels(reader, home):
    work = home / "work"
    work.mkdir()
    assert pages.run_page(page("docs/secure-channels.md"), work, reader) > 14


def test_the_page_of_scripts(reader, home):
    work = home / "work"
    work.mkdir()
    assert pages.run_page(page("docs/lua.md") + CHECKED, work, reader) > 7


def test_the_page_of_the_python_client(reader, home):
    work = home / "work"
    work.mkdir()
    assert pages.run_page(page("python/README.md"), work, reader, skip=(r"^pip install ",)) > 7


# -- the runner itself: a page that promises something else has to fail --------------------------------------


def test_outputs_are_compared():
    assert pages.agrees(["a", "…", "c"], "a\nb\nb\nc\n") and pages.agrees(["a…c"], "abc\n") and pages.agrees([], "")
    assert not pages.agrees(["a"], "a\nb\n") and not pages.agrees(["a", "b"], "a\n") and not pages.agrees(["a.c"], "abc\n")
    assert pages.commands("$ a\n> b\nout\n$ c\n") == [("a\nb", ["out"]), ("c", [])]


@pytest.mark.parametrize("text", ["```console\n$ echo x\ny\n```\n", "```console\n$ false\n```\n", "```sh\nfalse\n```\n", "no blocks\n",
                                  "```console\n$ echo x\n```\n", "```console\n$ echo '    x no'\n    x no\n```\n"])
def test_a_page_that_is_wrong_fails(text, reader, home):
    with pytest.raises(pytest.fail.Exception if "no blocks" not in text else AssertionError):
        pages.run_page(text, home, reader)
