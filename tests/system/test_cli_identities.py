# SPDX-License-Identifier: Apache-2.0
"""Vaults and identities at the prompt: what is kept where, who may read it, races, and files and histories that are wrong."""

import os
import shutil
import sqlite3
import stat
import subprocess

import pytest

from processes import asked_on_a_terminal, cannot_run, fill, on_a_terminal


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def identities(ockam, **kw):
    r = ockam("identity", "list", "--output", "json", **kw)
    assert r.code == 0, r
    return {i["name"]: i for i in r.json}


def vaults(ockam, **kw):
    r = ockam("vault", "list", "--output", "json", **kw)
    assert r.code == 0, r
    return {v["vault"]["name"]: v["vault"] for v in r.json}


def path_of(vault):
    return vault["vault_type"]["LocalFileVault"]["path"]


def changes(ockam, name, **kw):
    return ockam("identity", "show", name, "--full", "--output", "json", **kw).json["changes"]


@pytest.fixture
def elsewhere(tmp_path):
    """Keywords for commands in a second home."""
    return {"env_extra": {"OCKAM_HOME": str(tmp_path / "second")}}


# -- what is made, and where ------------------------------------------------------------------------------------------

def test_the_first_identity_makes_the_default_vault_and_all_files_are_private(ockam, home):
    r = ockam("identity", "create", "alice")
    assert r.code == 0 and r.err == "", r
    identifier = r.out.strip()
    assert identifier[0] == "I" and len(identifier) == 65
    assert identities(ockam)["alice"] == {"name": "alice", "identifier": identifier, "is_default": True, "vault_name": "default"}
    assert path_of(vaults(ockam)["default"]) == str(home / "vault-default")
    assert {f.name: oct(mode(f)) for f in home.iterdir() if f.is_file() and mode(f) != 0o600} == {}
    assert mode(home / "identities") == 0o700


def test_on_a_terminal_it_is_said_what_was_made_beside_the_identity(programs, env):
    said, code = on_a_terminal(programs / "ockam", ["identity", "create", "alice"], env)
    assert code == 0 and all(part in said for part in ("Created a new Vault named default", "Generated a new Identity named alice", "alice as your default Identity")), said


def test_the_default_is_never_lost(ockam):
    for name in ("a", "b", "c"):
        ockam("identity", "create", name)
    default = lambda: [n for n, i in identities(ockam).items() if i["is_default"]]  # noqa: E731
    r = ockam("identity", "default", "nobody")
    assert r.code == 70 and "nobody" in r.err and default() == ["a"], r
    ockam("identity", "default", "c")
    ockam("identity", "delete", "c", "-y")
    assert default() == ["a"], "the oldest of the rest"
    for name in ("x", "y"):
        ockam("vault", "create", name)
    ockam("vault", "delete", "x", "-y")
    assert [n for n, v in vaults(ockam).items() if v["is_default"]] == ["default"]


def test_an_import_can_be_the_first_and_needs_no_name(ockam, elsewhere):
    theirs = ockam("identity", "create", "alice", **elsewhere).out.strip()
    history = ockam("identity", "export", "alice", **elsewhere).out.strip()
    r = ockam("identity", "create", "--identity", history, "--output", "json")
    assert r.code == 0 and r.json["identifier"] == theirs, r
    mine = identities(ockam)[r.json["name"]]
    assert mine["is_default"] and mine["vault_name"] is None, "it is the first; its key is not here"
    assert ockam("identity", "show").out.strip() == theirs
    assert ockam("identity", "create", "--identity", history, "--output", "json").json["name"] == r.json["name"], "a known one keeps its name"
    r = ockam("identity", "rotate")
    assert r.code == 70 and "was imported" in r.err and "help:" in r.err, r


