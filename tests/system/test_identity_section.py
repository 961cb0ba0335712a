# SPDX-License-Identifier: Apache-2.0
"""`[identity]`: where a node keeps its keys, and who it is."""

import pathlib
import re
import stat

from processes import asked_on_a_terminal

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


def test_the_passphrase_may_be_a_credential_that_systemd_hands_over(node, run, home, config_file):
    (home / "keys").mkdir()
    credentials = home / "credentials"
    credentials.mkdir()
    (credentials / "vault").write_text("correct horse\n")
    (credentials / "vault").chmod(0o440)  # what an access control list for the user of the service looks like
    sealed = WITH_IDENTITY.format(more="passphrase-credential = vault")
    n = node("n1", config=sealed, env_extra={"CREDENTIALS_DIRECTORY": str(credentials)})
    identity_of(n)
    n.stop()
    done = run("ockam-node", "--no-state", "--config", config_file(sealed))
    assert done.code != 0
    assert "no credential of systemd" in done.err and "LoadCredential=" in done.err
    twice = run("ockam-node", "--no-state", "--check-config", "--config",
                config_file(WITH_IDENTITY.format(more="passphrase-credential = vault\npassphrase-file = secret")))
    assert twice.code == 78
    assert "has two passphrases" in twice.err


def test_an_operator_at_a_terminal_is_asked_for_the_passphrase(node, home, env, programs, config_file):
    (home / "keys").mkdir()
    (home / "secret").write_text("correct horse\n")
    (home / "secret").chmod(0o600)
    n = node("n1", config=WITH_IDENTITY.format(more="passphrase-file = secret"))
    who = identity_of(n)
    n.stop()
    words = ["--no-state", "--config", str(config_file(WITH_IDENTITY.format(more="")))]
    ask = "Passphrase of the vault"
    interrupt = "\x03"
    out, code = asked_on_a_terminal(programs / "ockam-node", words, env, [(ask, "wrong"), (ask, "correct horse"), ("n1 is ready", interrupt)])
    assert who in out and code == 0, out
    assert "horse" not in out
    out, code = asked_on_a_terminal(programs / "ockam-node", words, env, [(ask, "wrong")] * 3)
    assert "a wrong passphrase" in out and code not in (0, -2), out


def test_no_memory_of_a_node_with_keys_is_in_a_core_dump(node, home):
    def filter_of(n):
        return int(pathlib.Path(f"/proc/{n.pid}/coredump_filter").read_text(), 16)

    (home / "keys").mkdir()
    plain = node("n0")
    own = node("n1", config=WITH_IDENTITY.format(more=""))
    own.stop()
    assert filter_of(plain) != 0
    other = node("n2", config="[node]\nname = n2\n[channel-identity other]\nvault = keys/n1.vault\nhistory = keys/n1.identity\n"
                              "[secure-channel-listener api]\nidentity = other\n[tcp-listener main]\naddress = 127.0.0.1:0\n")
    assert filter_of(other) == 0


def test_a_section_without_a_vault_is_an_error_of_the_file(run, config_file):
    done = run("ockam-node", "--no-state", "--check-config", "--config", config_file("[node]\nname = n1\n[identity]\nhistory = h\n"))
    assert done.code != 0
    assert "[identity] has no vault" in done.err
