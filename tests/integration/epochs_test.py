#!/usr/bin/env python3
"""Epochs of the log: the key of one that is over is gone, and who has all the rest cannot go on
with an older log, nor write another history of it."""
import json
import os
import pathlib
import shutil
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from audit_tiles import (Bad, bundle_entries, decode64, ed25519_verify, leaf_hash, need, open_checkpoint,  # noqa: E402
                         parse_key, read_tile, tiles_of, tree_root)
from exec_support import Running, case, glovebox, records, run_all, run_exec  # noqa: E402

SLOT = 4096


def entries_of(log, key):
    note = (log / "checkpoint").read_text("utf-8")
    size, root = open_checkpoint(note, key)
    entries = [entry for index, width in tiles_of(size, 0)
               for entry in bundle_entries(read_tile(log, "entries", index, width))[:width]]
    leaves = [leaf_hash(entry) for entry in entries]
    need(tree_root(leaves) == root, "another root than the checkpoint says")
    return note, entries, leaves


def follow(log, key, epoch0):
    """A second reader of the chain: every seal by the key before it, the checkpoint by the last.
    Returns how many epochs are over."""
    origin, _, _ = parse_key(key)
    name, _, public = parse_key(epoch0)
    need(name == f"{origin}/epoch/0", "not the key of epoch 0 of this log")
    note, entries, leaves = entries_of(log, key)
    number, first = 0, 0
    for index, entry in enumerate(entries):
        record = json.loads(entry)
        if record["k"] not in ("epoch.rotate", "heartbeat"):
            continue
        need(record["ep"] == number and record["size"] == index, "a seal out of order")
        need((record["k"] == "heartbeat") == (index == first), "an epoch that is not what its seal says")
        need(record["root"] == tree_root(leaves[:index]).hex() and record["at"] == record["t"],
             "a seal of something else")
        text = "\n".join(["glovebox epoch seal v1", origin, str(number), str(index), record["root"], str(record["at"]),
                          record["next"], ""])
        ed25519_verify(public, text.encode(), bytes.fromhex(record["seal"]))
        number, first, public = number + 1, index + 1, bytes.fromhex(record["next"])
    text, _, lines = note.rpartition("\n\n")
    line = next((line for line in lines.splitlines() if f" {origin}/epoch/{number} " in line), None)
    need(line, "the checkpoint is not signed by the epoch that it ends in")
    ed25519_verify(public, (text + "\n").encode(), decode64(line.rsplit(" ", 1)[1])[4:])
    return number


def runs(folder, count, name="state"):
    state = folder / name
    for _ in range(count):
        run_exec("--state", state, "--", "/bin/true").expect(0)
    return state / "audit"


def keys_of(log):
    return (log / "key.pub").read_text().strip(), (log / "epoch0.pub").read_text().strip()


def put_back(log, copy):
    """Names are kept: the files are the owner's."""
    for path in sorted(log.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else None
    for path in sorted(copy.rglob("*")):
        if path.is_file():
            target = log / path.relative_to(copy)
            shutil.copyfile(path, target)
            owner = log.stat()
            os.chown(target, owner.st_uid, owner.st_gid)
            target.chmod(0o600)


@case
def the_chain_is_followed_from_epoch_0(folder):
    log = runs(folder, 3)
    key, epoch0 = keys_of(log)
    done = glovebox("audit", "verify", "--key", key, "--epoch0", epoch0, log).expect(0, out="2 epochs sealed")
    assert "proves nothing" not in done.out and "prove nothing" not in done.out, done.out
    told = glovebox("audit", "verify", "--json", "--epoch0", log / "epoch0.pub", log).expect(0).json()
    assert told["epochs"] == 2 and told["epoch0_from_log"] is False, told
    assert follow(log, key, epoch0) == 2
    # Of another log, of no log.
    other = runs(folder, 1, "other")
    glovebox("audit", "verify", "--epoch0", other / "epoch0.pub", log).expect(1, out="epoch0.pub is not the key")
    glovebox("audit", "verify", "--epoch0", folder / "missing", log).expect(2)
    glovebox("audit", "verify", "--epoch0", log / "key.pub", log).expect(1)
    try:
        follow(log, key, keys_of(other)[1].replace("other", "state"))
    except (Bad, AssertionError):
        return
    raise AssertionError("the second reader takes any key")


@case
def the_secret_of_an_epoch_that_is_over_is_nowhere(folder):
    log = runs(folder, 1)
    before = (log / "epoch.key").read_bytes()
    secret = next(before[at + 32:at + 64] for at in (0, SLOT) if any(before[at:at + SLOT]))
    assert len(set(secret)) > 8
    runs(folder, 1)
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert secret not in path.read_bytes(), path
    after = (log / "epoch.key").read_bytes()
    assert sum(any(after[at:at + SLOT]) for at in (0, SLOT)) == 1


@case
def an_older_log_does_not_go_on(folder):
    log = runs(folder, 1)
    older = folder / "older"
    shutil.copytree(log, older)
    runs(folder, 1)
    secrets = (log / "epoch.key").read_bytes()
    put_back(log, older)
    glovebox("audit", "verify", log).expect(0)  # it is a log that was whole once
    (log / "epoch.key").write_bytes(secrets)
    run_exec("--state", log.parent, "--", "/bin/true").expect(65, err="records were cut off")
    (log / "epoch.key").unlink()
    run_exec("--state", log.parent, "--", "/bin/true").expect(65, err="epoch.key: missing")
    glovebox("audit", "verify", log).expect(0)


@case
def each_run_of_the_auditor_begins_with_the_seal_of_the_epoch_that_it_finds(folder):
    running = Running(folder)
    os.kill(running.role("auditor"), signal.SIGKILL)
    running.finish()
    log = folder / "state/audit"
    run_exec("--state", folder / "state", "--", "/bin/true").expect(0)
    key, epoch0 = keys_of(log)
    glovebox("audit", "verify", "--epoch0", epoch0, log).expect(0)
    kinds = [r["k"] for r in records(folder / "state")]
    starts = [at for at, kind in enumerate(kinds) if kind == "boot"]
    assert len(starts) == 3 and all(kinds[at - 1] in ("epoch.rotate", "heartbeat") for at in starts[1:]), kinds
    assert follow(log, key, epoch0) == len(starts) - 1


sys.exit(run_all())
