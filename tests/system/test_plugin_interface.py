# SPDX-License-Identifier: Apache-2.0
"""What a plugin was built for is looked at before any code of it runs: plugins built here, against the headers of an
installation and against changed copies, whose static constructor leaves a file. And files that are no plugins at all."""

import random
import shutil
import struct
import subprocess

import pytest

import installed
from installed import ROOT

PLUGIN = """
#include <ockam/service.hpp>
#include <cstdio>

namespace {
const bool ran = [] {
  std::fclose(std::fopen(MARKER, "w"));
  return true;
}();

class echo final : public ockam::worker {
  void on_message(ockam::message_ptr m) override { reply(std::move(m)); }
};
} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<echo>()};
"""

PROJECT = """
cmake_minimum_required(VERSION 3.16)
project(plugin LANGUAGES CXX)
find_package(ockam REQUIRED)
add_library(plugin MODULE plugin.cpp)
target_link_libraries(plugin PRIVATE ockam::service)
target_compile_definitions(plugin PRIVATE MARKER="${CMAKE_CURRENT_SOURCE_DIR}/it-ran")
set_target_properties(plugin PROPERTIES PREFIX "")
"""

HASHES = """
include({root}/cmake/headers-hash.cmake)
ockam_headers_hash(service files ROOTS {include} {include}/ockam/internal HEADERS ockam/service.hpp ockam/message.hpp)
ockam_headers_hash(actor files ROOTS {include} {include}/ockam/internal HEADERS ockam/actor.hpp)
message("${{service}} ${{actor}}")
"""


@pytest.fixture(scope="module")
def installed_include(programs, sanitized, tmp_path_factory):
    if sanitized:
        pytest.skip("headers say nothing about sanitizers")
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run(["cmake", "--install", programs.parent, "--prefix", prefix, "--component", "headers"], check=True, capture_output=True)
    return prefix / "include"


@pytest.fixture
def headers(installed_include, tmp_path):
    """A copy of the headers of an installation, to be changed."""
    return shutil.copytree(installed_include, tmp_path / "include")


@pytest.fixture
def n1(node):
    return node("n1")


def change(headers, name, *pairs):
    path = headers / "ockam/internal" / name
    text = path.read_text()
    for old, new in pairs:
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new, 1)
    path.write_text(text)


ONE_MEMBER_MORE = ("runtime/core/message.hpp", ("  payload body;", "  payload body;\n  std::uint64_t more = 0;"))
ONE_VIRTUAL_MORE = ("runtime/workers/worker.hpp", ("  virtual void on_start()", "  virtual void before_start() {}\n  virtual void on_start()"))
ANOTHER_ORDER = ("runtime/core/message.hpp", ("  message_source source_;\n", ""),
                 ("  passage passage_ = passage::straight;\n", "  passage passage_ = passage::straight;\n  message_source source_;\n"))


def hashes(headers, tmp_path):
    script = tmp_path / "hashes.cmake"
    script.write_text(HASHES.format(root=ROOT, include=headers))
    return subprocess.run(["cmake", "-P", script], check=True, capture_output=True, text=True).stderr.split()


