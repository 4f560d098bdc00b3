"""One plane and one glovebox that a test of root's holds from outside, as root's or as a user's."""
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / "attack")]
import oracle  # noqa: E402
from worker_harness import PROGRAM, Plane, Worker, cmdline, descendants, fresh_folder, wait_for  # noqa: E402

USER_ID = 54321
AS_USER = ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups",
           "--inh-caps=-all", "--bounding-set=-all"]
LEASE_SECONDS = 2
PROGRAM_COPY = []


def reachable_program():
    """The clone may lie where only root may look."""
    if not PROGRAM_COPY:
        PROGRAM_COPY.append(shutil.copy2(PROGRAM, fresh_folder() + "/glovebox"))
    return PROGRAM_COPY[0]


class Run:
    """Its sessions share a workspace that the test can look into. start() starts glovebox, with
    `popen`."""

    def __init__(self, keep, user, *arguments, ttl=LEASE_SECONDS, popen=subprocess.Popen,
                 policy="builtin:default"):
        self.keep, self.user, self.arguments, self.popen = keep, user, arguments, popen
        self.policy = policy
        self.answer_seconds, self.starts = ttl + 10, []
        self.folder = fresh_folder()
        keep(self)
        self.work = pathlib.Path(self.folder) / "work"
        self.work.mkdir(mode=0o700)
        if user == "user":
            for path in (self.folder, self.work):
                os.chown(path, USER_ID, USER_ID)
        self.plane = keep(Plane("--ttl", str(ttl)))
        self.session, self.key_file = None, None

    def start(self):
        program = [*AS_USER, reachable_program()] if self.user == "user" else [PROGRAM]
        self.worker = self.keep(Worker(
            self.plane, "--workdir", str(self.work), "--workspace", "shared", *self.arguments,
            state=self.folder, key_variable=self.key_file is None, program=program, popen=self.popen,
            policy=self.policy))
        self.starts.append(self.worker)
        wait_for("the start", lambda: "serving" in self.worker.log())

    def write(self, name, text):
        """A file beside the state folder that is glovebox's alone, in one step."""
        path = pathlib.Path(self.folder) / name
        new = path.with_name(name + ".new")
        new.write_text(text)
        new.chmod(0o600)
        if self.user == "user":
            os.chown(new, USER_ID, USER_ID)
        new.rename(path)
        return path

    def take_key_from_file(self):
        """Before start(): the environment key comes from a file, from which it is read again."""
        self.key_file = self.write("key", self.plane.environment_key)
        settings = self.write("glovebox.toml",
                              f'[control_plane]\nenvironment_key = "file:{self.key_file}"\n')
        self.arguments = (*self.arguments, "--config", str(settings))

    def bash(self, command, patience=None):
        return self.plane.result(self.session, self.plane.bash(self.session, command),
                                 patience or self.answer_seconds)

    def kill(self, role):
        if role == "supervisor":
            self.worker.process.kill()
            self.worker.process.wait()
            return
        pid = wait_for(role, lambda: self.worker.role(role))
        victim = os.pidfd_open(pid)
        signal.pidfd_send_signal(victim, signal.SIGKILL)
        # Readable when all it held is closed, so that the others can see its end.
        assert select.select([victim], [], [], self.answer_seconds)[0], f"the {role} lives"
        os.close(victim)

    def kill_all(self):
        """As a power cut does it: nobody can do anything about anybody else's end."""
        everything = [self.worker.process.pid, *descendants(self.worker.process.pid)]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in everything:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        self.worker.process.wait()
        wait_for("the end of every process", lambda: not any(
            cmdline(pid).startswith("glovebox") for pid in everything))

    def effects(self):
        try:
            return (self.work / "effect").read_text().count("x")
        except FileNotFoundError:
            return 0

    def finish(self):
        """Ends glovebox in order. Returns the names below the state folder, of any session and
        policy alike."""
        ours = descendants(self.worker.process.pid)
        assert self.worker.terminate() == 0, "no clean end"
        wait_for("the end of every process", lambda: not any(
            cmdline(pid).startswith("glovebox") for pid in ours), self.answer_seconds)
        for started in self.starts:
            server = getattr(started.process, "server", None)
            if server:
                server.join(self.answer_seconds)
                assert not server.is_alive(), "a process of it is left"
        state = pathlib.Path(self.worker.state)
        verified = subprocess.run([PROGRAM, "audit", "verify", state / "audit"],
                                  capture_output=True, text=True)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        alike = ((r"sesn_[0-9a-f]+", "SESSION"), (r"^audit/policies/[0-9a-f]{64}$", "audit/policies/DIGEST"),
                 (r"^audit/(tile|wal)/.*$", r"audit/\1/..."))  # by how many records there are
        names = {str(path.relative_to(state)) for path in state.rglob("*")}
        for pattern, word in alike:
            names = {re.sub(pattern, word, name) for name in names}
        return names

    def end(self):
        shutil.rmtree(self.folder)  # fails if something is mounted there


def could_be_ours(name):
    """Of what lies in /tmp: others on the host make files there, too, but not as glovebox's users."""
    try:
        return "glovebox" in name or os.lstat(name).st_uid != os.getuid()
    except OSError:
        return False


def nothing_left(before):
    def case(_):
        left = [(kind, name) for kind, name in oracle.residue_after(before, [])
                if not name.startswith("/") or kind == "control groups" or could_be_ours(name)]
        assert not left, left
    return case
