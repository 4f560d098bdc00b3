#!/usr/bin/env python3
"""The log that real calls leave: what it says, and that every change of it is seen."""
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from audit_log import tear  # noqa: E402
from exec_support import PROGRAM, Running, IS_ROOT, case, glovebox, records, run_all, run_exec, run_tool  # noqa: E402


def three_calls(folder):
    state = folder / "state"
    run_tool(state, "write", {"file_path": "a.txt", "content": "one"}).expect(0)
    run_exec("--state", state, "--session", "s", "--tool", "nothing", stdin=b"{}").expect(77)
    run_tool(state, "bash", {"command": "exit 3"}).expect(3)
    return state


def copy_of(log, name):
    target = log.parent.parent / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(log, target)
    return target


@case
def a_call_leaves_intent_then_result(folder):
    state = three_calls(folder)
    told = [(r["k"], r.get("tool")) for r in records(state)]
    assert told == [("boot", None), ("policy.load", None), ("session.open", None),
                    ("tool.intent", "write"), ("tool.result", None), ("session.close", None), ("stop", None),
                    ("epoch.rotate", None), ("boot", None), ("policy.load", None), ("session.open", None),
                    ("tool.deny", "nothing"),
                    ("session.close", None), ("stop", None),
                    ("epoch.rotate", None), ("boot", None), ("policy.load", None), ("session.open", None),
                    ("tool.intent", "bash"),
                    ("tool.result", None), ("session.close", None), ("stop", None)], told
    intent = next(r for r in records(state) if r["k"] == "tool.intent")
    given = json.dumps({"file_path": "a.txt", "content": "one"}).encode()
    salt = (state / "audit/salts/0000000000000000").read_bytes()[3 * 32:4 * 32]
    assert intent["in"] == {"n": len(given), "c": hashlib.sha256(salt + given).hexdigest()}, intent
    assert intent["arg"] == {"file_path": "a.txt", "content": "one"}, intent
    assert intent["prof"] == "files" and intent["dec"] == "allow", intent
    assert intent["rule"].startswith("builtin:default:") and len(intent["pol"]) == 64, intent
    assert intent["prot"]["filter"] == "file" and "landlock" in intent["prot"]["layers"], intent
    result = [r for r in records(state) if r["k"] == "tool.result"][1]
    assert result["exit"] == 3 and result["outcome"] == "finished" and result["ns"] > 0, result
    opened = [r for r in records(state) if r["k"] == "session.open"]
    assert "last" not in opened[0] and opened[1]["last"] == 5, opened
    assert opened[0]["prot"]["roles"] == ("ids" if IS_ROOT else "landlock and seccomp"), opened


@case
def a_commitment_is_opened_by_who_has_the_payload(folder):
    state = three_calls(folder)
    log, payload = state / "audit", folder / "payload"
    given = json.dumps({"file_path": "a.txt", "content": "one"}).encode()
    payload.write_bytes(given)
    glovebox("audit", "open", log, "--index", "3", "--payload", payload).expect(0, out="record 3: /in is these")
    intent = [at for at, r in enumerate(records(state)) if r["k"] == "tool.intent"]
    glovebox("audit", "open", log, "--index", str(intent[1]), "--payload", payload).expect(1)
    payload.write_bytes(given + b" ")
    glovebox("audit", "open", log, "--index", "3", "--payload", payload).expect(1, out="something else")
    glovebox("audit", "open", log, "--index", "0", "--payload", payload).expect(2, err="no salt")
    glovebox("audit", "open", log, "--index", "99", "--payload", payload).expect(2, err="no such record")
    glovebox("audit", "open", log, "--index", "3", "--payload", folder / "missing").expect(2)
    glovebox("audit", "open", log, "--payload", payload).expect(64)
    # The output of a tool is its content blocks.
    run_tool(state, "bash", {"command": "echo hi"}).expect(0)
    payload.write_bytes(b'[{"type":"text","text":"hi"}]')
    last = max(at for at, r in enumerate(records(state)) if r["k"] == "tool.result")
    glovebox("audit", "open", log, "--index", str(last), "--payload", payload).expect(0, out="/out is these")
    # Who has the log and not the salt cannot try out what it was.
    bare = [hashlib.sha256(text).hexdigest() for text in (given, payload.read_bytes(), b"", b'{"command": "exit 3"}', b'{"command":"exit 3"}')]
    stored = b"".join(path.read_bytes() for path in log.rglob("*") if path.is_file())
    assert not any(digest.encode() in stored for digest in bare)
    glovebox("audit", "export", "--session", "s", "--pack", folder / "a.tar", log).expect(0)
    salts = (log / "salts/0000000000000000").read_bytes()
    used = [salts[at:at + 32] for at in range(0, len(salts), 32) if any(salts[at:at + 32])]
    pack = (folder / "a.tar").read_bytes()
    assert len(used) == 7 and len(set(used)) == 7, len(used)
    assert not any(salt in pack or salt.hex().encode() in pack for salt in used)
    shutil.rmtree(log / "salts")
    glovebox("audit", "open", log, "--index", "3", "--payload", payload).expect(2, err="no salt")
    glovebox("audit", "verify", log).expect(0)


