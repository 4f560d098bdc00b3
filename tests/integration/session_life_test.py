#!/usr/bin/env python3
"""What lives on between the items of a session, for how long, and what a new one begins with."""
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from worker_harness import (Plane, Worker, children, cmdline, descendants, fresh_folder, run_cases,
                            wait_for)

IS_ROOT = os.geteuid() == 0
PATIENCE = 180.0  # a seed is flushed to the disk, which others may keep busy
SHORT = ("--max-idle", "100ms")


def work(worker):
    return pathlib.Path(worker.state) / "work"


def sessions(worker):
    return pathlib.Path(worker.state) / "sessions"


def item_over(plane, session):
    """Ends the turn and waits until the session's item is released."""
    plane.end_turn(session)
    wait_for("the item's end", lambda: all(
        w["state"] == "stopped" for w in plane.work() if w["data"]["id"] == session))


def next_item(plane, session):
    plane.ask("POST", f"/v1/sessions/{session}/events", {"events": [
        {"type": "user.message", "content": [{"type": "text", "text": "go on"}]}]})


def run(plane, session, command):
    return plane.result(session, plane.bash(session, command), PATIENCE)


def kill_everything(worker):
    for pid in [worker.process.pid, *descendants(worker.process.pid)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    worker.process.wait()


LEAVE = ("cd sub 2>/dev/null || { mkdir sub && cd sub; }; export A='one two'; f() { echo \"f:$1\"; }; "
         "alias ll='echo alias'; shopt -s expand_aliases extglob; umask 027; echo kept > file; seq 60000")
FIND = "echo \"$A|$PWD|$(f x)|$(umask)|$(cat file)\"; shopt -q extglob && echo glob; ls /outputs"
FOUND = "one two|/workspace/sub|f:x|0027|kept\nglob\n1.txt"


def resumed(between):
    """The next item starts from the shell's state, the workspace and the outputs of the last."""
    def case(keep):
        plane = keep(Plane("--ttl", "4"))
        worker = keep(Worker(plane, *SHORT))
        session = plane.session()
        text, is_error = run(plane, session, LEAVE)
        assert not is_error and "/outputs/1.txt" in text.splitlines()[0], text[:300]
        if between != "kill -9 in the item":
            item_over(plane, session)
        if between == "restart":
            assert worker.terminate() == 0, worker.log()
        elif between.startswith("kill -9"):
            kill_everything(worker)
        if between != "nothing":
            worker = keep(Worker(plane, *SHORT, state=worker.folder))
        if between != "kill -9 in the item":
            next_item(plane, session)
        assert run(plane, session, FIND) == (FOUND, False)
        # The audit chains the items of one session.
        item_over(plane, session)
        assert worker.terminate() == 0, worker.log()
    return case


def in_use_is_kept(keep):
    """`keep`: what nobody came back to goes, whole; what is open, or is not ours, stays."""
    plane = keep(Plane())
    folder = fresh_folder()
    outside = pathlib.Path(folder) / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    worker = keep(Worker(plane, *SHORT, "--keep", "idle:2s", state=folder))
    old, in_use = plane.session(), plane.session()
    run(plane, in_use, "echo here > file")
    run(plane, old, f"mkdir -p d/e; echo x > d/e/f; ln -s {outside} link; ln -s / root; chmod 000 d; "
                    "seq 60000; chmod 500 .")
    assert (work(worker) / old).exists() and (sessions(worker) / old / "outputs" / "1.txt").exists()
    foreign = work(worker) / "not-a-session"
    foreign.mkdir()
    item_over(plane, old)
    wait_for("the removal", lambda: not (work(worker) / old).exists() and
             not (sessions(worker) / old).exists())
    wait_for("the clearing", lambda: not list(work(worker).glob(".gone-*")) and
             not list(sessions(worker).glob(".gone-*")))
    assert (outside / "precious").read_text() == "x"
    assert foreign.exists()
    # Open for longer than `keep`, without a call.
    assert run(plane, in_use, "cat file") == ("here", False)
    # The session may come back: to an empty workspace and a fresh shell.
    next_item(plane, old)
    assert run(plane, old, "ls -A; ls /outputs; echo \"$PWD\"") == ("/workspace", False)
    foreign.rmdir()


def swept_at_start(keep):
    plane = keep(Plane())
    worker = keep(Worker(plane, *SHORT, "--keep", "forever"))
    gone, stays = plane.session(), plane.session()
    for session in (gone, stays):
        run(plane, session, "echo x > file")
        item_over(plane, session)
    assert worker.terminate() == 0, worker.log()
    eight_days = 8 * 24 * 3600
    for session, age in ((gone, eight_days), (stays, eight_days - 2 * 24 * 3600)):
        folder = sessions(worker) / session
        then = folder.stat().st_mtime - age
        os.utime(folder, (then, then))
    # What a killed clearing left.
    left = work(worker) / ".gone-0123456789abcdef"
    (left / "deep").mkdir(parents=True)
    if IS_ROOT:
        owner = (work(worker) / gone).stat().st_uid
        os.chown(left, owner, owner)
        os.chown(left / "deep", owner, owner)
    worker = keep(Worker(plane, *SHORT, state=worker.folder))  # idle:7d
    wait_for("the removal", lambda: not (work(worker) / gone).exists() and not left.exists() and
             not (sessions(worker) / gone).exists())
    assert (work(worker) / stays).exists()
    next_item(plane, stays)
    assert run(plane, stays, "cat file") == ("x", False)


def a_result_that_was_not_posted_is_kept(keep):
    plane = keep(Plane("--ttl", "4"))
    worker = keep(Worker(plane, *SHORT, "--keep", "idle:1s"))
    plane.fault(route="events.send", status=503, count=0)
    session = plane.session()
    call = plane.bash(session, "echo done")
    wait_for("a refused post", lambda: "posting a result again" in worker.log())
    kill_everything(worker)
    folder = sessions(worker) / session
    then = folder.stat().st_mtime - 3600
    os.utime(folder, (then, then))
    plane.ask("DELETE", "/_plane/faults")
    keep(Worker(plane, *SHORT, "--keep", "idle:1s", state=worker.folder))
    assert plane.result(session, call) == ("done", False)


# --- the seed


def make_seed(folder, files=3):
    seed = pathlib.Path(folder) / "seed"
    (seed / "bin").mkdir(parents=True)
    (seed / "bin" / "tool").write_text("#!/bin/sh\necho tool\n")
    (seed / "bin" / "tool").chmod(0o4755)
    (seed / "secret").symlink_to("/etc/hostname")
    (seed / "up").symlink_to("bin/tool")
    (seed / "read-only").write_text("x")
    (seed / "read-only").chmod(0o444)
    (seed / "many").mkdir()
    for i in range(files):
        (seed / "many" / str(i)).write_text(str(i))
    return seed


def seeded(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    seed = make_seed(folder)
    worker = keep(Worker(plane, *SHORT, "--seed", str(seed), state=folder))
    session = plane.session()
    text, is_error = run(plane, session, "./up; stat -c '%A %U %F %n' bin/tool secret up read-only .; "
                                         "readlink secret; ls many; rm up; echo mine > many/0")
    assert not is_error and text.splitlines() == [
        "tool", "-rwxr-xr-x agent regular file bin/tool", "lrwxrwxrwx agent symbolic link secret",
        "lrwxrwxrwx agent symbolic link up", "-r--r--r-- agent regular file read-only",
        "drwx------ agent directory .", "/etc/hostname", "0", "1", "2"], text
    item_over(plane, session)
    next_item(plane, session)
    assert run(plane, session, "ls; cat many/0") == ("bin\nmany\nread-only\nsecret\nmine", False)
    # Another session has a copy of its own.
    other = plane.session()
    assert run(plane, other, "cat many/1; echo; ls up") == ("1\nup", False)
    assert not list(work(worker).glob(".new-*"))


def a_seed_with_a_device(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    seed = make_seed(folder)
    os.mkfifo(seed / "many" / "fifo")
    worker = keep(Worker(plane, *SHORT, "--seed", str(seed), state=folder))
    session = plane.session()
    text, is_error = run(plane, session, "ls")
    assert is_error and "a seed holds only files, folders and symbolic links" in text, text
    assert "many: fifo" in text, text
    assert not (work(worker) / session).exists()
    # Once it is mended the session is served; nothing of the first try is left.
    (seed / "many" / "fifo").unlink()
    item_over(plane, session)
    next_item(plane, session)
    assert run(plane, session, "ls many") == ("0\n1\n2", False)


def refused_seeds(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    pathlib.Path(folder, "seed").mkdir()
    for seed, word in ((folder + "/absent", "absent"), (folder, "lie in each other")):
        worker = Worker(plane, "--seed", seed, state=folder)
        assert worker.process.wait(60) == 78, (seed, worker.log())
        assert word in worker.log(), worker.log()


def killed_while_it_is_copied(keep):
    """Half a copy is never taken for the whole."""
    plane = keep(Plane("--ttl", "4"))
    folder = fresh_folder()
    files = 3_000
    seed = make_seed(folder, files)
    worker = keep(Worker(plane, *SHORT, "--seed", str(seed), state=folder))
    session = plane.session()
    call = plane.bash(session, "ls many | wc -l; ls")
    wait_for("a copy under way", lambda: list(work(worker).glob(".new-*")))
    kill_everything(worker)
    half = list(work(worker).glob(".new-*"))
    assert half and not (work(worker) / session).exists()
    worker = keep(Worker(plane, *SHORT, "--seed", str(seed), state=folder))
    assert plane.result(session, call, PATIENCE) == (f"{files}\nbin\nmany\nread-only\nsecret\nup", False)
    wait_for("the clearing", lambda: not list(work(worker).glob(".*")))


def copied_beside_the_others(keep):
    """While one session's seed is copied, another is served."""
    plane = keep(Plane())
    folder = fresh_folder()
    seed = make_seed(folder)
    worker = keep(Worker(plane, "--seed", str(seed), state=folder))
    served = plane.session()
    assert run(plane, served, "echo up") == ("up", False)
    for i in range(6_000):
        (seed / "many" / f"more-{i}").write_text("")
    boxer = worker.role("boxer")
    others = set(children(boxer))
    waits = plane.session()
    call = plane.bash(waits, "ls many | wc -l")
    wait_for("a copy under way", lambda: list(work(worker).glob(".new-*")))
    # Whoever copies is a copy of the boxer; stopped, it cannot be done before the others are served.
    copying = [pid for pid in children(boxer)
               if pid not in others and cmdline(pid) == cmdline(boxer)]
    for pid in copying:
        os.kill(pid, signal.SIGSTOP)
    assert len(copying) == 1 and list(work(worker).glob(".new-*")), copying
    for _ in range(3):
        assert run(plane, served, "echo meanwhile") == ("meanwhile", False)
    assert not plane.results(waits, call) and list(work(worker).glob(".new-*"))
    os.kill(copying[0], signal.SIGCONT)
    assert plane.result(waits, call, PATIENCE) == ("6003", False)


# --- the quota

POLICY = """glovebox = 1
name = "small"
[[bind]]
tools = { bash = "shell", write = "files" }
[profile.shell]
root = "host"
background = "kill"
syscalls = "builtin:bash"
landlock = 1
mount = [ { at = "@workspace", mode = "rw" }, { at = "@tmp", mode = "tmp" } ]
limits = { wall = "30s", memory = "512MiB", pids = 64, disk = "48MiB", tmp = "16MiB" }
[profile.files]
syscalls = "builtin:file"
landlock = 1
mount = [ { at = "@workspace", mode = "rw" } ]
limits = { wall = "30s", memory = "512MiB", pids = 16, disk = "48MiB" }
"""


def quota_of_the_session(keep):
    """Calls that keep within their limit one by one are stopped when the session is over it, also
    by its next item; another session has a limit of its own; removing is not stopped."""
    plane = keep(Plane())
    folder = fresh_folder()
    policy = pathlib.Path(folder) / "policy.toml"
    policy.write_text(POLICY)
    policy.chmod(0o644)
    keep(Worker(plane, *SHORT, policy=str(policy), state=folder))
    session = plane.session()
    fill = "dd if=/dev/zero of=f{} bs=1M count=16 status=none; sync -f .; sleep 0.3"
    for n in range(2):
        text, is_error = run(plane, session, fill.format(n))
        assert not is_error, text
    item_over(plane, session)
    next_item(plane, session)
    text, is_error = run(plane, session, fill.format(2) + ";" + fill.format(3) + "; sleep 8; echo past")
    assert is_error and "stopped by the disk limit" in text and "past" not in text, text
    text, is_error = run(plane, session, "rm f0; sleep 0.3; rm f1; sleep 0.3; rm f*; echo removed")
    assert (text, is_error) == ("removed", False), text
    text, is_error = run(plane, session, fill.format(5) + "; echo fits")
    assert (text, is_error) == ("fits", False), text
    other = plane.session()
    text, is_error = run(plane, other, fill.format(0) + "; echo fits")
    assert (text, is_error) == ("fits", False), text


CASES = [
    ("refused seeds", refused_seeds),
    *((f"resumed by the next item, between them: {between}", resumed(between)) for between in
      ("nothing", "restart", "kill -9", "kill -9 in the item")),
    ("keep: what nobody came back to goes, what is open stays", in_use_is_kept),
    ("keep: looked through at the start", swept_at_start),
    ("keep: a result that was not posted", a_result_that_was_not_posted_is_kept),
    ("seed: a new workspace begins with it", seeded),
    ("seed: what is not copied is an error", a_seed_with_a_device),
    ("seed: kill -9 while it is copied", killed_while_it_is_copied),
    ("seed: others are served meanwhile", copied_beside_the_others),
    ("quota of a session over its calls", quota_of_the_session),
]

if __name__ == "__main__":
    chosen = [c for c in CASES if not sys.argv[1:] or any(word in c[0] for word in sys.argv[1:])]
    sys.exit(run_cases(chosen))
