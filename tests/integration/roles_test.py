#!/usr/bin/env python3
"""The roles while a call runs: what each kept, and what happens when one is killed."""
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from exec_support import (IS_ROOT, PROGRAM, ROLE_USERS, Running, case, descendants, glovebox,
                          processes, records, root_case, run_all, run_exec,
                          wait_for)

ROLES = ["auditor", "boxer", "keeper"]
# CAP_CHOWN, CAP_FOWNER, CAP_KILL, CAP_SETGID, CAP_SETUID; the supervisor also CAP_SETPCAP.
MAKER = 1 << 0 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7
KEPT = {"supervisor": MAKER | 1 << 8, "auditor": 0, "boxer": MAKER, "keeper": MAKER}


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.split() for key, _, value in (line.partition(":") for line in lines)}


def pids_of(running):
    return {"supervisor": running.process.pid, **{role: running.role(role) for role in ROLES}}


@case
def each_role_kept_what_the_table_says(folder):
    running = Running(folder)
    for role, pid in pids_of(running).items():
        seen = status(pid)
        kept = KEPT[role] if IS_ROOT else 0
        for name in ["CapEff", "CapPrm"]:
            assert int(seen[name][0], 16) == kept, (role, name, seen[name])
        if IS_ROOT:
            assert int(seen["CapBnd"][0], 16) == kept, (role, seen["CapBnd"])
            assert seen["Uid"] == [str(ROLE_USERS[role])] * 4, (role, seen["Uid"])
            assert seen["Gid"] == [str(ROLE_USERS[role])] * 4, (role, seen["Gid"])
            assert seen["Groups"] == [], (role, seen["Groups"])
        assert seen["NoNewPrivs"] == ["1"], (role, seen["NoNewPrivs"])
        assert seen["Seccomp"] == ["2"], (role, seen["Seccomp"])
        # Filters are inherited: the supervisor's own, and one more a generation.
        wanted = {"supervisor": 1, "auditor": 2, "boxer": 2, "keeper": 3}[role]
        assert int(seen["Seccomp_filters"][0]) == wanted, (role, seen["Seccomp_filters"])
    running.finish().expect(0)


@case
def no_role_can_be_looked_into(folder):
    running = Running(folder)
    for role, pid in pids_of(running).items():
        # Of a process that is not dumpable everything in /proc belongs to root.
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0, role
        if not IS_ROOT:
            for name in ["environ", "maps", "mem", "fd"]:
                try:
                    if name == "fd":
                        os.listdir(f"/proc/{pid}/fd")
                    else:
                        open(f"/proc/{pid}/{name}", "rb").read(1)
                except PermissionError:
                    continue
                raise AssertionError(f"{role}: /proc/PID/{name} can be read")
        if role == "supervisor":
            continue
        assert pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() == f"glovebox: {role}\0".encode(), role
        if IS_ROOT:
            assert pathlib.Path(f"/proc/{pid}/environ").read_bytes() == b"", role
    running.finish().expect(0)


@root_case
def a_role_has_only_the_descriptors_it_needs(folder):
    running = Running(folder)
    for role in ROLES:
        links = [os.readlink(entry) for entry in pathlib.Path(f"/proc/{running.role(role)}/fd").iterdir()]
        other = [link for link in links if not link.startswith(("socket:", "pipe:", "anon_inode:"))]
        allowed = (str(running.state), str(running.work), "/dev/null", PROGRAM, "/sys/fs/cgroup", "/proc")
        assert all(link.startswith(allowed) for link in other), (role, other)
        if role != "auditor":
            assert not any("/audit" in link for link in other), (role, other)
    running.finish().expect(0)


@case
def parts_of_the_state_folder_belong_to_their_roles(folder):
    state = folder / "state"
    run_exec("--state", state, "--", "/bin/true").expect(0)
    wanted = {"audit": ("auditor", 0o700), "sessions": ("boxer", 0o711), "work": ("boxer", 0o711)}
    for name, (role, mode) in wanted.items():
        if name != "audit" or IS_ROOT:
            facts = (state / name).stat()
            assert facts.st_uid == (ROLE_USERS[role] if IS_ROOT else os.geteuid()), (name, facts)
            assert facts.st_mode & 0o777 == (mode if IS_ROOT else 0o700), (name, oct(facts.st_mode))


def groups():
    return {place for place, _, _ in os.walk("/sys/fs/cgroup") if "/glovebox-" in place}


def killed(folder, role, number=signal.SIGKILL):
    """Kills a role in the middle of a call. Returns what exec said; nothing may be left."""
    earlier = groups()
    running = Running(folder)
    made = groups() - earlier
    victim = running.role(role)
    before = running.everything()
    os.kill(victim, number)
    done = running.end()
    wait_for("every process has ended", lambda: not before & set(processes()))
    wait_for("its control groups are gone", lambda: not made & groups())
    mounts = pathlib.Path("/proc/self/mountinfo").read_text()
    assert str(running.work) not in mounts and str(running.state) not in mounts, mounts
    return running, done