@case
def hostile_text_stays_in_its_record(folder):
    state = folder / "state"
    evil = 'x\n{"k":"forged"}\x1b[2J\u202e'
    run_tool(state, "write", {"file_path": "a", "content": evil}).expect(0)
    shown = glovebox("audit", "show", state / "audit").expect(0).out
    assert all(32 <= ord(c) < 127 or c == "\n" for c in shown), shown
    assert not any(r["k"] == "forged" for r in records(state))


@case
def a_good_log_is_good(folder):
    state = three_calls(folder)
    done = glovebox("audit", "verify", state / "audit").expect(0, out="22 records")
    assert "good" in done.out, done.out
    key = state / "audit/key.pub"
    glovebox("audit", "verify", "--key", key, state / "audit").expect(0, out="good")
    glovebox("audit", "verify", "--key", key.read_text().strip(), state / "audit").expect(0)


def records_in(log):
    """The one bundle of a small log, its name and its records."""
    bundle = max((log / "tile/entries/000.p").iterdir(), key=lambda path: int(path.name))
    data, entries = bundle.read_bytes(), []
    while data:
        size = int.from_bytes(data[:2], "big")
        entries.append(data[2:2 + size])
        data = data[2 + size:]
    return bundle, entries


def write_records(bundle, entries):
    bundle.write_bytes(b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries))


@case
def every_change_is_seen(folder):
    log = three_calls(folder) / "audit"
    name, entries = records_in(log)
    assert len(entries) == 22

    def changed(what, mutated):
        copy = copy_of(log, "copy")
        write_records(copy / name.relative_to(log), mutated)
        done = glovebox("audit", "verify", copy)
        assert done.code == 1, f"{what}: {done.code} {done.out}"

    # A sample end to end; the unit tests go through every byte and every record.
    victim = entries[3]
    for offset in range(0, len(victim), 31):
        flipped = bytearray(victim)
        flipped[offset] ^= 1
        changed(f"flipped bit at {offset}", [*entries[:3], bytes(flipped), *entries[4:]])
    for index in range(1, len(entries) - 1, 4):
        changed(f"record {index} doubled for the next", [*entries[:index + 1], entries[index], *entries[index + 2:]])
        changed(f"record {index} swapped", [*entries[:index - 1], entries[index], entries[index - 1], *entries[index + 1:]])


