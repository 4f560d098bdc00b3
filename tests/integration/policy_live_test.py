#!/usr/bin/env python3
"""What an operator does with the policy of a worker that runs: load, status, rollback, revoke."""
import array
import hashlib
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import audit_log
from operations_harness import policy, run, write
from worker_harness import PROGRAM, Plane, Worker, descendants, cmdline, fresh_folder, run_cases, wait_for

IS_ROOT = os.geteuid() == 0
STRANGER = 54322
LOAD, STATUS, ROLLBACK, REVOKE = range(4)
BUDGET_MS = 50


def records(worker, kind=None):
    return [record for record in audit_log.records(worker.state + "/audit") if kind in (None, record["k"])]


def command(worker, *words):
    return run("policy", *words, "--state", worker.state)


def status(worker):
    done = command(worker, "status", "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def loaded(worker, *words):
    done = command(worker, "load", *words, "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def ask_name(plane, session):
    return plane.result(session, plane.bash(session, "echo $NAME"))


def serving(keep, plane, name="one", *more):
    folder = fresh_folder()
    file = policy(folder, name)
    worker = keep(Worker(plane, *more, policy=file))
    wait_for("it serves", lambda: "serving" in worker.log())
    return worker, folder, file


def socket_of(worker):
    """A connection to the control socket; by its folder's descriptor, since the path may be long."""
    folder = os.open(worker.state + "/run", os.O_RDONLY | os.O_DIRECTORY)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(f"/proc/self/fd/{folder}/control")  # waits while too many wait already
        connection.settimeout(30)
        return connection
    finally:
        os.close(folder)


def request(act, subject=""):
    text = subject.encode()
    return struct.pack("<HB", 0x600, 0) + struct.pack("<BI", act, len(text)) + text + b"\0"


def answer(connection):
    packet = connection.recv(1 << 16)
    assert packet[:3] == struct.pack("<HB", 0x601, 0), packet
    size, = struct.unpack_from("<I", packet, 3)
    problem = packet[7:7 + size].decode()
    return problem, json.loads(packet[7 + size + 4:] or b"{}")


# --- refusals first

def where_nobody_serves_that_is_said(keep):
    folder = fresh_folder()
    for words in (["status"], ["load"], ["rollback", "a" * 64], ["revoke", "a" * 64]):
        done = run("policy", *words, "--state", folder + "/state")
        assert done.returncode == 69 and done.stdout == "", done
        assert "no glovebox serves" in done.stderr and "hint: --state" in done.stderr, done
    plane = keep(Plane())
    worker, _, _ = serving(keep, plane)
    assert worker.terminate() == 0
    done = command(worker, "status")
    assert done.returncode == 69 and "no glovebox serves" in done.stderr, done
    assert not os.path.exists(worker.state + "/run/control")


def a_stranger_may_not_ask(keep):
    plane = keep(Plane())
    worker, _, _ = serving(keep, plane)
    facts = os.stat(worker.state + "/run/control")
    assert facts.st_mode & 0o7777 == 0o600, oct(facts.st_mode)
    if not IS_ROOT:
        return  # whom it belongs to is all that one user can see
    done = subprocess.run(["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups",
                           PROGRAM, "policy", "status", "--state", worker.state],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 69 and "only root" in done.stderr, done
    # Also when the file's mode does not keep them out.
    os.chmod(worker.state + "/run/control", 0o666)
    done = subprocess.run(["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups",
                           PROGRAM, "policy", "revoke", status(worker)["digest"], "--state",
                           worker.state], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "only root" in done.stderr, done
    assert not status(worker)["revoked"]


def a_box_has_no_way_to_it(keep):
    plane = keep(Plane())
    worker, _, _ = serving(keep, plane)
    session = plane.session()
    look = f"ls {worker.state} {worker.state}/run/control 2>/dev/null | wc -l"
    assert plane.result(session, plane.bash(session, look)) == ("0", False)


def what_is_no_policy_changes_nothing(keep):
    plane = keep(Plane())
    worker, folder, file = serving(keep, plane)
    first = plane.session()
    assert ask_name(plane, first) == ("one", False)
    before = status(worker)
    good = pathlib.Path(file).read_text()
    os.mkdir(folder + "/directory")
    os.symlink(file, folder + "/link")
    os.mkfifo(folder + "/fifo")
    bad = [
        ("is not there", folder + "/none", "ENOENT"),
        ("is empty", write(folder + "/empty.toml", "", 0o644), "empty.toml:1:1"),
        ("is a folder", folder + "/directory", "EACCES" if IS_ROOT else "regular file"),
        ("is a link", folder + "/link", "symbolic link"),
        ("is a pipe", folder + "/fifo", "regular file"),
        ("others can write", write(folder + "/open.toml", good, 0o666), "group or others"),
        ("is 2 MB", write(folder + "/large.toml", good + "#" * (2 << 20), 0o644), ""),
        ("has a NUL", write(folder + "/nul.toml", good + "\0", 0o644), "nul.toml:"),
        ("turns text round", write(folder + "/bidi.toml", good + "# \u202e", 0o644), "bidi.toml:"),
        ("is nested deeply", write(folder + "/deep.toml", good + "x = " + "[" * 200, 0o644), "deep.toml:"),
        ("has an unknown key", write(folder + "/key.toml", good + "frobnicate = 1\n", 0o644), "key.toml:"),
        ("names no filter", write(folder + "/filter.toml", good.replace("builtin:bash", "builtin:x"), 0o644),
         "builtin:x"),
        ("is a built-in that is none", "builtin:nothing", "no built-in policy"),
        ("is elsewhere", "/etc/hostname" if IS_ROOT else "/nowhere/policy.toml", ""),
    ]
    for name, path, says in bad:
        done = command(worker, "load", path)
        assert done.returncode == 1 and done.stdout == "", (name, done)
        assert says in done.stderr, (name, done)
        rejected = records(worker, "policy.reject")[-1]
        assert rejected["polfile"] == path and rejected["asker"]["way"] == "control", (name, rejected)
        assert rejected["holds"] == before["digest"] and rejected["why"], (name, rejected)
    assert len(records(worker, "policy.reject")) == len(bad)
    for digest, says in (("abc", "64 hexadecimal digits"), ("f" * 64, "was ever loaded"),
                         (before["digest"], "the one in use")):
        done = command(worker, "rollback", digest)
        assert done.returncode == 1 and says in done.stderr, (digest, done)
    for digest, says in (("abc", "64 hexadecimal digits"), ("f" * 64, "ever loaded")):
        done = command(worker, "revoke", digest)
        assert done.returncode == 1 and says in done.stderr, (digest, done)
    after = status(worker)
    assert after.pop("refused")["file"] == "f" * 64
    assert after == before, (before, after)
    assert ask_name(plane, plane.session()) == ("one", False)
    assert ask_name(plane, first) == ("one", False)
    assert worker.terminate() == 0
    assert run("audit", "verify", worker.state + "/audit").returncode == 0


def say(connection, *message):
    """Who is turned away may be so before it has asked."""
    try:
        connection.sendmsg(*message)
    except BrokenPipeError:
        pass


def clients_that_mean_ill_keep_nobody(keep):
    plane = keep(Plane())
    worker, _, _ = serving(keep, plane)
    session = plane.session()
    assert ask_name(plane, session) == ("one", False)
    # Of a process that is not dumpable only root can see them.
    supervisor_fds = lambda: len(os.listdir(f"/proc/{worker.process.pid}/fd")) if IS_ROOT else 0
    before = supervisor_fds()
    silent = [socket_of(worker) for _ in range(40)]
    mute = [socket_of(worker) for _ in range(20)]  # ask, and never read
    for connection in mute:
        say(connection, [request(STATUS)])
    for _ in range(200):
        dying = socket_of(worker)
        say(dying, [request(STATUS)])
        dying.close()
    for garbage in (b"", b"x", b"\0" * 4000, request(STATUS)[:-1], request(STATUS) + b"x",
                    struct.pack("<HB", 0x600, 1), struct.pack("<HB", 0x300, 0) + b"{}"):
        def answer():
            with socket_of(worker) as liar:
                if garbage:
                    say(liar, [garbage])
                    told = liar.recv(1000)
                    # Those before it may not have been looked at yet.
                    return None if b"too many requests" in told else (told,)
                return (b"",)
        assert wait_for("its turn", answer) == (b"",), garbage
    with_fd = socket_of(worker)
    say(with_fd, [request(STATUS)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))])
    assert with_fd.recv(100) == b""
    assert status(worker)["file"].endswith("policy.toml")
    assert ask_name(plane, session) == ("one", False)
    assert supervisor_fds() <= before + 8, (before, supervisor_fds())
    for connection in silent + mute + [with_fd]:
        connection.close()
    wait_for("they are forgotten", lambda: supervisor_fds() <= before)


def a_policy_that_was_revoked_is_not_started_with(keep):
    plane = keep(Plane())
    worker, folder, file = serving(keep, plane)
    digest = status(worker)["digest"]
    assert command(worker, "revoke", digest).returncode == 0
    assert worker.terminate() == 0
    again = keep(Worker(plane, state=worker.folder, policy=file))
    assert again.process.wait(60) == 78, again.log()
    assert f"policy {digest} was revoked by record" in again.log(), again.log()
    rejected = records(again, "policy.reject")
    assert len(rejected) == 1 and rejected[0]["asker"]["way"] == "start", rejected
    # Another one is, and then somebody can say so.
    other = keep(Worker(plane, state=worker.folder, policy="builtin:default"))
    wait_for("it serves", lambda: "serving" in other.log())
    assert command(other, "rollback", digest).returncode == 1
    if IS_ROOT:  # whose supervisor reads only from the folders that it was started with
        done = command(other, "load", file, "--revoked")
        assert done.returncode == 1 and "hint: while glovebox runs" in done.stderr, done
        assert command(other, "rollback", digest, "--revoked").returncode == 0
    else:
        assert command(other, "load", file).returncode == 1
        assert loaded(other, file, "--revoked")["digest"] == digest
    assert status(other)["digest"] == digest


# --- and what it is for

def the_first_policy_is_recorded_before_anything(keep):
    plane = keep(Plane())
    worker, folder, file = serving(keep, plane)
    session = plane.session()
    assert ask_name(plane, session) == ("one", False)
    log = records(worker)
    assert [record["k"] for record in log[:3]] == ["boot", "policy.load", "session.open"], log[:3]
    load = log[1]
    assert load["asker"]["way"] == "start" and load["asker"]["pid"] == worker.process.pid, load
    assert load["polfile"] == file and load["what"] == "the first", load
    assert load["pol"] == log[2]["pol"] == status(worker)["digest"]
    kept = pathlib.Path(worker.state, "audit/policies", load["pol"])
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == load["doc"]
    document = json.loads(kept.read_bytes())
    assert document["files"][0]["text"] == pathlib.Path(file).read_text()
    assert kept.stat().st_mode & 0o7777 == 0o600
    # A boxer that is started again needs no second record.
    worker.kill_role("boxer")
    assert ask_name(plane, plane.session()) == ("one", False)
    assert len(records(worker, "policy.load")) == 1


def a_load_is_for_new_sessions(keep):
    plane = keep(Plane())
    worker, folder, file = serving(keep, plane)
    first = plane.session()
    assert ask_name(plane, first) == ("one", False)
    old = status(worker)
    assert old["sessions"] == {old["digest"]: 1}, old
    assert loaded(worker) == {**{key: old[key] for key in ("digest", "file", "since", "by", "revoked")},
                              "changed": False}
    policy(folder, "two")
    new = loaded(worker, file)
    assert new["changed"] and new["digest"] != old["digest"], new
    assert new["by"]["way"] == "control" and new["by"]["uid"] == os.geteuid(), new
    second = plane.session()
    assert ask_name(plane, second) == ("two", False)
    assert ask_name(plane, first) == ("one", False)
    assert status(worker)["sessions"] == {old["digest"]: 1, new["digest"]: 1}
    load = records(worker, "policy.load")[1]
    assert load["pol"] == new["digest"] and load["was"] == old["digest"], load
    assert load["what"] == "0 wider, 0 narrower, 1 changed", load
    assert records(worker).index(load) == new["record"]
    # Back to the first one; its file on the disk is still the second.
    done = command(worker, "rollback", old["digest"])
    assert done.returncode == 0, done
    assert ask_name(plane, plane.session()) == ("one", False)
    assert ask_name(plane, second) == ("two", False)
    back = records(worker, "policy.load")[2]
    assert back["act"] == "rollback" and back["what"] == "0 wider, 0 narrower, 1 changed", back
    assert len(os.listdir(worker.state + "/audit/policies")) == 2
    # A boxer that is started again has the one that is active.
    worker.kill_role("boxer")
    assert ask_name(plane, plane.session()) == ("one", False)
    # And so does what the auditor knows: it reads its log again.
    worker.kill_role("auditor")
    done = command(worker, "rollback", new["digest"])
    assert done.returncode == 0, done
    assert worker.terminate() == 0
    assert run("audit", "verify", worker.state + "/audit").returncode == 0


def a_kept_policy_that_was_changed_is_refused(keep):
    plane = keep(Plane())
    worker, folder, file = serving(keep, plane)
    old = status(worker)["digest"]
    policy(folder, "two")
    loaded(worker)
    kept = pathlib.Path(worker.state, "audit/policies", old)
    text = kept.read_bytes()
    kept.write_bytes(text.replace(b"one", b"1ne"))
    done = command(worker, "rollback", old)
    assert done.returncode == 1 and "it was changed" in done.stderr, done
    kept.write_bytes(text)
    assert command(worker, "rollback", old).returncode == 0


def a_revocation_ends_its_sessions(keep):
    plane = keep(Plane())
    worker, folder, file = serving(keep, plane)
    first, idle = plane.session(), plane.session()
    for session in (first, idle):
        assert ask_name(plane, session) == ("one", False)
    running = plane.bash(first, "sleep 300")
    wait_for("the call runs", lambda: any("sleep" in cmdline(pid) for pid in
                                          descendants(worker.process.pid)))
    old = status(worker)["digest"]
    done = command(worker, "revoke", old)
    assert done.returncode == 0 and "2 sessions end" in done.stdout, done
    assert plane.result(first, running)[1], "the call ends with an error"
    closed = wait_for("their ends", lambda: len(records(worker, "session.close")) == 2 and
                      records(worker, "session.close"))
    assert {record["why"] for record in closed} == {"its policy was revoked"}, closed
    assert {record["sid"] for record in closed} == {first, idle}, closed
    act = records(worker, "operator")[0]
    assert (act["act"], act["pol"], act["asker"]["way"]) == ("policy.revoke", old, "control"), act
    assert status(worker)["revoked"] and status(worker)["sessions"] == {}
    # There is no policy now.
    text, is_error = ask_name(plane, idle)
    assert is_error and "revoked" in text, text
    assert command(worker, "load").returncode == 1
    worker.kill_role("boxer")  # nor has the next boxer one
    text, is_error = ask_name(plane, idle)
    assert is_error and "revoked" in text, text
    policy(folder, "two")
    assert loaded(worker)["changed"]
    assert not ask_name(plane, idle)[1]  # its shell remembers the old name
    assert records(worker, "session.open")[-1]["sid"] == idle
    assert ask_name(plane, plane.session()) == ("two", False)
    assert command(worker, "rollback", old).returncode == 1
    assert command(worker, "rollback", old, "--revoked").returncode == 0
    assert not status(worker)["revoked"]
    assert ask_name(plane, plane.session()) == ("one", False)
    assert worker.terminate() == 0
    assert run("audit", "verify", worker.state + "/audit").returncode == 0


def a_reload_drops_nothing(keep):
    plane = keep(Plane())
    worker, folder, file = serving(keep, plane, "a0")
    sessions = [plane.session() for _ in range(3)]
    for session in sessions:
        assert ask_name(plane, session) == ("a0", False)
    calls = [(session, plane.bash(session, f"sleep 0.2; echo $NAME {number}"))
             for number in range(4) for session in sessions]
    times = []
    for number in range(1, 9):
        policy(folder, f"a{number}")
        connection = socket_of(worker)
        begin = time.monotonic()
        connection.send(request(LOAD))
        problem, facts = answer(connection)
        times.append((time.monotonic() - begin) * 1000)
        assert not problem and facts["changed"], (problem, facts)
        connection.close()
    for session, call in calls:
        text, is_error = plane.result(session, call)
        assert text.startswith("a0 ") and not is_error, (text, is_error)
    assert ask_name(plane, plane.session()) == ("a8", False)
    assert not records(worker, "tool.orphan") and not records(worker, "policy.reject")
    print(f"# reloads took {', '.join(f'{t:.0f}' for t in sorted(times))} ms", flush=True)
    assert min(times) <= BUDGET_MS, times


def a_record_is_explained_by_the_policy_of_its_time(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    file = policy(folder, "one", more='guard = [".vscode"]')
    worker = keep(Worker(plane, policy=file))
    wait_for("it serves", lambda: "serving" in worker.log())
    session = plane.session()
    plane.result(session, plane.bash(session, "mkdir -p .vscode; unshare -U true; echo done"))
    plane.result(session, plane.emit(session, {"type": "agent.tool_use", "name": "read",
                                               "input": {"file_path": "/workspace/x"}})[0])
    # What is active later says nothing about it.
    policy(folder, "two", more='deny = { tools = ["bash"] }')
    loaded(worker)
    later = plane.session()
    assert plane.result(later, plane.bash(later, "true"))[1]
    assert worker.terminate() == 0
    log = records(worker)
    why = lambda index, *more: run("policy", "why", "--record", index, "--log", worker.state + "/audit",
                                   *more)

    def index_of(kind, **members):
        return next(at for at, record in enumerate(log) if record["k"] == kind and
                    all(record.get(key) == value for key, value in members.items()))

    for kind, members, code, says in (
            ("tool.intent", {"tool": "bash"}, 0, "allow: the bind gives tool `bash`"),
            ("tool.deny", {"tool": "read"}, 1, "deny: "),
            ("sys.deny", {"call": "unshare"}, 1, "the filter `builtin:bash` refuses it"),
            ("fs.deny", {}, 1, "`.vscode` is guarded"),
            ("tool.deny", {"tool": "bash"}, 1, "deny names tool `bash`")):
        index = index_of(kind, **members)
        done = why(index)
        assert done.returncode == code and says in done.stdout, (kind, done)
        assert done.stdout.startswith(f"record {index}, {kind} of "), done
        facts = json.loads(why(index, "--json").stdout)
        own = log[index].get("pol") or log[index_of("tool.intent", tu=log[index]["tu"])]["pol"]
        assert facts["record"]["policy"] == own and facts["trace"], facts
        if facts["rule"]:
            assert facts["rule"]["file"] == file, facts
    # And what decides nothing, is not there, or cannot be told any more.
    result = index_of("tool.result")
    for index, says in ((result, f"is record {index_of('tool.intent')}"), (len(log), "no record"),
                        (index_of("boot"), "it decides nothing")):
        done = why(index)
        assert done.returncode == 2 and done.stdout == "" and says in done.stderr, (index, done)
    intent = index_of("tool.intent")
    kept = pathlib.Path(worker.state, "audit/policies", log[intent]["pol"])
    text = kept.read_bytes()
    kept.write_bytes(text.replace(b"one", b"1ne"))
    done = why(intent)
    assert done.returncode == 2 and "it was changed" in done.stderr, done
    kept.unlink()
    done = why(intent)
    assert done.returncode == 2 and "is not kept any more" in done.stderr, done


def a_single_command_records_its_policy_too(keep):
    folder = fresh_folder()
    done = run("exec", "--policy", "builtin:default", "--state", folder + "/state", "--", "/bin/true")
    assert done.returncode == 0, done
    log = audit_log.records(folder + "/state/audit")
    assert [record["k"] for record in log[:3]] == ["boot", "policy.load", "session.open"], log
    assert not os.path.exists(folder + "/state/run/control")


CASES = [
    ("where nobody serves, that is said", where_nobody_serves_that_is_said),
    ("a stranger may not ask", a_stranger_may_not_ask),
    ("a box has no way to the control socket", a_box_has_no_way_to_it),
    ("what is no policy changes nothing", what_is_no_policy_changes_nothing),
    ("clients that mean ill keep nobody", clients_that_mean_ill_keep_nobody),
    ("a policy that was revoked is not started with", a_policy_that_was_revoked_is_not_started_with),
    ("a kept policy that was changed is refused", a_kept_policy_that_was_changed_is_refused),
    ("the first policy is recorded before anything", the_first_policy_is_recorded_before_anything),
    ("a load is for new sessions", a_load_is_for_new_sessions),
    ("a revocation ends its sessions", a_revocation_ends_its_sessions),
    ("a reload drops nothing", a_reload_drops_nothing),
    ("a record is explained by the policy of its time",
     a_record_is_explained_by_the_policy_of_its_time),
    ("a single command records its policy too", a_single_command_records_its_policy_too),
]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    sys.exit(run_cases([(name, case) for name, case in CASES
                        if not wanted or any(word in name for word in wanted)]))
