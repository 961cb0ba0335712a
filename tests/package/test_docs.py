# SPDX-License-Identifier: Apache-2.0
"""The site of the documentation, and what stands at the root of the sources for who comes there first."""

import re
import subprocess

import pytest
from conftest import ROOT, succeed
from processes import cannot_run


@pytest.fixture(scope="module")
def site():
    done = subprocess.run([ROOT / "dev/docs"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    if "No matching distribution" in done.stdout or "pip" in done.stdout and done.returncode != 0:
        cannot_run(f"mkdocs cannot be installed: {done.stdout[-1000:]}")
    assert done.returncode == 0, done.stdout[-3000:]
    return ROOT / "build/site"


def test_the_tutorial_comes_first(site):
    links = re.findall(r'<a class="reference internal" href="([^"]+)"', (site / "docs/commands.html").read_text())
    assert links[0] == "tutorial.html"


def test_it_loads_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        assert not re.search(r'(?:src|<link [^>]*href)="(?:https?:)?//', page.read_text()), page


def test_a_link_that_leads_nowhere_is_found(site):
    page = site / "docs/glossary.html"
    text = page.read_text()
    try:
        page.write_text(text.replace("</body>", '<a href="nowhere.html"></a><a href="tutorial.html#nowhere"></a></body>'))
        done = subprocess.run([ROOT / "dev/docs", "--check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    finally:
        page.write_text(text)
    assert done.returncode == 1 and "docs/glossary.html: nowhere.html" in done.stdout and "tutorial.html#nowhere: no such place" in done.stdout


def test_sources_say_which_licence_they_are_under():
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]
    files = succeed("git", "ls-files", "*.cpp", "*.hpp", cwd=ROOT).split()
    without = [f for f in files if "SPDX-License-Identifier: Apache-2.0" not in (ROOT / f).read_text(errors="replace")[:300]]
    assert len(files) > 400 and not without
