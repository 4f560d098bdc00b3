#!/usr/bin/env python3
"""The log that real calls leave: what it says, and that every change of it is seen."""
import hashlib
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from exec_support import IS_ROOT, case, glovebox, records, run_all, run_exec, run_tool


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
                    ("boot", None), ("policy.load", None), ("session.open", None),
                    ("tool.deny", "nothing"),
                    ("session.close", None), ("stop", None),
                    ("boot", None), ("policy.load", None), ("session.open", None),
                    ("tool.intent", "bash"),
                    ("tool.result", None), ("session.close", None), ("stop", None)], told
    intent = next(r for r in records(state) if r["k"] == "tool.intent")
    given = json.dumps({"file_path": "a.txt", "content": "one"}).encode()
    assert intent["in"] == {"n": len(given), "c": hashlib.sha256(given).hexdigest()}, intent
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
    done = glovebox("audit", "verify", state / "audit").expect(0, out="20 records")
    assert "good" in done.out, done.out
    key = state / "audit/key.pub"
    glovebox("audit", "verify", "--key", key, state / "audit").expect(0, out="good")
    glovebox("audit", "verify", "--key", key.read_text().strip(), state / "audit").expect(0)


@case
def every_change_is_seen(folder):
    log = three_calls(folder) / "audit"
    lines = (log / "log.jsonl").read_bytes().splitlines(keepends=True)
    # A sample end to end; the unit tests go through every byte and every line.
    victim = 3
    for offset in range(0, len(lines[victim]) - 1, 31):
        changed = bytearray(lines[victim])
        changed[offset] ^= 1
        copy = copy_of(log, "copy")
        (copy / "log.jsonl").write_bytes(b"".join([*lines[:victim], bytes(changed), *lines[victim + 1:]]))
        done = glovebox("audit", "verify", copy)
        assert done.code == 1, f"flipped bit at {offset}: {done.code} {done.out}"
    for index in range(1, len(lines) - 1, 4):
        for name, mutated in [("left out", lines[:index] + lines[index + 1:]),
                              ("doubled", lines[:index] + [lines[index]] + lines[index:]),
                              ("swapped", lines[:index - 1] + [lines[index], lines[index - 1]] + lines[index + 1:])]:
            copy = copy_of(log, "copy")
            (copy / "log.jsonl").write_bytes(b"".join(mutated))
            done = glovebox("audit", "verify", copy)
            assert done.code == 1, f"line {index} {name}: {done.code} {done.out}"


@case
def what_is_missing_at_the_end_is_2(folder):
    log = three_calls(folder) / "audit"
    whole = (log / "log.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    for name, bytes_left in [("last record", b"".join(lines[:-1])), ("half a line", whole[:-20]),
                             ("everything", b"")]:
        copy = copy_of(log, "copy")
        (copy / "log.jsonl").write_bytes(bytes_left)
        done = glovebox("audit", "verify", copy)
        assert done.code == 2, f"{name}: {done.code} {done.out}"
    copy = copy_of(log, "copy")
    (copy / "head").unlink()
    glovebox("audit", "verify", copy).expect(2)
    glovebox("audit", "verify", folder / "missing").expect(2)


@case
def a_head_of_another_key_is_1(folder):
    log = three_calls(folder) / "audit"
    other = folder / "other"
    run_exec("--state", other, "--", "/bin/true").expect(0)
    done = glovebox("audit", "verify", "--key", other / "audit/key.pub", log)
    assert done.code == 1, (done.code, done.out)


@case
def a_changed_log_is_not_written_to(folder):
    state = three_calls(folder)
    log = state / "audit/log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"tool":"bash"', b'"tool":"hash"'))
    run_exec("--state", state, "--", "/bin/true").expect(65, err="glovebox: error: auditor: ")


@case
def a_torn_line_is_cut_and_told(folder):
    state = three_calls(folder)
    log = state / "audit/log.jsonl"
    with log.open("ab") as file:
        file.write(b'{"torn')
    run_exec("--state", state, "--", "/bin/true").expect(0)
    cut = [r for r in records(state) if r["k"] == "recovery"]
    assert len(cut) == 1 and cut[0]["cut"]["n"] == 6, cut
    glovebox("audit", "verify", state / "audit").expect(0)


sys.exit(run_all())