@pytest.mark.parametrize("way", ["word", "file", "pipe"])
def test_what_is_exported_can_be_imported(ockam, home, elsewhere, way):
    theirs = ockam("identity", "create", "alice", **elsewhere).out.strip()
    exported = ockam("identity", "export", "alice", **elsewhere).out
    (home / "alice.hex").write_text(exported)
    word = {"word": exported.strip(), "file": "alice.hex", "pipe": "-"}[way]
    r = ockam("identity", "import", word, "friend", stdin=exported if way == "pipe" else "")
    assert r.code == 0 and "friend" in r.out, r
    assert ockam("identity", "show", "friend").out.strip() == theirs


def test_a_name_is_of_one_identity(ockam, elsewhere):
    ockam("identity", "create", "alice", **elsewhere)
    mine = ockam("identity", "create", "alice").out
    r = ockam("identity", "import", ockam("identity", "export", **elsewhere).out.strip(), "alice")
    assert r.code == 70 and "already exists" in r.err, r
    assert ockam("identity", "show", "alice").out == mine


def test_a_default_vault_that_was_chosen_is_meant_and_one_by_chance_is_not(ockam):
    for name in ("v1", "v2"):
        ockam("vault", "create", name)
    r = ockam("identity", "create", "alice")
    assert r.code == 70 and "There are 2 vaults" in r.err and "ockam vault default" in r.err, r
    assert ockam("vault", "default", "v2").out == "v2\n"
    assert ockam("vault", "show").out == "v2\n" and "v2" in ockam("vault", "default").out
    assert ockam("identity", "create", "alice").code == 0
    assert identities(ockam)["alice"]["vault_name"] == "v2"
    assert ockam("vault", "default", "v2").code == 70


# -- keys that change -------------------------------------------------------------------------------------------------

def test_a_rotated_identity_has_a_new_key_and_the_same_identifier(ockam, elsewhere):
    identifier = ockam("identity", "create", "alice").out
    old = ockam("identity", "export", "alice").out.strip()
    assert ockam("identity", "import", old, "alice", **elsewhere).code == 0
    assert ockam("identity", "rotate", "alice").out == identifier
    assert ockam("identity", "rotate", "--output", "json").json["changes"] == 3
    keys = [c["primary_public_key"] for c in changes(ockam, "alice")]
    assert len(set(keys)) == 3 and ockam("identity", "show", "alice").out == identifier
    new = ockam("identity", "export", "alice").out.strip()
    assert new.startswith("83") and ockam("identity", "import", new, **elsewhere).code == 0
    assert len(changes(ockam, "alice", **elsewhere)) == 3, "what is newer is taken"
    r = ockam("identity", "import", old, "alice", **elsewhere)
    assert r.code == 70 and "older" in r.err and len(changes(ockam, "alice", **elsewhere)) == 3, r


def test_two_holders_of_one_key_are_noticed(ockam, home, tmp_path, elsewhere):
    ockam("identity", "create", "alice")
    copy = tmp_path / "second"
    shutil.copytree(home, copy)
    with sqlite3.connect(copy / "application_database.sqlite3") as db:
        db.execute("UPDATE vault SET path = ?", (str(copy / "vault-default"),))
    db.close()
    assert ockam("identity", "rotate", "alice").code == 0 and ockam("identity", "rotate", "alice", **elsewhere).code == 0
    r = ockam("identity", "import", ockam("identity", "export", "alice", **elsewhere).out.strip())
    assert r.code == 70 and "goes on otherwise" in r.err, r


def test_the_vault_has_no_key_that_is_not_used_any_more(ockam, home):
    ockam("identity", "create", "alice")
    size = (home / "vault-default").stat().st_size
    ockam("identity", "rotate", "alice")
    assert (home / "vault-default").stat().st_size == size
    ockam("identity", "create", "bob")
    assert (home / "vault-default").stat().st_size > size
    ockam("identity", "delete", "bob", "-y")
    assert (home / "vault-default").stat().st_size == size