def ends_of(state):
    return [(r["k"], r.get("outcome")) for r in records(state)
            if r["k"] in ("tool.intent", "tool.result", "tool.orphan")]


@case
def a_killed_keeper_interrupts_the_call(folder):
    running, done = killed(folder, "keeper")
    done.expect(70, err="interrupted, it may have run in part")
    assert ends_of(running.state) == [("tool.intent", None), ("tool.result", "interrupted")]
    glovebox("audit", "verify", running.state / "audit").expect(0)


@case
def a_killed_boxer_is_replaced_and_the_call_is_marked(folder):
    running, done = killed(folder, "boxer")
    done.expect(70, err="interrupted, it may have run in part")
    assert "a role died and is started again role=boxer" in done.err, done.err
    assert ends_of(running.state) == [("tool.intent", None), ("tool.orphan", None)]
    glovebox("audit", "verify", running.state / "audit").expect(0)


@case
def a_killed_auditor_refuses_the_call(folder):
    running, done = killed(folder, "auditor")
    done.expect(74, err="refused, the audit log cannot be written")
    assert ends_of(running.state) == [("tool.intent", None), ("tool.orphan", None)]
    glovebox("audit", "verify", running.state / "audit").expect(0)


@root_case
def who_removes_the_groups_can_do_nothing_else(folder):
    running = Running(folder)
    as_root = [status(pid) for pid in running.everything()
               if status(pid)["Uid"][0] == "0" and pid != running.process.pid]
    assert len(as_root) == 1, as_root
    seen = as_root[0]
    dac_override = 1 << 1
    assert {int(seen[name][0], 16) for name in ["CapEff", "CapPrm", "CapBnd"]} == {dac_override}, seen
    assert seen["NoNewPrivs"] == ["1"] and seen["Seccomp"] == ["2"], seen
    running.finish().expect(0)


@case
def a_killed_supervisor_leaves_nothing(folder):
    earlier = groups()
    running = Running(folder)
    made = groups() - earlier
    assert made or not IS_ROOT, "the wall round memory and processes is missing"
    before = running.everything()
    running.process.kill()
    running.process.wait()
    wait_for("every process has ended", lambda: not before & set(processes()))
    wait_for("its control groups are gone", lambda: not made & groups())
    # The next start on this folder knows what happened, and does not run the call again.
    done = run_exec("--state", running.state, "--workdir", running.work, "--session", "s", "--call",
                    "c1", "--", "/bin/sh", "-c", "echo again > again")
    done.expect(70, err="interrupted, it may have run in part")
    assert not (running.work / "again").exists()
    assert ends_of(running.state) == [("tool.intent", None), ("tool.orphan", None)]


@case
def roles_that_keep_dying_end_the_program(folder):
    running = Running(folder)
    seen = set()
    for _ in range(5):
        victim = wait_for("another auditor", lambda: next(
            (pid for pid, arguments in descendants(running.process.pid).items()
             if arguments[0] == "glovebox: auditor" and pid not in seen), None)
            or running.process.poll() is not None)
        if victim is True:
            break
        seen.add(victim)
        os.kill(victim, signal.SIGKILL)
    done = running.end()
    assert done.code in (70, 74), (done.code, done.err)
    wait_for("every process has ended", lambda: not seen & set(processes()))


@case
def the_next_call_works_after_every_kind_of_death(folder):
    for index, role in enumerate(ROLES):
        place = folder / str(index)
        place.mkdir()
        running, _ = killed(place, role)
        run_exec("--state", running.state, "--", "/bin/true").expect(0)


@case
def sigusr1_prints_the_state(folder):
    running = Running(folder)
    running.process.send_signal(signal.SIGUSR1)
    line = json.loads(running.process.stderr.readline())
    assert line["roles"]["boxer"]["pid"] == running.role("boxer"), line
    assert line["state"] == str(running.state), line
    running.finish().expect(0)


@case
def a_role_started_by_hand_gains_nothing(folder):
    for name in ["auditor", "boxer", "worker", "egress"]:
        pid = os.fork()
        if pid == 0:
            os.closerange(3, 64)
            os.execv(PROGRAM, [f"glovebox: {name}"])
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 64, name


@root_case
def a_box_never_held_another_sessions_bytes(folder):
    canary = b"canary-of-another-session-" + os.urandom(8).hex().encode()
    state = folder / "state"
    run_exec("--state", state, "--session", "other", "--", "/bin/echo", canary.decode()).expect(0)
    running = Running(folder)
    boxed = [pid for pid in descendants(running.role("boxer"))]
    assert len(boxed) >= 3, boxed
    for pid in boxed:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                begin, end = (int(part, 16) for part in line.split()[0].split("-"))
                if "r" not in line.split()[1] or "[v" in line:
                    continue
                try:
                    memory.seek(begin)
                    assert canary not in memory.read(end - begin), (pid, line)
                except OSError:
                    continue
    running.finish().expect(0)


sys.exit(run_all())
