"""One run of the suite: its folder, its policies, and how an attempt is made."""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "integration"))
import audit_log  # noqa: E402
import oracle  # noqa: E402
from host_facts import BOX_USER, DEVICES, IS_ROOT  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
BINARY = os.environ["GLOVEBOX_BINARY"]
BUILD = pathlib.Path(os.environ["GLOVEBOX_BUILD"]) / "tests/attack"
SECONDS = 60
GOT_THROUGH, NOT_MADE = 0, 125
MODES = ("kill", "keep")
BACKGROUND = 'background = "kill"'
LEFT_BY_CONTROLS = ("fifo", "socket", "null", "sda", "linked", "core")
LEFTOVERS = ("/tmp/glovebox-leftover", "/var/tmp/glovebox-leftover", "/dev/shm/glovebox-leftover")
SHELL_LIMITS = ('wall = "20s", cpu = "2s", cores = 2, memory = "256MiB", pids = 64, files = 256, '
                'disk = "64MiB", tmp = "16MiB"')
LARGE_LIMITS = ('wall = "60s", cpu = "60s", cores = 2, memory = "4GiB", pids = 512, files = 4096, '
                'disk = "1GiB", tmp = "256MiB"')


def own(path):
    """As root: the owner of the folder is who the box runs as."""
    if IS_ROOT:
        os.chown(path, BOX_USER, BOX_USER)


def collect(cases, modes=MODES):
    """A decorator that names a function as a case: it returns what is wrong, or None. `modes`: in
    which it makes a difference; elsewhere nothing of it depends on the mode."""
    def case(title, times=2, modes=modes):
        def add(function):
            function.title, function.times, function.modes = title, times, modes
            cases.append(function)
            return function
        return add
    return case


def wrong(done, status, says="", never="canary-secret"):
    """What is not as it should be about an end; None: nothing."""
    wanted = status if isinstance(status, tuple) else (status,)
    if never in done.stdout:
        return f"ESCAPED: {never!r} is in {done.stdout[-2000:]!r}"
    if done.returncode not in wanted or says not in done.stdout:
        return (f"status {done.returncode}, not {status}, or not {says!r}:\n"
                f"{done.stdout[:500]!r} … {done.stdout[-1500:]!r}")
    return None


def box_starts(lines):
    """(number of the call in the order of their starts, cold or warm) of every result in a log."""
    calls, starts = [], []
    for line in lines:
        record = json.loads(line)
        if record["k"] == "tool.intent":
            calls.append(record["tu"])
        elif record["k"] == "tool.result" and record["tu"] in calls:
            starts.append((calls.index(record["tu"]), record.get("box")))
    return starts


def remove(path):
    """Also what is nested too deep for Python."""
    subprocess.run(["rm", "-rf", str(path)], check=True)


def hand_over_much():
    """A caller whose own limits and descriptors are generous: none of that reaches a box."""
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_NOFILE,
                  resource.RLIMIT_NPROC):
        _, most = resource.getrlimit(limit)
        resource.setrlimit(limit, (most, most))


