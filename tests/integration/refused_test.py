#!/usr/bin/env python3
"""System calls that a filter reports: each is refused to the guest and recorded once, in order, for
the call that made it, in both modes; a flood is folded; nobody hangs when a reader dies; a guest can
neither hide nor forge."""
import json
import os
import pathlib
import signal
import subprocess
import sys

from exec_support import (IS_ROOT, PROGRAM, SOURCE, case, descendants, glovebox, records, role_pid,
                          run_all, wait_for)

PYTHON = "/usr/bin/python3"
# name: number, arguments, what the guest gets, what the record shows of the arguments
CALLS = {
    "ptrace": (101, (16, 1, 0, 0), "EPERM", {"request": "16", "pid": "1"}),
    "mount": (165, (0, 0, 0, 0x1000, 0), "EPERM", {"flags": "0x1000"}),
    "bpf": (321, (5, 0, 0), "EPERM", {"cmd": "5"}),
    "unshare": (272, (0x10000000,), "EPERM", {"flags": "0x10000000"}),
    "setns": (308, (0, 0x20000), "EPERM", {"fd": "0", "nstype": "0x20000"}),
    "keyctl": (250, (0, -3, 0), "EPERM", {"operation": "0"}),
    "perf_event_open": (298, (0, 0, -1, -1, 0), "EPERM", {"pid": "0", "cpu": "-1", "flags": "0x0"}),
    "io_uring_setup": (425, (4, 0), "ENOSYS", {"entries": "4"}),
    "userfaultfd": (323, (1,), "EPERM", {"flags": "0x1"}),
    "socket": (41, (17, 3, 0), "EAFNOSUPPORT", {"domain": "17", "type": "0x3", "protocol": "0"}),
    "clone": (56, (0x10000011, 0, 0, 0, 0), "EPERM", {"flags": "0x10000011"}),
}
GUEST = """
import ctypes, errno, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in arguments])
    return errno.errorcode.get(ctypes.get_errno(), "0") if result == -1 else "went through"
"""


def policy(folder, mode):
    text = (SOURCE / "policy" / "default.toml").read_text()
    assert text.count('background = "keep"') == 1
    path = folder / f"{mode}.toml"
    path.write_text(text.replace('background = "keep"', f'background = "{mode}"'))
    path.chmod(0o644)
    return path


def guest(folder, mode, script, *more, name="c1", session="s"):
    return glovebox("exec", "--policy", policy(folder, mode), "--state", folder / f"state-{mode}",
                    "--session", session, "--call", name, *more, "--", PYTHON, "-c", GUEST + script)


def denials(folder, mode, call=None):
    return [r for r in records(folder / f"state-{mode}")
            if r["k"] == "sys.deny" and (call is None or r.get("tu") == call)]


def each_is_refused_and_recorded(mode):
    def body(folder):
        # vsock: the second family of sockets that is reported.
        wanted = [(name, *facts) for name, facts in CALLS.items()]
        wanted.append(("socket", 41, (40, 1, 0), "EAFNOSUPPORT",
                       {"domain": "40", "type": "0x1", "protocol": "0"}))
        script = "".join(f"print(call({number}, {', '.join(map(str, a))}))\n"
                         for _, number, a, _, _ in wanted)
        done = guest(folder, mode, script).expect(0)
        assert done.out.split() == [error for *_, error, _ in wanted], done.out
        log = records(folder / f"state-{mode}")
        kinds = [r["k"] for r in log]
        begin, end = kinds.index("tool.intent"), kinds.index("tool.result")
        found = log[begin + 1:end]
        assert [r["k"] for r in found] == ["sys.deny"] * len(wanted), kinds
        for record, (name, _, _, error, shown) in zip(found, wanted):
            assert record["call"] == name and record["errno"] == error, record
            assert record["arg"] == shown, record
            assert record["tu"] == "c1" and record["sid"] == "s" and record["dec"] == "deny", record
            assert record["rule"].partition(".set:")[0] in ("kernel", "walls", "net", "process"), record
            file, line = record["rule"].split(":")
            text = (SOURCE / "seccomp" / file).read_text().splitlines()[int(line) - 1]
            assert text.startswith(name + ":"), (record, text)
            assert record["comm"] == "python3" and 0 < record["pid"] < 1000, record
            assert "n" not in record and "late" not in record, record
        glovebox("audit", "verify", folder / f"state-{mode}" / "audit").expect(0)
        shown = glovebox("audit", "show", folder / f"state-{mode}" / "audit").expect(0)
        line = next(l for l in shown.out.splitlines() if "system_call=ptrace" in l)
        assert "decision=deny" in line and "error=EPERM" in line and "rule=kernel.set:" in line, line
    body.__name__ = f"each call of the set is refused and recorded once, {mode}"
    return case(body)


def what_is_ordinary_costs_no_record(mode):
    def body(folder):
        guest(folder, mode, "print(call(39) != '')").expect(0)
        assert denials(folder, mode) == []
    body.__name__ = f"a call that is refused nothing has no such record, {mode}"
    return case(body)