def test_a_vault_that_was_moved_has_its_keys(ockam, home):
    ockam("vault", "create", "default")
    ockam("identity", "create", "alice", "--vault", "v")
    (home / "taken").write_text("mine")
    r = ockam("vault", "move", "v", "--path", "taken")
    assert r.code == 70 and "is there already" in r.err and (home / "taken").read_text() == "mine", r
    assert ockam("vault", "move", "v", "--path", "elsewhere").code == 0
    assert not (home / "vault-v").exists() and mode(home / "elsewhere") == 0o600
    assert path_of(vaults(ockam)["v"]) == str(home / "elsewhere")
    assert ockam("identity", "rotate", "alice").code == 0
    r = ockam("vault", "move", "v", "--path", "nothere/deep")
    assert r.code == 70 and "nothere" in r.err and (home / "elsewhere").exists(), r


def test_one_file_is_one_vault(ockam, home):
    ockam("vault", "create", "a", "--path", "keys")
    (home / "link").symlink_to(home / "keys")
    for path in ("keys", "./keys", home / "link"):
        r = ockam("vault", "create", "b", "--path", path)
        assert r.code == 70 and "is the file of the vault a" in r.err, r


def test_a_vault_that_is_there_is_taken_with_its_keys(ockam, home):
    ockam("identity", "create", "alice")
    history = ockam("identity", "export", "alice").out.strip()
    for f in home.glob("*.sqlite3*"):
        f.unlink()
    r = ockam("vault", "create", "default")
    assert r.code == 0 and "is a vault already" in r.err, r
    assert ockam("identity", "import", history, "alice").code == 0
    assert ockam("identity", "rotate", "alice").code == 0, "a lost database costs no key"


def test_a_reset_deletes_keys_and_says_which_are_elsewhere(ockam, home, tmp_path):
    ockam("identity", "create", "alice")
    ockam("vault", "create", "in", "--path", home / "keys")
    ockam("vault", "create", "out", "--path", tmp_path / "keys")
    r = ockam("reset", "-y")
    assert r.code == 0 and str(tmp_path / "keys") in r.err and (tmp_path / "keys").exists(), r
    assert sorted(os.listdir(home)) == ["application_database.sqlite3"]


def test_the_status_has_the_identities(ockam):
    identifier = ockam("identity", "create", "alice").out.strip()
    assert ockam("status", "--jq", ".identities[0].identifier").out == f'"{identifier}"\n'


# -- passphrases ------------------------------------------------------------------------------------------------------

@pytest.fixture
def passphrase(home):
    path = home / "passphrase"
    path.write_text("correct horse\n")
    path.chmod(0o600)
    return path


def test_a_vault_is_sealed_by_the_passphrase_of_a_file(ockam, home, passphrase):
    r = ockam("vault", "create", "v", "--passphrase-file", "passphrase")
    assert r.code == 0, r
    assert vaults(ockam)["v"]["is_sealed"] and vaults(ockam)["v"]["passphrase_file"] == str(passphrase)
    assert ockam("identity", "create", "alice").code == 0 and ockam("identity", "rotate", "alice").code == 0
    for wrong, said in (("wrong\n", "vault"), ("\n", "empty passphrase")):
        passphrase.write_text(wrong)
        r = ockam("identity", "rotate", "alice")
        assert r.code == 70 and said in r.err and "correct" not in r.err, r
    passphrase.write_text("correct horse\n")
    passphrase.chmod(0o644)
    r = ockam("identity", "rotate", "alice")
    assert r.code == 70 and "chmod 600" in r.err, r
    passphrase.unlink()
    r = ockam("identity", "rotate", "alice")
    assert r.code == 70 and str(passphrase) in r.err, r
    assert len(changes(ockam, "alice")) == 2, "what has failed has not happened"
    r = ockam("identity", "delete", "alice", "-y")
    assert r.code == 0 and "still in the vault" in r.err, "it can be deleted all the same"