@case
def every_file_of_a_sealed_log_counts(folder):
    log = three_calls(folder) / "audit"
    for path in sorted(log.rglob("*")):
        # Of the write-ahead log nothing is needed behind a stop, and `key` is for writing.
        # Salts are beside the log: without one a commitment stays closed.
        if not path.is_file() or path.parent.name in ("wal", "salts") or path.name in ("key", "epoch.key", "state"):
            continue
        whole = path.read_bytes()
        for offset in range(0, len(whole), max(1, len(whole) // 16)):
            copy = copy_of(log, "copy")
            (copy / path.relative_to(log)).write_bytes(whole[:offset] + bytes([whole[offset] ^ 4]) + whole[offset + 1:])
            done = glovebox("audit", "verify", copy)
            # A line of the checkpoint under another name is a seal that is missing.
            absent = path.name == "checkpoint" and "without a signature of" in done.out.splitlines()[0] and "/epoch/" in done.out.splitlines()[0]
            assert done.code == (2 if absent else 1), f"{path.name} at {offset}: {done.code} {done.out}"


@case
def what_is_missing_is_not_good(folder):
    log = three_calls(folder) / "audit"
    for name in ("tile/entries", "tile", "checkpoint", "key.pub", "epoch0.pub", "policies"):
        copy = copy_of(log, "copy")
        path = copy / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        done = glovebox("audit", "verify", copy)
        assert done.code == 2, f"{name}: {done.code} {done.out}"
    glovebox("audit", "verify", folder / "missing").expect(2)
    # Fewer than somebody remembers.
    glovebox("audit", "verify", "--min-size", "22", log).expect(0)
    glovebox("audit", "verify", "--min-size", "23", log).expect(1, out="cut")


@case
def a_log_can_be_read_by_others(folder):
    """By the small verifier of the tests, written from the C2SP texts."""
    log = three_calls(folder) / "audit"
    done = subprocess.run([sys.executable, pathlib.Path(__file__).parent / "audit_tiles.py", "log", log,
                           (log / "key.pub").read_text().strip()],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "22 entries" in done.stdout and "good" in done.stdout, done


@case
def a_log_is_shown_by_what_is_asked_for(folder):
    log = three_calls(folder) / "audit"

    def shown(*words):
        return [json.loads(line)["k"] for line in glovebox("audit", "show", "--json", *words, log).expect(0).out.splitlines()]

    assert shown("--deny") == ["tool.deny"]
    assert shown("--kind", "tool.intent") == ["tool.intent"] * 2
    session = next(r["sid"] for r in records(log.parent) if r["k"] == "tool.deny")
    expected = [r["k"] for r in records(log.parent) if r.get("sid") == session]
    assert "tool.deny" in expected and shown("--session", session) == expected
    # For people: one screen, and nothing of it is wider than a terminal.
    screen = glovebox("audit", "show", "--session", session, log).expect(0).out
    assert all(len(line) <= 100 for line in screen.splitlines()), screen
    for words in (f"session  {session}", "call 1      write: a.txt", "allowed by builtin:default:", "profile files",
                  "finished, exit 0", "nothing: {}", "REFUSED", "2 calls ran, 1 refused", "under the checkpoint over 22"):
        assert words in screen, (words, screen)
    glovebox("audit", "show", "--session", "none", log).expect(2, err="no record of this session")
    assert shown("--index", "10") == ["session.open"]
    assert shown("--since", "20") == ["session.close", "stop"]
    assert shown("--since", "2999-01-01T00:00:00Z") == []
    glovebox("audit", "show", "--index", "22", log).expect(2, err="no such record")
    glovebox("audit", "show", "--kind", "tool.intend", log).expect(64)
    tail = glovebox("audit", "tail", "-n", "2", log).expect(0).out.splitlines()
    assert [line.split()[2] for line in tail] == ["session.close", "stop"], tail
    report = glovebox("audit", "verify", "--json", log).expect(0).json()
    assert report["verdict"] == "good" and report["records"] == 22 and report["denials"] == 1, report


@case
def a_log_is_followed_while_it_is_written(folder):
    state = folder / "state"
    running = Running(folder)
    try:
        with subprocess.Popen([PROGRAM, "audit", "tail", "-f", "--json", "-n", "100", state / "audit"],
                              stdout=subprocess.PIPE, text=True) as tail:
            seen = [json.loads(tail.stdout.readline())["k"] for _ in range(4)]
            assert seen == ["boot", "policy.load", "session.open", "tool.intent"], seen
            running.finish().expect(0)
            seen = [json.loads(tail.stdout.readline())["k"] for _ in range(3)]
            assert seen == ["tool.result", "session.close", "stop"], seen
            tail.kill()
    finally:
        running.process.kill()


@case
def a_checkpoint_of_another_key_is_1(folder):
    log = three_calls(folder) / "audit"
    other = folder / "other"
    run_exec("--state", other, "--", "/bin/true").expect(0)
    done = glovebox("audit", "verify", "--key", other / "audit/key.pub", log)
    assert done.code == 1, (done.code, done.out)


@case
def a_changed_log_is_not_written_to(folder):
    state = three_calls(folder)
    name, entries = records_in(state / "audit")
    write_records(name, [entry.replace(b'"tool":"bash"', b'"tool":"hash"') for entry in entries])
    run_exec("--state", state, "--", "/bin/true").expect(65, err="glovebox: error: auditor: ")


@case
def a_torn_group_is_left_out_and_told(folder):
    state = three_calls(folder)
    tear(state / "audit", b"a part of a group")
    run_exec("--state", state, "--", "/bin/true").expect(0)
    cut = [r for r in records(state) if r["k"] == "recovery"]
    assert len(cut) == 1 and cut[0]["why"] == "torn_group" and cut[0]["cut"]["n"] >= 17, cut
    glovebox("audit", "verify", state / "audit").expect(0)


@case
def a_loss_is_accepted_only_when_somebody_says_so(folder):
    state = three_calls(folder)
    log = state / "audit"
    glovebox("audit", "repair", "--accept-loss", log).expect(0, out="nothing is damaged")
    (log / "state").write_bytes(bytes(8192))
    run_exec("--state", state, "--", "/bin/true").expect(65, err="audit repair --accept-loss")
    glovebox("audit", "repair", log).expect(64, err="--accept-loss")
    glovebox("audit", "verify", log).expect(1)
    glovebox("audit", "repair", "--accept-loss", log).expect(0, out="goes on behind 22 records")
    assert list((log / "wal").glob("*.lost"))
    run_exec("--state", state, "--", "/bin/true").expect(0)
    told = records(state)
    assert told[22]["k"] == "epoch.rotate", told[22]
    assert told[23]["k"] == "gap" and told[23]["why"] == "state_lost", told[23]
    assert told[24]["k"] == "boot" and len([r for r in told if r["k"] == "gap"]) == 1
    glovebox("audit", "verify", log).expect(2, out="the loss was accepted")
    # Sealed records have no repair.
    name, entries = records_in(log)
    write_records(name, [entry.replace(b"exec", b"exed") for entry in entries])
    (log / "state").write_bytes(bytes(8192))
    glovebox("audit", "repair", "--accept-loss", log).expect(65)
    glovebox("audit", "repair", "--accept-loss", folder).expect(2, err="holds no log")


@case
def evidence_is_checked_without_the_log(folder):
    state = three_calls(folder)
    log, proof = state / "audit", folder / "a.proof"
    call = next(r["tu"] for r in records(state) if r["k"] == "tool.result")
    trust = (log / "key.pub").read_text().strip()
    glovebox("audit", "prove", "3", log, "-o", proof).expect(0)
    glovebox("audit", "check-proof", proof, "--trust", trust).expect(0, out="record 3 is in the log")
    glovebox("audit", "prove", call, log, "--kind", "tool.result", "-o", proof).expect(0)
    glovebox("audit", "check-proof", proof, "--trust", log / "key.pub").expect(0, out="tool.result")
    glovebox("audit", "prove", "22", log).expect(1)
    done = subprocess.run([sys.executable, pathlib.Path(__file__).parent / "audit_tiles.py", "proof", proof, trust],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "tool.result" in done.stdout, done
    whole = proof.read_bytes()
    for offset in range(0, len(whole), 17):
        proof.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1:])
        done = glovebox("audit", "check-proof", proof, "--trust", trust)
        assert done.code != 0, f"flipped bit at {offset}: {done.out}"
    run_exec("--state", folder / "other", "--", "/bin/true").expect(0)
    proof.write_bytes(whole)
    glovebox("audit", "check-proof", proof, "--trust", folder / "other/audit/key.pub").expect(1)


@case
def a_session_is_packed_and_checked(folder):
    state = three_calls(folder)
    log, pack = state / "audit", folder / "a.tar"
    session = next(r["sid"] for r in records(state) if r["k"] == "tool.intent")
    glovebox("audit", "export", "--session", session, "--pack", pack, log).expect(0)
    glovebox("audit", "check-proof", pack, "--trust", log / "key.pub").expect(0, out="chain: whole")
    with tarfile.open(pack) as archive:
        names = archive.getnames()
        page = archive.extractfile("session.html").read().decode()
    assert {"records.jsonl", "checkpoint", "key.pub", "session.html"} <= set(names), names
    assert "<script" not in page and "http://" not in page and "https://" not in page
    whole = pack.read_bytes()
    for offset in range(0, len(whole), 1201):
        pack.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1:])
        done = glovebox("audit", "check-proof", pack, "--trust", log / "key.pub")
        # What is for people is told apart; all else is evidence.
        assert done.code != 0 or "do not rely on them" in done.out, f"flipped bit at {offset}: {done.out}"


