# SPDX-License-Identifier: Apache-2.0
"""`[identity]`: where a node keeps its keys, and who it is."""

import re
import stat

WITH_IDENTITY = """[node]
name = n1
[identity]
vault = keys/n1.vault
history = keys/n1.identity
{more}
[tcp-listener main]
address = 127.0.0.1:0
"""


def identity_of(n):
    return re.search(r"this node is (I[0-9a-f]{64})", n.errors()).group(1)


def test_a_node_makes_its_identity_at_the_first_start_and_has_it_ever_after(node, home):
    (home / "keys").mkdir()
    n = node("n1", config=WITH_IDENTITY.format(more=""))
    first = identity_of(n)
    for name in ("n1.vault", "n1.identity"):
        assert stat.S_IMODE((home / "keys" / name).stat().st_mode) == 0o600
    n.stop()
    again = node("n1", config=WITH_IDENTITY.format(more=""))
    assert identity_of(again) == first


def test_a_node_whose_keys_may_be_read_by_others_does_not_start(run, home, config_file):
    (home / "keys").mkdir()
    (home / "keys" / "n1.vault").write_bytes(b"")
    (home / "keys" / "n1.vault").chmod(0o644)
    done = run("ockam-node", "--no-state", "--config", config_file(WITH_IDENTITY.format(more="")))
    assert done.code != 0
    assert "may be read by others than its owner" in done.err
    assert not (home / "keys" / "n1.identity").exists()


def test_a_sealed_vault_needs_its_passphrase(node, run, home, config_file):
    (home / "keys").mkdir()
    (home / "secret").write_text("correct horse\n")
    (home / "secret").chmod(0o600)
    sealed = WITH_IDENTITY.format(more="passphrase-file = secret")
    n = node("n1", config=sealed)
    identity_of(n)
    n.stop()
    (home / "secret").write_text("wrong horse\n")
    done = run("ockam-node", "--no-state", "--config", config_file(sealed))
    assert done.code != 0
    assert "passphrase" in done.err
    assert "horse" not in done.err


def test_a_section_without_a_vault_is_an_error_of_the_file(run, config_file):
    done = run("ockam-node", "--no-state", "--check-config", "--config", config_file("[node]\nname = n1\n[identity]\nhistory = h\n"))
    assert done.code != 0
    assert "[identity] has no vault" in done.err
