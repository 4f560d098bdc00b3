"""What happens to the host: its disk is full, its power is cut. Needs root, as kill_test.py does."""
import ctypes
import os
import pathlib
import subprocess

import audit_log
from kill_test import APPEND_AND_TALK, POINTS
from message_tap import TappedProcess
from run_harness import USER_ID, Run
from unheard_policy import write_unheard_policy
from worker_harness import fresh_folder, wait_for

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC_PRIVATE = 0x00020000, 1 << 14 | 1 << 18
APPEND = "echo x >> effect; echo done"
OUTPUTS = {"sessions/SESSION/outputs/1.txt"}  # of a call that talked too much; the agent's to read
RAN, INTERRUPTED = ("done", False), ("interrupted by a restart", True)
NEVER, ONCE = {0}, {1}


def own_mounts():
    """Gives this process mounts of its own: what a case mounts ends with it."""
    if LIBC.unshare(CLONE_NEWNS) or LIBC.mount(b"none", b"/", None, MS_REC_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "mounts of its own")


# --- a power cut -----------------------------------------------------------------------------------
# Everything ends at once, and of what was not flushed anything may be there: the state folder is
# changed accordingly before the next start.
def as_it_is(run):
    pass


def torn(tail):
    """The log ends with a part of the next group of records."""
    return lambda run: audit_log.tear(run.worker.state + "/audit", tail)


def half_a_result(run):
    """The stored result has its name already, and not all of its bytes."""
    pending = pathlib.Path(run.worker.state) / "sessions" / run.session / "pending"
    facts = pending.stat()
    file = pending / run.call
    file.write_bytes(b"glovebox result 1\n" + bytes(200))
    file.chmod(0o600)
    os.chown(file, facts.st_uid, facts.st_gid)


def zeros_for_a_shell(run):
    """The shell's state is not flushed: its name may lead to zeros."""
    for state in pathlib.Path(run.worker.state).glob("sessions/*/state"):
        state.write_bytes(bytes(state.stat().st_size))


TORN_RECORD, TORN_ZEROS = torn(b'{"k":"tool.intent","sid":"se'), torn(bytes(300))
# Where, what is lost, the answer, and how often the command may have appended.
POWER_CUTS = [
    ("before the intent", as_it_is, RAN, ONCE),
    ("before the intent", TORN_RECORD, RAN, ONCE),
    ("before the intent", TORN_ZEROS, RAN, ONCE),
    ("intent durable", as_it_is, INTERRUPTED, NEVER),
    ("intent durable", TORN_RECORD, INTERRUPTED, NEVER),
    ("output half read", as_it_is, INTERRUPTED, ONCE),
    ("output half read", half_a_result, INTERRUPTED, ONCE),
    # The answer is stored while the box ends, and counts when it has.
    ("box ended", as_it_is, INTERRUPTED, ONCE),
    ("box ended", zeros_for_a_shell, INTERRUPTED, ONCE),
    ("result stored", as_it_is, RAN, ONCE),
    ("result stored", TORN_RECORD, RAN, ONCE),
    ("result durable", TORN_ZEROS, RAN, ONCE),
    ("before the post", zeros_for_a_shell, RAN, ONCE),
    ("post sent but unanswered", as_it_is, RAN, ONCE),
    ("post answered", TORN_RECORD, RAN, ONCE),
]
NAMES = {as_it_is: "nothing is lost", TORN_RECORD: "half a record", TORN_ZEROS: "zeros in the log",
         half_a_result: "half a result", zeros_for_a_shell: "zeros for a shell"}


def power_cut(point_name, loss, answer, effects, user, check_end):
    point = POINTS[point_name]

    def case(keep):
        run = Run(keep, user, popen=TappedProcess, policy=write_unheard_policy(fresh_folder()))
        run.start()
        run.session = run.plane.session()
        run.first = run.plane.bash(run.session, "echo up")
        assert run.plane.result(run.session, run.first) == ("up", False)
        point.prepare(run)
        run.call = run.plane.bash(run.session, point.command)
        wait_for(point_name, lambda: point.reached(run))
        run.kill_all()
        loss(run)
        run.start()
        text, is_error = run.plane.result(run.session, run.call, run.answer_seconds)
        assert answer[0] in text and is_error == answer[1], (text[-200:], is_error)
        assert run.bash("echo up") == ("up", False)
        check_end(run, effects, OUTPUTS if point.command == APPEND_AND_TALK else frozenset())
    return case


# --- a full disk -----------------------------------------------------------------------------------
DISK = 48 << 20
# After that long the auditor looks whether there is space again (src/roles/log_space.h).
LOOKS = 20


def fill(folder):
    """Takes every byte that is left."""
    with open(folder / "filler", "wb", 0) as filler:
        size = 1 << 16
        while size:
            try:
                filler.write(bytes(size))
            except OSError:
                size //= 2


def disk_is_full(user, check_end):
    def case(keep):
        run = Run(keep, user, "--max-idle", "300ms", ttl=6)
        disk = pathlib.Path(run.folder) / "state"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0711", "none", disk], check=True)
        try:
            if user == "user":
                os.chown(disk, USER_ID, USER_ID)
            run.start()
            run.session = first = run.plane.session()
            assert run.bash(APPEND) == ("done", False)
            fill(disk)
            # What the log has up front takes records until it looks how full the disk is.
            answers = [run.bash(APPEND) for _ in range(12)]
            refused = [text for text, is_error in answers if is_error and "ENOSPC" not in text]
            assert len(refused) >= 4, answers
            assert all("the audit log cannot be written" in text for text in refused), refused
            ran = 1 + sum(1 for answer in answers if answer == ("done", False))
            assert run.worker.process.poll() is None, "glovebox ended"
            run.session = run.plane.session()
            text, is_error = run.bash(APPEND)
            assert is_error, text
            (disk / "filler").unlink()
            wait_for("a call that is served", lambda: run.bash("echo up") == ("up", False),
                     LOOKS + run.answer_seconds)
            run.plane.end_turn(run.session)
            run.session = first
            assert run.bash("echo up") == ("up", False)
            # A call that was refused may have begun when the space ended, none has run twice.
            assert ran <= run.effects() <= ran + 1, (ran, run.effects())
            run.plane.end_turn(first)
            check_end(run, {run.effects()})
        finally:
            if run.worker.process.poll() is None:
                run.kill_all()
            subprocess.run(["umount", "-l", disk], check=True)
    return case


def cases(user, check_end):
    yield "the disk is full", disk_is_full(user, check_end)
    for point, loss, answer, effects in POWER_CUTS:
        yield (f"power cut: {point}, {NAMES[loss]}",
               power_cut(point, loss, answer, effects, user, check_end))
