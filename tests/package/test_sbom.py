# SPDX-License-Identifier: Apache-2.0
"""What the programs are made of, as the package says it."""

import json
import re

from conftest import ROOT, succeed


def providers():
    """Virtual packages → the installed one that is it: dependencies may name either."""
    lines = succeed("dpkg-query", "-W", "-f", "${Package}\t${Provides}\n").splitlines()
    return {name.split()[0]: package for package, provides in (line.split("\t") for line in lines) for name in provides.split(", ") if name}


def test_the_package_says_what_it_is_made_of(packages, preset):
    bill = json.loads((ROOT / "build" / preset / "ockam.spdx.json").read_text())
    assert bill["spdxVersion"] == "SPDX-2.3" and bill["dataLicense"] == "CC0-1.0" and bill["documentNamespace"].startswith("https://")
    ids = [p["SPDXID"] for p in bill["packages"]]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", i) for i in ids)
    known = {*ids, "SPDXRef-DOCUMENT"}
    assert all(r["spdxElementId"] in known and r["relatedSpdxElement"] in known for r in bill["relationships"])
    named = {p["name"] for p in bill["packages"]}
    # All that dpkg found them to need when the package was made, and more: what those libraries need.
    depends = succeed("dpkg-deb", "-f", packages["own"]["ockam-node"], "Depends")
    virtual = providers()
    libraries = {name if name in named else virtual.get(name, name) for name in (d.split()[0] for d in depends.split(", ")) if name.startswith("lib")}
    assert len(libraries) > 8 and libraries <= named, libraries - named
    assert "./usr/share/doc/ockam-node/ockam.spdx.json" in succeed("dpkg-deb", "-c", packages["own"]["ockam-node"])