def build(headers, tmp_path, *options):
    """A plugin, and the file that is there when code of it has run."""
    source, plugin, marker = tmp_path / "plugin.cpp", tmp_path / "plugin.so", tmp_path / "it-ran"
    source.write_text(PLUGIN)
    command = ["c++", "-std=c++20", "-shared", "-fPIC", f'-DMARKER="{marker}"', f"-I{headers}", f"-I{headers}/ockam/internal", *options]
    built = subprocess.run([*command, "-o", plugin, source], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr[-3000:]
    return plugin, marker


def start(ockam, file):
    return ockam("service", "start", "plugin", "--addr", "p", "--file", file, "--at", "n1")


def say(ockam, addr):
    return ockam("message", "send", "hello", "--to", f"/node/n1/service/{addr}").out.strip()


def test_a_plugin_built_with_the_installed_headers_is_accepted(n1, ockam, headers, tmp_path):
    plugin, marker = build(headers, tmp_path)
    started = start(ockam, plugin)
    assert started.code == 0, started
    assert marker.exists() and say(ockam, "p") == "hello"


def test_one_without_sections_is_accepted(n1, ockam, headers, tmp_path):
    """What strip leaves is enough."""
    plugin, marker = build(headers, tmp_path, "-s")
    data = bytearray(plugin.read_bytes())
    data[40:48], data[58:64] = bytes(8), bytes(6)  # e_shoff, e_shentsize, e_shnum, e_shstrndx
    plugin.write_bytes(data)
    assert start(ockam, plugin).code == 0
    assert marker.exists() and say(ockam, "p") == "hello"


@pytest.mark.parametrize("changed, cause", [
    (ONE_MEMBER_MORE, "it was built for messages of size "),
    (ONE_VIRTUAL_MORE, "it was built for workers with other virtual functions"),
])
def test_another_class_is_refused_before_code_runs_also_when_it_was_built_by_hand(n1, ockam, headers, tmp_path, changed, cause):
    change(headers, *changed)
    plugin, marker = build(headers, tmp_path)
    refused = start(ockam, plugin)
    assert refused.code == 70 and cause in refused.err and "build it against the headers of this node" in refused.err, refused
    assert not marker.exists() and say(ockam, "echo") == "hello"


def test_another_order_of_members_is_refused_before_code_runs(n1, ockam, run, config_file, headers, tmp_path):
    """As find_package(ockam) builds it, which looks at the headers that are there."""
    change(headers, *ANOTHER_ORDER)
    plugin, marker = build(headers, tmp_path, *(f'-DOCKAM_{which}_HEADERS="{value}"' for which, value in
                                                zip(("SERVICE", "ACTOR"), hashes(headers, tmp_path))))
    refused = start(ockam, plugin)
    assert refused.code == 70 and "it was built for another interface: its headers are " in refused.err, refused
    path = config_file(f"[node]\nname = n2\n[service p]\nplugin = {plugin}\n")
    checked = run("ockam-node", "--config", path, "--check-config")
    assert checked.code == 78 and f"{path}:3: [service p]" in checked.err and "it was built for another interface" in checked.err, checked
    assert not marker.exists() and say(ockam, "echo") == "hello"


@pytest.mark.timeout(300)
def test_the_package_says_which_headers_it_finds(n1, ockam, programs, sanitized, tmp_path):
    if sanitized:
        pytest.skip("a package is installed without sanitizers")
    prefix, project = tmp_path / "prefix", tmp_path / "project"
    installed.install(programs, prefix)
    project.mkdir()
    (project / "CMakeLists.txt").write_text(PROJECT)
    (project / "plugin.cpp").write_text(PLUGIN)
    header = prefix / "include/ockam/internal/runtime/core/message.hpp"
    as_it_was = header.read_text()
    change(prefix / "include", *ANOTHER_ORDER)
    installed.configure_and_build(project, prefix)
    refused = start(ockam, project / "build/plugin.so")
    assert refused.code == 70 and "it was built for another interface: its headers are " in refused.err, refused
    assert not (project / "it-ran").exists()
    header.write_text(as_it_was)
    installed.run(["cmake", "--build", project / "build"])
    assert start(ockam, project / "build/plugin.so").code == 0
    assert (project / "it-ran").exists() and say(ockam, "p") == "hello"


def test_comments_and_blank_space_are_no_part_of_the_interface(headers, tmp_path):
    before = hashes(headers, tmp_path)
    change(headers, "runtime/workers/worker.hpp", ("/// What every service derives from", "/// Something else.\n  // And more.\n/// What every service"),
           ("  virtual void on_start() {}", "  virtual   void on_start()\n   {}  // said anew"))
    change(headers, "runtime/workers/worker_host.hpp", ("\n  bool waiting_ = false;", "\n\n  bool    waiting_ = false; ///< what for"))
    assert hashes(headers, tmp_path) == before


@pytest.mark.parametrize("changed, which", [
    (ONE_MEMBER_MORE, (True, True)),
    (ANOTHER_ORDER, (True, True)),
    (("runtime/core/credit.hpp", ("class", "struct unseen { int x; };\nclass")), (True, True)),
    (("runtime/workers/worker_host.hpp", ("  bool waiting_ = false;", "  bool waiting_ = false;\n  int more_ = 0;")), (False, True)),
    (("runtime/node/config.hpp", ("struct", "struct unseen { int x; };\nstruct")), (False, False)),
])
def test_what_changes_the_interface_changes_its_hash(headers, tmp_path, changed, which):
    before = hashes(headers, tmp_path)
    change(headers, *changed)
    after = hashes(headers, tmp_path)
    assert (before[0] != after[0], before[1] != after[1]) == which


def garbage(plugin):
    """Files that are none, made from one that is."""
    good = plugin.read_bytes()
    rng = random.Random(18)
    yield "empty", b""
    yield "text", b"this is text\n"
    yield "zeros", bytes(100_000)
    yield "noise", rng.randbytes(100_000)
    yield "magic and noise", b"\x7fELF\x02\x01\x01" + rng.randbytes(100_000)
    for n in (16, 63, 64, 300, 4096, len(good) // 2, len(good) * 9 // 10, len(good) - 1):
        yield f"cut off at {n}", good[:n]
    for name, at, form, value in (
        ("no program headers", 56, "<H", 0), ("too many program headers", 56, "<H", 0xFFFF), ("far program headers", 32, "<Q", 2**63),
        ("small program headers", 54, "<H", 8), ("another machine", 18, "<H", 183), ("32 bits", 4, "<B", 1), ("an object", 16, "<H", 1),
        ("a huge segment", 64 + 32, "<Q", 2**62), ("a far segment", 64 + 8, "<Q", 2**62),
    ):
        data = bytearray(good)
        struct.pack_into(form, data, at, value)
        yield name, bytes(data)


def test_garbage_is_refused_and_the_node_serves_on(n1, ockam, programs, home):
    file = home / "p.so"
    for name, data in garbage(programs / "plugins/moody.so"):
        file.write_bytes(data)
        refused = start(ockam, file)
        assert refused.code == 70 and "cannot load" in refused.err, (name, refused)
    file.write_bytes(b"\x7fELF")
    with open(file, "r+b") as f:
        f.truncate(2**40)  # it takes no place on the disk
    refused = start(ockam, file)
    assert refused.code == 70 and "cannot load" in refused.err, refused
    assert say(ockam, "echo") == "hello"
    assert ockam("service", "start", "plugin", "--addr", "p", "--file", programs / "plugins/moody.so", "--at", "n1").code == 0