@case
def records_go_to_other_systems(folder):
    state = three_calls(folder)
    log = state / "audit"
    for name in ("jsonl", "ocsf", "cef", "syslog"):
        done = glovebox("audit", "export", "--format", name, log).expect(0, err="--from 22")
        assert len(done.out.splitlines()) == 22, name
        assert len(glovebox("audit", "export", "--format", name, "--from", "20", log).expect(0).out.splitlines()) == 2
    rows = [json.loads(line) for line in glovebox("audit", "export", "--format", "jsonl", log).out.splitlines()]
    assert [row["record"] for row in rows] == records(state)
    denied = [json.loads(line) for line in glovebox("audit", "export", "--format", "ocsf", log).out.splitlines()][11]
    assert denied["class_uid"] == 6003 and denied["disposition"] == "Blocked", denied
    glovebox("audit", "export", "--format", "xml", log).expect(64)
    stats = glovebox("audit", "stats", "--json", log).expect(0).json()
    assert stats["records"] == stats["sealed"] == 22 and stats["kinds"]["tool.deny"] == 1, stats


@case
def what_was_kept_elsewhere_shows_a_log_that_was_put_back(folder):
    state = three_calls(folder)
    log, anchors = state / "audit", folder / "anchors"
    older = copy_of(log, "older")
    run_exec("--state", state, "--", "/bin/true").expect(0)
    glovebox("audit", "anchor", "--to", anchors, log).expect(0)
    assert glovebox("audit", "anchor", log).expect(0).out == (log / "checkpoint").read_text()
    run_exec("--state", state, "--", "/bin/true").expect(0)
    glovebox("audit", "verify", "--anchors", anchors, log).expect(0, out="good")
    # Good by itself, and shorter than what somebody has seen.
    glovebox("audit", "verify", older).expect(0)
    glovebox("audit", "verify", "--anchors", anchors, older).expect(1, out="anchored")
    run_exec("--state", folder / "other", "--", "/bin/true").expect(0)
    glovebox("audit", "verify", "--anchors", anchors, folder / "other/audit").expect(1)


@case
def a_result_that_the_log_does_not_know_is_found(folder):
    state = folder / "state"
    run_exec("--state", state, "--session", "sesn_1", "--call", "sevt_1", "--", "/bin/true").expect(0)
    log, events = state / "audit", folder / "events.json"

    def events_of(*calls):
        events.write_text("\n".join(json.dumps(event) for call in calls for event in (
            {"type": "agent.tool_use", "id": call, "name": "bash", "input": {}},
            {"type": "user.tool_result", "id": "sevt_r" + call, "tool_use_id": call, "is_error": False,
             "content": [], "processed_at": now})))

    now = glovebox("audit", "show", "--index", "4", log).expect(0).out.split()[1]
    events_of("sevt_1")
    glovebox("audit", "reconcile", "--session", "sesn_1", "--events", events, log).expect(0, out="1 matched")
    events_of("sevt_1", "sevt_2")
    glovebox("audit", "reconcile", "--session", "sesn_1", "--events", events, log).expect(1, out="sevt_2")
    events.write_text("no events")
    glovebox("audit", "reconcile", "--session", "sesn_1", "--events", events, log).expect(2)


sys.exit(run_all())
