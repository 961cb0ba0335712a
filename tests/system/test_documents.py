# SPDX-License-Identifier: Apache-2.0
"""What sources and pages refer to is there: files that are linked to, headings that are cited."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
SOURCES = ("runtime", "transports", "services", "cli", "include", "proto", "tests")


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", page.read_text(), re.M)


def anchor(heading: str) -> str:
    """As GitHub makes them."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in link:
            continue
        path, _, part = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not part or part in map(anchor, headings(target)), f"{page.name} links to {link}"


def test_cited_headings_are_there():
    cited = 0
    for folder in SOURCES:
        for source in sorted((ROOT / folder).rglob("*")):
            if source.suffix not in (".hpp", ".cpp", ".proto"):
                continue
            text = re.sub(r"\n\s*//+ ?", " ", source.read_text())  # comments go on over several lines
            for page, rest in re.findall(r"\((docs/\w+\.md), ([^)]+)\)", text):
                assert rest in headings(ROOT / page), f"{source}: {page}, {rest}"
                cited += 1
    assert cited > 20