def test_a_passphrase_is_typed_twice_and_not_shown(programs, env, ockam, home):
    typed = lambda words, *answers: asked_on_a_terminal(programs / "ockam", words, env, answers)  # noqa: E731
    first, again = "Passphrase of vault v:", "passphrase again:"
    said, code = typed(["vault", "create", "v", "--passphrase"], (first, "horse"), (again, "horze"))
    assert code == 70 and "not the same" in said and not (home / "vault-v").exists(), said
    said, code = typed(["vault", "create", "v", "--passphrase"], (first, "horse"), (again, "horse"))
    assert code == 0 and "horse" not in said, said
    said, code = typed(["identity", "create", "alice"], (first, "horse"))
    assert code == 0 and "horse" not in said, said
    said, code = typed(["identity", "rotate", "alice"], (first, "horze"))
    assert code == 70 and len(changes(ockam, "alice")) == 1, said
    r = ockam("identity", "rotate", "alice", "--no-input")
    assert r.code == 70 and "passphrase" in r.err, r
    r = ockam("vault", "create", "w", "--passphrase", "--passphrase-file", "x")
    assert r.code == 70 and "not both" in r.err, r


# -- tokens -----------------------------------------------------------------------------------------------------------

@pytest.fixture
def token(env, home, passphrase):
    """token(*words) → options that name a token of SoftHSM, whose PIN is in `passphrase`. Skipped where it is not installed, but not in CI."""
    module = next((p for p in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so") if os.path.exists(p)), None)
    if not module or not shutil.which("softhsm2-util"):
        cannot_run("softhsm2 is not installed")
    (home / "tokens").mkdir()
    (home / "softhsm.conf").write_text(f"directories.tokendir = {home}/tokens\nobjectstore.backend = file\n")
    env["SOFTHSM2_CONF"] = str(home / "softhsm.conf")
    passphrase.write_text("1234\n")
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "t", "--pin", "1234", "--so-pin", "5678"], env=env, check=True, stdout=subprocess.DEVNULL)
    return ["--token", "t", "--module", module]


def test_a_token_has_the_keys_of_identities(ockam, home, passphrase, token):
    r = ockam("vault", "create", "hsm", *token, "--passphrase-file", passphrase)
    assert r.code == 0, r
    assert vaults(ockam)["hsm"]["kind"] == "token" and mode(home / "vault-hsm") == 0o600
    identifier = ockam("identity", "create", "alice").out
    assert ockam("identity", "rotate", "alice").out == identifier
    assert [c["primary_public_key"].split(":")[0] for c in changes(ockam, "alice")] == ["ECDSASHA256CurveP256"] * 2
    assert ockam("vault", "create", "other").code == 0 and ockam("vault", "default", "other").code == 0
    assert ockam("vault", "move", "hsm", "--path", "moved").code == 0
    assert ockam("identity", "rotate", "alice").code == 0, "only the file that names the token has moved"
    passphrase.write_text("9999\n")
    r = ockam("identity", "rotate", "alice")
    assert r.code == 70 and "PIN" in r.err and "9999" not in r.err and len(changes(ockam, "alice")) == 3, r
    passphrase.write_text("1234\n")
    r = ockam("identity", "delete", "alice", "-y")
    assert r.code == 0 and r.err == "", r
    assert ockam("vault", "delete", "hsm", "-y").code == 0 and not (home / "moved").exists()


def test_a_token_that_is_not_there_or_has_no_pin_is_no_vault(ockam, home, passphrase, token):
    assert ockam("vault", "create", "hsm", "--token", "t", "--passphrase-file", passphrase).code == 64
    for words, said in (([*token], "PIN"), (["--token", "nobody", *token[2:], "--passphrase-file", passphrase], "no token"),
                        (["--token", "t", "--module", "/nothere.so", "--passphrase-file", passphrase], "no PKCS#11 module")):
        r = ockam("vault", "create", "hsm", *words)
        assert r.code == 70 and said in r.err, r
    assert vaults(ockam) == {} and not list(home.glob("vault-*"))


# -- nodes ------------------------------------------------------------------------------------------------------------

def identity_of(ockam, node):
    return ockam("node", "show", node, "--output", "json").json["identity_name"]