class Attack:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="attack-run-"))
        self.folder.chmod(0o755)
        self.canaries = oracle.Canaries()
        self.state = self.folder / "state"
        self.scratch = self.folder / "scratch"
        self.scratch.mkdir()
        self.work = self.make_work("work")
        self.probe = self.work / "probe"
        self.leak = os.open(self.canaries.folder, os.O_RDONLY)
        self.log_read = 0
        self.set_mode(MODES[0])

    def make_work(self, name):
        work = self.folder / name
        work.mkdir()
        shutil.copy2(BUILD / "probe", work / "probe")
        (work / "probe").chmod(0o755)
        own(work)
        own(work / "probe")
        return work

    def set_mode(self, mode):
        """What becomes of the processes that a call leaves behind: `kill` or `keep`."""
        self.mode = mode
        self.make_policies()

    def make_policies(self):
        self.text = (HERE / "policy.toml").read_text().replace("@INPUTS@", str(self.canaries.inputs))
        for old in (SHELL_LIMITS, 'user = "agent"', 'exec = true', BACKGROUND):
            assert old in self.text, old
        self.policy("agent", self.text)
        self.policy("root", self.text.replace('user = "agent"', 'user = "root"'))
        self.policy("limit", self.text.replace(SHELL_LIMITS, LARGE_LIMITS))
        self.policy("noexec", self.text.replace(", exec = true", ""))
        self.policy("twins", (HERE / "twins.toml").read_text())

    def policy(self, name, text):
        path = self.folder / f"{name}.toml"
        path.unlink(missing_ok=True)
        path.write_text(text.replace(BACKGROUND, f'background = "{self.mode}"'))
        path.chmod(0o644)
        return path

    def words(self, text):
        c = self.canaries
        for name, value in (("secret", c.secret), ("profile", c.profile), ("private", c.private),
                            ("new", c.folder / "planted"), ("pid", c.process.pid),
                            ("socket", c.socket_path), ("abstract", c.abstract), ("port", c.port),
                            ("shm", c.shm_key), ("queue", c.queue), ("key", c.key),
                            ("state", self.state), ("policy", self.folder / "agent.toml"),
                            ("home", c.folder), ("devices", ":".join(DEVICES)),
                            ("host", os.uname().nodename)):
            text = text.replace("{" + name + "}", str(value))
        return text.replace("{address}", c.address()) if "{address}" in text else text

    def finish(self, command, text, variables, seconds, how):
        """As subprocess.run, but a hang is an answer and kills the whole group of the command."""
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **(variables or {})}, start_new_session=True, pass_fds=(self.leak,),
            preexec_fn=hand_over_much, **how)
        try:
            out, _ = process.communicate((text or "").encode(errors="surrogateescape"), seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out = process.communicate()[0] + f"\nno end after {seconds} s".encode()
        return subprocess.CompletedProcess(command, process.returncode,
                                           out.decode(errors="replace"), out)

    def exec(self, arguments, text=None, variables=None, policy="agent", work=None, seconds=SECONDS,
             state=None, **how):
        path = policy if "/" in str(policy) else self.folder / f"{policy}.toml"
        command = [BINARY, "exec", "--policy", str(path), "--state", str(state or self.state)]
        if work != "none":  # a fresh one, which goes with the call
            command += ["--workdir", str(work or self.work)]
        return self.finish([*command, *map(str, arguments)], text, variables, seconds, how)

    def box_starts(self):
        """Of the calls since this was asked last: whether their boxes were made with them (cold) or
        waited for them (warm)."""
        log = self.state / "audit"
        lines = audit_log.lines(log)[self.log_read:] if log.exists() else []
        self.log_read += len(lines)
        return [start for _, start in box_starts(lines)]

    def tool(self, name, value, **how):
        return self.exec(["--tool", name], text=json.dumps(value), **how)

    def start(self, arguments, work=None, policy="agent", state=None):
        """A call that goes on."""
        return subprocess.Popen(
            [BINARY, "exec", "--policy", str(self.folder / f"{policy}.toml"), "--state",
             str(state or self.state), "--workdir", str(work or self.work), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)

    def bash(self, script, **how):
        """By the bash tool, as the model calls it."""
        return self.exec(["--tool", "bash"], text=json.dumps({"command": script}), **how)

    def without(self, walls, arguments, policy="agent"):
        """In a box that lacks these walls. The probe lies elsewhere where nothing is mounted."""
        bare = "mount-namespace" in walls or ("user-namespace" in walls and not IS_ROOT)
        probe = str(self.probe) if bare else "/workspace/probe"
        command = [str(BUILD / "without_layer"), str(self.folder / f"{policy}.toml"), str(self.work),
                   str(self.scratch), ",".join(walls), probe, *arguments]
        return self.finish(command, None, {"ATTACK_TOKEN": "canary-token-77aa"}, SECONDS, {})

    def clean_up_after_control(self):
        self.canaries.restore()
        for name in LEFT_BY_CONTROLS:
            (self.work / name).unlink(missing_ok=True)
        for path in self.work.glob("core.*"):
            path.unlink()
        for path in LEFTOVERS:
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass
        return oracle.end_survivors(self.probe)

    def remove(self):
        self.canaries.remove()
        os.close(self.leak)
        remove(self.folder)