def flood(mode):
    def body(folder):
        per, children = 2000, 5
        script = f"""
for child in range({children}):
    if os.fork() == 0:
        for i in range({per}): libc.syscall(ctypes.c_long(272), ctypes.c_long(0x10000000))
        os._exit(0)
time.sleep(0.2)
print(call(321, 5, 0, 0))
for child in range({children}): os.wait()
"""
        done = guest(folder, mode, script).expect(0)
        assert done.out.split() == ["EPERM"], done.out
        found = denials(folder, mode, "c1")
        assert sum(r.get("n", 1) for r in found if r["call"] == "unshare") == per * children
        assert sum(r.get("n", 1) for r in found if r["call"] == "bpf") == 1, "hidden by the flood"
        seconds = next(r for r in records(folder / f"state-{mode}") if r["k"] == "tool.result")["ns"] / 1e9
        assert len(found) <= 100 + 3 * 10 + 5, (len(found), seconds)
        folded = [r for r in found if "n" in r]
        assert folded and all(r["t1"] <= r["t2"] and r["n"] > 1 for r in folded), folded[:2]
        print(f"# {per * children} refused in {seconds:.1f} s: {len(found)} records")
        glovebox("audit", "verify", folder / f"state-{mode}" / "audit").expect(0)
    body.__name__ = f"a flood from several processes is folded and hides nothing, {mode}"
    return case(body)


def fork_bomb(mode):
    def body(folder):
        # Every process of it is refused something and forks on, up to the limit.
        script = """
import threading
end = time.time() + 1.5
def bomb(depth):
    while time.time() < end:
        try:
            if os.fork() == 0:
                call(101, 0, 0, 0, 0)
                if depth < 6: bomb(depth + 1)
                os._exit(0)
        except OSError:
            time.sleep(0.01)
        call(165, 0, 0, 0, 0, 0)
bomb(0)
"""
        guest(folder, mode, script)
        found = denials(folder, mode)
        assert {"ptrace", "mount"} <= {r["call"] for r in found}, found[:3]
        assert len(found) < 200, len(found)
        glovebox("audit", "verify", folder / f"state-{mode}" / "audit").expect(0)
    body.__name__ = f"a fork bomb of refused calls, {mode}"
    return case(body)


@case
def a_process_that_left_its_parents_is_recorded_for_its_call(folder):
    script = """
if os.fork() == 0:
    os.setsid()
    for fd in (0, 1, 2): os.close(fd)
    while not os.path.exists("/workspace/go"): time.sleep(0.02)
    call(321, 5, 0, 0)
    open("/workspace/done", "w").close()
    time.sleep(60)
"""
    work = folder / "work"
    work.mkdir()
    if IS_ROOT:
        os.chown(work, 65000, 65000)
    state = folder / "state-keep"
    (work / "left.py").write_text(GUEST + script)
    command = (f"{PYTHON} left.py & touch go; while ! test -e done; do sleep 0.05; done")
    done = glovebox("exec", "--policy", policy(folder, "keep"), "--state", state, "--workdir", work,
                     "--session", "s", "--call", "c1", "--tool", "bash",
                    stdin=json.dumps({"command": command}).encode())
    done.expect(0)
    found = denials(folder, "keep", "c1")
    assert [r["call"] for r in found] == ["bpf"], found