def test_each_node_has_the_default_identity_which_is_made_on_first_use(ockam, home):
    assert ockam("node", "create", "n1").code == 0 and ockam("node", "create", "n2").code == 0
    [(name, mine)] = identities(ockam).items()
    assert mine["is_default"] and identity_of(ockam, "n1") == identity_of(ockam, "n2") == name
    assert list(vaults(ockam)) == ["default"]
    assert mode(home / "identities" / mine["identifier"]) == 0o600
    ockam("node", "stop", "n1")
    assert identity_of(ockam, "n1") == name
    assert ockam("node", "start", "n1").code == 0
    log = ockam("node", "logs", "n1").out.strip()
    assert open(log).read().count(f"this node is {mine['identifier']}") == 2


@pytest.mark.parametrize("words", [["--identity", "bob"], ["--configuration", "{identity: bob}"]])
def test_a_node_has_the_identity_that_is_named(ockam, words):
    ockam("identity", "create", "alice")
    assert ockam("node", "create", "n1", *words).code == 0, "as in the reference it is made if it is not there"
    assert identity_of(ockam, "n1") == "bob" and set(identities(ockam)) == {"alice", "bob"}
    assert not identities(ockam)["bob"]["is_default"]


def test_an_identity_that_a_node_has_stays_and_a_vault_with_its_key_too(ockam):
    ockam("vault", "create", "first")
    ockam("identity", "create", "bob", "--vault", "v")
    ockam("node", "create", "n1", "--identity", "bob")
    for _ in ("running", "stopped"):
        r = ockam("identity", "delete", "bob", "-y")
        assert r.code == 70 and "The identity named bob cannot be deleted because it is used by the node(s): n1" in r.err, r
        r = ockam("identity", "delete", "--all", "-y")
        assert r.code == 0 and "n1" in r.err and list(identities(ockam)) == ["bob"], r
        r = ockam("vault", "move", "v", "--path", "elsewhere")
        assert r.code == 70 and "n1" in r.err, r
        ockam("node", "stop", "n1")
    ockam("node", "delete", "n1", "-y")
    assert ockam("identity", "delete", "bob", "-y").code == 0


def test_a_rotated_identity_is_that_of_its_nodes_when_they_start(ockam):
    ockam("identity", "create", "bob")
    ockam("node", "create", "n1")
    ockam("node", "create", "n2", "--identity", "bob")
    channel = lambda: ockam("secure-channel", "create", "--from", "n1", "--to", "/node/n2/service/api")  # noqa: E731
    assert channel().code == 0
    r = ockam("identity", "rotate", "bob")
    assert r.code == 0 and r.err == "", r
    ockam("node", "stop", "n2")
    assert ockam("node", "start", "n2").code == 0
    made = channel()
    assert made.code == 0, made
    shown = ockam("secure-channel", "show", "--at", "/node/n1" + made.out.strip()).json
    assert shown["their_change_history"] == ockam("identity", "export", "bob").out.strip()


def test_a_node_whose_key_nobody_can_use_is_not_made(ockam, home, passphrase, elsewhere, programs, env):
    ockam("identity", "create", "theirs", **elsewhere)
    ockam("identity", "import", ockam("identity", "export", **elsewhere).out.strip(), "theirs")
    r = ockam("node", "create", "n1")
    assert r.code == 70 and "was imported" in r.err and not (home / "nodes/n1").exists(), r
    asked_on_a_terminal(programs / "ockam", ["vault", "create", "typed", "--passphrase"], env, [("Passphrase of vault typed:", "x"), ("again:", "x")])
    said, code = asked_on_a_terminal(programs / "ockam", ["identity", "create", "alice", "--vault", "typed"], env, [("Passphrase of vault typed:", "x")])
    assert code == 0, said
    r = ockam("node", "create", "n1", "--identity", "alice")
    assert r.code == 70 and "is typed" in r.err and not (home / "nodes/n1").exists(), r
    ockam("vault", "create", "sealed", "--passphrase-file", passphrase)
    ockam("identity", "create", "bob", "--vault", "sealed")
    patient = ("--timeout", "60s")  # scrypt takes its time, on a busy machine all the more
    assert ockam("node", "create", "n1", "--identity", "bob", *patient, timeout=70).code == 0 and identity_of(ockam, "n1") == "bob"
    ockam("node", "stop", "n1")
    passphrase.write_text("wrong\n")
    r = ockam("node", "start", "n1", *patient, timeout=70)
    assert r.code == 70 and "vault-sealed" in r.err, r


def test_a_node_may_have_its_key_in_a_token(ockam, passphrase, token):
    ockam("vault", "create", "hsm", *token, "--passphrase-file", passphrase)
    assert ockam("node", "create", "n1").code == 0 and ockam("node", "create", "n2").code == 0
    r = ockam("secure-channel", "create", "--from", "n1", "--to", "/node/n2/service/api")
    assert r.code == 0, r
    assert changes(ockam, identity_of(ockam, "n1"))[0]["primary_public_key"].startswith("ECDSA")


def test_a_lost_database_costs_no_node_its_identity(ockam, home):
    ockam("node", "create", "n1")
    [mine] = identities(ockam).values()
    for f in home.glob("*.sqlite3*"):
        f.unlink()
    assert identity_of(ockam, "n1") is None, "its name is gone"
    ockam("node", "stop", "n1")
    assert ockam("node", "start", "n1").code == 0
    ockam("vault", "create", "default")
    assert ockam("identity", "import", home / "identities" / mine["identifier"], "mine").code == 0
    assert identity_of(ockam, "n1") == "mine" and ockam("identity", "rotate", "mine").code == 0


def test_a_storm_of_nodes_and_identities_leaves_no_node_without_its_identity(at_once, ockam, home):
    storm = [["node", "create", f"n{i}", "--identity", "a"] for i in range(3)] + [["identity", "delete", "a", "-y"]] * 3
    for _ in range(2):
        ends = at_once(storm)
        expected = ("was not found", "is used by the node", "was deleted meanwhile", "already running", "There was a node")
        assert [err for code, _, err in ends if code and not any(e in err for e in expected)] == []
    for row in ockam("node", "list", "--output", "json").json:
        assert identity_of(ockam, row["node_name"]) == "a", row
        assert ockam("node", "delete", row["node_name"], "-y").code == 0