def kill_while_it_waits(role, mode):
    def body(folder):
        """The keeper stands still, so a guest sits in its call; then a role is killed."""
        state, work = folder / f"state-{mode}", folder / "work"
        work.mkdir()
        if IS_ROOT:
            os.chown(work, 65000, 65000)
        script = GUEST + """
open("/workspace/begun", "w").close()
while not os.path.exists("/workspace/go"): time.sleep(0.01)
open("/workspace/asks", "w").close()
answer = call(101, 16, 1, 0, 0)
with open("/workspace/answered", "w") as file: file.write(answer)
time.sleep(600)
"""
        process = subprocess.Popen(
            [PROGRAM, "exec", "--policy", str(policy(folder, mode)), "--state", str(state),
             "--workdir", str(work), "--session", "s", "--call", "c1", "--", PYTHON, "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            wait_for("the guest runs", lambda: (work / "begun").exists())
            keeper = wait_for("the keeper", lambda: role_pid(process.pid, "keeper"))
            below = descendants(keeper)
            python = [pid for pid, arguments in below.items() if arguments[0] == PYTHON]
            assert python, below
            os.kill(keeper, signal.SIGSTOP)
            (work / "go").touch()
            wait_for("the guest asks", lambda: (work / "asks").exists())
            wait_for("it waits in the kernel",
                     lambda: "seccomp" in pathlib.Path(f"/proc/{python[0]}/wchan").read_text()
                     or not os.access(f"/proc/{python[0]}/wchan", os.R_OK)
                     or pathlib.Path(f"/proc/{python[0]}/wchan").read_text() == "0")
            assert not (work / "answered").exists()
            victim = keeper if role == "keeper" else role_pid(process.pid, role)
            os.kill(victim, signal.SIGKILL)
            if role != "keeper":
                # A stopped process dies with its parent all the same.
                wait_for("the keeper is gone", lambda: not alive(keeper))
            wait_for("all of the box is gone", lambda: not any(alive(pid) for pid in below))
            out, err = process.communicate(timeout=60)
            assert process.returncode != 0, (out, err)
            # The kernel answers for a reader that is gone; whether the guest lives to see it is a race.
            answer = (work / "answered").read_text() if (work / "answered").exists() else ""
            assert answer in ("", "ENOSYS"), answer
        finally:
            process.kill()
            process.wait()
    body.__name__ = f"kill -9 of the {role} while a guest waits for its answer, {mode}"
    return case(body)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def own_filter(mode):
    def body(folder):
        # struct sock_filter as 8 bytes; action for ptrace, everything else allowed.
        script = """
import struct
def load(action, flags=0):
    program = struct.pack("=HBBIHBBIHBBIHBBI", 0x20, 0, 0, 0, 0x15, 0, 1, 101,
                          0x06, 0, 0, action, 0x06, 0, 0, 0x7fff0000)
    held = ctypes.create_string_buffer(program)
    head = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", 4, ctypes.addressof(held)))
    libc.prctl(38, 1, 0, 0, 0)
    return call(317, 1, flags, ctypes.addressof(head))
def in_child(action):
    child = os.fork()
    if child == 0:
        loaded = load(action)
        print("loaded", loaded, call(101, 16, 1, 0, 0), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
print("listener", load(0x7fc00000, 8), load(0x7fc00000, 0x28), load(0x7fff0000, 8), flush=True)
in_child(0x7fff0000)   # allow: does not undo the wall
in_child(0x7fc00000)   # report, to nobody: refused by the kernel
in_child(0x00050000 | 13)  # an errno of its own
print("again", call(101, 16, 1, 0, 0), flush=True)
"""
        done = guest(folder, mode, script).expect(0)
        lines = done.out.split("\n")
        assert lines[0] == "listener EPERM EPERM EPERM", done.out
        assert lines[1] == "loaded went through EPERM", done.out
        assert lines[2] == "loaded went through ENOSYS", done.out
        assert lines[3] == "loaded went through EACCES", done.out
        assert lines[4] == "again EPERM", done.out
        # What its own filters refuse never was a call; the other two are recorded, nothing else is.
        assert [r["call"] for r in denials(folder, mode)] == ["ptrace", "ptrace"]
    body.__name__ = f"a guest's own filters can neither hide a call nor forge one, {mode}"
    return case(body)


def races(mode):
    def body(folder):
        # B10: another thread writes over the path while the call is judged.
        script = """
import threading
path = ctypes.create_string_buffer(b"/workspace/aaaaaa")
stop = False
def rewrite():
    i = 0
    while not stop:
        path.raw = (b"/workspace/aaaaaa\\0", b"/proc/self/fd/xxx\\0")[i % 2]
        i += 1
thread = threading.Thread(target=rewrite)
thread.start()
seen = {call(165, ctypes.addressof(path), ctypes.addressof(path), 0, 0x1000, 0) for i in range(2000)}
stop = True
thread.join()
print(seen)
"""
        done = guest(folder, mode, script).expect(0)
        assert done.out.strip() == "{'EPERM'}", done.out
        found = denials(folder, mode)
        assert sum(r.get("n", 1) for r in found) == 2000
        assert all(set(r["arg"]) == {"flags"} for r in found), "no record names what a pointer led to"
    body.__name__ = f"B10 a path that changes while its call is judged, {mode}"
    return case(body)


def no_channel(mode):
    def body(folder):
        # D13: nothing in the box leads to whoever records.
        script = """
found = []
for fd in range(256):
    try: found.append(os.readlink(f"/proc/self/fd/{fd}"))
    except OSError: pass
for pid in os.listdir("/proc"):
    if pid.isdigit() and int(pid) != os.getpid():
        try: found += [os.readlink(f"/proc/{pid}/fd/{f}") for f in os.listdir(f"/proc/{pid}/fd")]
        except OSError: pass
print([f for f in found if "seccomp" in f or f.startswith("socket:")])
"""
        assert guest(folder, mode, script).expect(0).out.strip() == "[]"
        assert denials(folder, mode) == []
    body.__name__ = f"D13 no descriptor in a box leads to the log, {mode}"
    return case(body)


@case
def file_tools_have_a_listener_too(folder):
    done = glovebox("exec", "--policy", "builtin:default", "--state", folder / "state", "--session", "s",
                    "--tool", "write", stdin=json.dumps({"file_path": "a", "content": "x"}).encode())
    done.expect(0)
    assert [r for r in records(folder / "state") if r["k"] == "sys.deny"] == []


for mode in ("kill", "keep"):
    each_is_refused_and_recorded(mode)
    what_is_ordinary_costs_no_record(mode)
    flood(mode)
    fork_bomb(mode)
    own_filter(mode)
    races(mode)
    no_channel(mode)
    for role in ("keeper", "boxer"):
        kill_while_it_waits(role, mode)

if __name__ == "__main__":
    sys.exit(run_all())