# -- races ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def at_once(env, home, programs):
    """at_once([words, …]) → (code, out, err) of commands that run side by side."""

    def run(commands):
        begun = [subprocess.Popen([programs / "ockam", *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, cwd=home) for words in commands]
        return [(p.wait(), out, err) for p in begun for out, err in [p.communicate(timeout=90)]]

    return run


def test_one_name_at_once_is_one_identity(at_once, ockam):
    ends = at_once([["identity", "create", "alice"]] * 8)
    assert {(code, out) for code, out, _ in ends} == {(0, ockam("identity", "show", "alice").out)}, ends
    assert list(vaults(ockam)) == ["default"]


def test_one_vault_at_once_is_made_once(at_once, ockam):
    ends = at_once([["vault", "create", "v"]] * 6)
    assert sorted(code for code, _, _ in ends) == [0] + [70] * 5, ends
    assert all("already exists" in err for code, _, err in ends if code), ends


def test_many_at_once_lose_no_key(at_once, ockam):
    ends = at_once([["identity", "create", f"i{n}"] for n in range(8)])
    assert [code for code, _, _ in ends] == [0] * 8, ends
    ends = at_once([["identity", "rotate", f"i{n}"] for n in range(8)] + [["identity", "rotate", "i0"]] * 3)
    assert [code for code, _, _ in ends] == [0] * 11, ends
    assert len(changes(ockam, "i0")) == 5
    assert [i["is_default"] for i in identities(ockam).values()].count(True) == 1
    ends = at_once([["identity", "rotate", f"i{n}"] for n in range(8)])
    assert [code for code, _, _ in ends] == [0] * 8, "each has the key of its latest change"


def test_a_storm_of_commands_leaves_what_fits_together(at_once, ockam):
    storm = [["identity", "create", "a"], ["identity", "delete", "a", "-y"], ["vault", "create", "v"], ["vault", "delete", "v", "-y"],
             ["identity", "create", "b", "--vault", "v"], ["identity", "rotate", "b"], ["identity", "default", "b"], ["identity", "delete", "--all", "-y"]]
    for _ in range(2):
        said = [err for _, _, err in at_once(storm)]
        expected = ("was not found", "no identifier found", "already", "is used by", "There are 2 vaults", "There is no identity")
        assert [s for s in said if s and not any(e in s for e in expected)] == []
    known = vaults(ockam)
    for name, i in identities(ockam).items():
        assert i["vault_name"] in known and ockam("identity", "rotate", name).code == 0


def test_a_reset_beside_creates_leaves_nothing_half(at_once, ockam):
    for _ in range(2):
        ends = at_once([["identity", "create", f"i{n}"] for n in range(5)] + [["reset", "-y"]])
        assert all(code == 0 or err for code, _, err in ends), ends
        for name in identities(ockam):
            assert ockam("identity", "rotate", name).code == 0


# -- what is wrong ----------------------------------------------------------------------------------------------------

WRONG_FILES = {
    "text": lambda f: f.write_text("not a vault at all\n"),
    "empty": lambda f: f.write_bytes(b""),
    "another kind": lambda f: f.write_bytes(b"SQLite format 3\0" + bytes(100)),
    "cut off": lambda f: f.write_bytes(f.read_bytes()[:30]),
    "huge": lambda f: os.truncate(f, 1 << 40),
    "readable for others": lambda f: f.chmod(0o644),
    "a directory": lambda f: (f.unlink(), f.mkdir()),
    "gone": lambda f: f.unlink(),
}


@pytest.mark.parametrize("how", WRONG_FILES)
def test_a_file_that_is_no_vault_is_said_and_left_alone(ockam, home, how):
    ockam("identity", "create", "alice")
    file = home / "vault-default"
    WRONG_FILES[how](file)
    before = file.read_bytes() if file.is_file() and file.stat().st_size < 10_000 else None
    for words in (["identity", "rotate", "alice"], ["identity", "create", "bob"]):
        r = ockam(*words)
        assert r.code == 70 and r.out == "" and "vault-default" in r.err, r
    assert len(changes(ockam, "alice")) == 1 and list(identities(ockam)) == ["alice"], "what needs no key works"
    assert before is None or file.read_bytes() == before


def test_a_file_of_something_else_is_no_vault_to_be(ockam, home):
    (home / "notes").write_text("mine")
    (home / "notes").chmod(0o600)
    (home / "dir").mkdir()
    for path in ("notes", "dir", ".", "/dev/null", "/proc/self/mem", "nothere/v", ""):
        r = ockam("vault", "create", "v", "--path", path)
        if path == "":
            assert r.code == 0 and path_of(vaults(ockam)["v"]) == str(home / "vault-v")
        else:
            assert r.code == 70 and r.err, r
    assert (home / "notes").read_text() == "mine" and (home / "dir").is_dir()


def tampered(history):
    """Texts that are no history of anybody."""
    yield "no digits", "zz"
    yield "odd", history[:-1]
    yield "cut off", history[:-2]
    yield "empty", ""
    yield "no change", "80"
    yield "huge head", "9bffffffffffffffff"
    yield "nested", "81" * 5000
    yield "long", history + "00" * 200_000
    for at in (0, 10, 40, 80, 120, len(history) - 2):
        yield f"bit {at}", history[:at] + f"{int(history[at:at + 2], 16) ^ 1:02x}" + history[at + 2:]


def test_a_history_that_does_not_hold_is_refused_and_nothing_is_kept(ockam, home, elsewhere):
    ockam("identity", "create", "alice", **elsewhere)
    history = ockam("identity", "export", **elsewhere).out.strip()
    taken = []
    for what, text in tampered(history):
        if len(text) < 100_000:
            r = ockam("identity", "create", "x", "--identity", text)
        else:
            (home / "long.hex").write_text(text)
            r = ockam("identity", "import", "long.hex", "x")
        if r.code != 70 or r.out or not r.err:
            taken.append((what, r))
    assert taken == [] and identities(ockam) == {}


@pytest.mark.parametrize("column, value", [("history", "81ff"), ("history", "zz"), ("identifier", "Izz"), ("identifier", "I" + "0" * 64)])
def test_a_row_that_somebody_has_changed_is_said(ockam, home, column, value):
    ockam("identity", "create", "alice")
    with sqlite3.connect(home / "application_database.sqlite3") as db:
        db.execute(f"UPDATE identity SET {column} = ?", (value,))
    db.close()
    for words in (["identity", "show", "alice"], ["identity", "export"], ["identity", "rotate"]):
        r = ockam(*words)
        assert r.code == 70 and "is not valid" in r.err, r
    assert ockam("identity", "delete", "alice", "-y").code == 0


ODD = "a\x1b[31mred\r\nb\t\x7f"


def test_a_name_is_any_text_and_no_terminal_obeys_it(programs, env, ockam):
    assert ockam("identity", "create", ODD).code == 0
    assert list(identities(ockam)) == [ODD], "a pipe gets it as it is"
    for words in (["identity", "list"], ["identity", "show", ODD], ["identity", "default"], ["identity", "rotate", ODD], ["identity", "list", "--output", "json"],
                  ["identity", "delete", ODD, "-y"]):
        said, code = on_a_terminal(programs / "ockam", ["--no-color", *words], env)
        assert code == 0 and "\x1b" not in said and "\x7f" not in said, (words, said)
    assert ockam("identity", "create", "other").code == 0
    r = ockam("identity", "delete", ODD, "-y")
    assert r.code == 70 and "not found" in r.err and "\x1b" not in r.err, r


def test_a_vault_is_called_what_a_file_can_be_called(ockam, home):
    before = sorted(os.listdir(home))
    outside = f"{home.name}-x"
    for name in (ODD, f"../{outside}", "a/b", "x" * 300):
        for words in (["vault", "create", name], ["identity", "create", "i", "--vault", name]):
            r = ockam(*words)
            assert r.code == 70 and "\x1b" not in r.err and "cannot be the name of a vault" in r.err, r
    assert identities(ockam) == {} and not (home.parent / outside).exists()
    assert {f for f in os.listdir(home) if f not in before} <= {"application_database.sqlite3", "identities"}
    assert ockam("vault", "create", "ü 'x' $(reboot)").code == 0


def test_a_command_that_ends_a_vault_in_use_is_refused(ockam):
    ockam("identity", "create", "alice")
    r = ockam("vault", "delete", "default", "-y")
    assert r.code == 70 and "used by the following identities: alice" in r.err, r
    assert ockam("vault", "delete", "--all", "-y", "--output", "json").json == []
    assert ockam("identity", "rotate", "alice").code == 0


# -- disks ------------------------------------------------------------------------------------------------------------

def test_on_a_full_disk_no_key_is_lost_and_what_needs_no_room_works(small_disk, ockam):
    disk = small_disk("2m")
    there = {"env_extra": {"OCKAM_HOME": str(disk / "home")}}
    for name in ("alice", "bob"):
        ockam("identity", "create", name, **there)
    before = (disk / "home/vault-default").read_bytes()
    fill(disk)
    for words in (["identity", "create", "carol"], ["identity", "rotate", "alice"], ["vault", "create", "v"]):
        r = ockam(*words, **there)
        assert r.code == 70 and ("No space left" in r.err or "full" in r.err) and "make room" in r.err, r
    assert (disk / "home/vault-default").read_bytes() == before
    assert len(changes(ockam, "alice", **there)) == 1 and list(identities(ockam, **there)) == ["alice", "bob"]
    r = ockam("identity", "delete", "bob", "-y", **there)
    assert r.code == 0 and list(identities(ockam, **there)) == ["alice"], r
    (disk / "full").unlink()
    assert ockam("identity", "rotate", "alice", **there).code == 0
