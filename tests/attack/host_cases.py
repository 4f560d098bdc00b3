"""Attempts on how glovebox itself is started and where it keeps things, and a host that lacks
something."""
import ctypes
import os
import pathlib
import re
import shutil
import signal
import stat
import struct
import subprocess
import time

import oracle
from attack import BINARY, MODES, collect, own, remove, wrong
from host_facts import BOX_USER, IS_ROOT, LIBC

CASES = []
case = collect(CASES, modes=("kill",))
ECHO = ["--", "/bin/echo", "it-ran"]
MOUNT = re.compile(r'\{ at = "/inputs".*\},')


@case("A22 A11 mount sources that lead elsewhere", times=1)
def mount_sources(attack):
    links = attack.folder / "links"
    links.mkdir(exist_ok=True)
    for name, target in (("root", "/"), ("state", attack.state), ("home", attack.canaries.folder)):
        (links / name).unlink(missing_ok=True)
        (links / name).symlink_to(target)
    attack.exec(ECHO)  # there is a state folder
    sources = {"/proc/self/fd/7": 78, "/proc/1/cwd": 78, "/proc/1/root": 78, "/dev/fd/3": 78,
               "/proc/self/root/etc": 78, "../..": 78, ".": 78, f"{links}/../state": 78, "": 78,
               f"{links}/state": 77, f"{links}/root{attack.state}": 77, f"{links}/home/inputs": 77,
               f"{attack.state}": 78, f"{attack.state}/audit": 78, f"{attack.folder}": 78,
               f"{links}/nothing": (71, 77)}
    for source, status in sources.items():
        text = MOUNT.sub('{ at = "/m", from = "' + source + '", mode = "ro" },', attack.text)
        attack.policy("source", text)
        done = attack.exec(["--", "/bin/sh", "-c", "echo it-ran; find /m | head"], policy="source")
        problem = wrong(done, status, "glovebox: error: ", "it-ran")
        if problem:
            return f"{source}: {problem}"
    for folder in ("/proc/self/fd/7", "/proc/1/cwd", "/proc/1/root", "/", "/etc", str(attack.state),
                   f"{links}/state", str(attack.folder / "agent.toml")):
        problem = wrong(attack.exec(ECHO, work=folder), 78, "glovebox: error: ", "it-ran")
        if problem and not (IS_ROOT is False and folder == "/etc"):
            return f"workspace {folder}: {problem}"
    return None


SWAPPER = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
os.chdir(sys.argv[1])
while os.getppid() != 1:
    libc.syscall(316, -100, b"target", -100, b"other", 2)  # renameat2, exchange
"""


@case("A23 a link raced into a mount target", times=1)
def raced_target(attack):
    work = attack.make_work("race")
    (work / "target").mkdir()
    own(work / "target")
    as_user = {"user": BOX_USER, "group": BOX_USER, "extra_groups": []} if IS_ROOT else {}
    met = set()
    for target, mode in (("/etc", "ro"), (str(attack.canaries.folder), "hide"), ("/proc/self", "ro")):
        (work / "other").symlink_to(target)
        entry = ('at = "@workspace/target"' if mode == "hide" else
                 f'at = "/workspace/target", from = "{attack.canaries.inputs}"')
        attack.policy("race", MOUNT.sub(f'{{ {entry}, mode = "{mode}" }},', attack.text))
        swapper = subprocess.Popen(["/usr/bin/python3", "-c", SWAPPER, str(work)], cwd="/", **as_user)
        try:
            for _ in range(5):
                done = attack.exec(["--", "/bin/sh", "-c", "head -1 /etc/passwd; ls /etc/ssl; ls /proc/self/fd;"
                                    " echo it-ran; cat target/.ssh/id_ed25519 other/.ssh/id_ed25519"],
                                   work=work, policy="race")
                met.add(done.returncode)
                if "canary-secret" in done.stdout:
                    return f"ESCAPED: {done.stdout}"
                ran = "it-ran" in done.stdout
                if ran != (done.returncode != 71) or (ran and "root:x:0:0" not in done.stdout
                                                      and mode != "hide"):
                    return f"status {done.returncode}: {done.stdout}"
        finally:
            swapper.kill()
            swapper.wait()
        remove(work / "target")
        remove(work / "other")
        (work / "target").mkdir()
        own(work / "target")
    remove(work)
    return None


@case("A26 state folders that somebody prepared")
def prepared_state(attack):
    state = attack.folder / "prepared"

    def attempt(what, status, prepare):
        remove(state)
        prepare()
        done = attack.exec(ECHO, state=state)
        problem = wrong(done, status, "", "it-ran" if status == 78 else "canary-secret")
        return f"{what}: {problem}" if problem else None

    def folder(mode=0o700):
        state.mkdir()
        state.chmod(mode)

    def planted(name, target):
        folder()
        (state / name).symlink_to(target)

    problems = [attempt("a link", 78, lambda: state.symlink_to(attack.canaries.folder))]
    for name in ("audit", "sessions", "work", "run", "lock"):
        for target in (attack.canaries.folder, attack.canaries.profile, "/nothing"):
            problems.append(attempt(f"{name} is a link", 78, lambda: planted(name, target)))
    if IS_ROOT:
        problems.append(attempt("another's", 78, lambda: (folder(), own(state))))

    def with_others():
        folder(0o777)
        (state / "work").mkdir()
        (state / "work").chmod(0o777)
    problems.append(attempt("open to all", (0, 78), with_others))
    if stat.S_IMODE(state.stat().st_mode) & 0o022:
        problems.append("a state folder stays open to others")
    remove(state)
    done = attack.finish([BINARY, "exec", "--policy", str(attack.folder / "agent.toml"), *ECHO], "",
                         {"TMPDIR": str(attack.folder)}, 60, {})
    named = re.search(r"audit log: (\S+)/audit", done.stdout)
    if not named or not re.search(r"[A-Za-z0-9]{6}$", named[1]):
        return f"a fresh state folder has no random name: {done.stdout}"
    if stat.S_IMODE(os.stat(named[1]).st_mode) & 0o066:
        return "a fresh state folder is open to others"
    remove(named[1])
    return next(filter(None, problems), None)


def descendants(pid):
    """(parent, pid) of everything below."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    found, rest = [], [pid]
    while rest:
        parent = rest.pop()
        children = [child for child, above in parents.items() if above == parent]
        found += [(parent, child) for child in children]
        rest += children
    return found


class LongCall:
    """A call of the probe that sleeps, once it does."""

    def __init__(self, attack):
        self.attack = attack
        self.process = attack.start(["--", "/workspace/probe", "sleep", "60"])

    def __enter__(self):
        deadline = time.monotonic() + 30
        while not oracle.survivors(self.attack.probe):
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.process.kill()
                raise RuntimeError(f"the call did not start: {self.process.communicate()[0]}")
            time.sleep(0.02)
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.communicate()
        deadline = time.monotonic() + 10
        while oracle.survivors(self.attack.probe) and time.monotonic() < deadline:
            time.sleep(0.02)

    def roles(self):
        found = {}
        for parent, pid in descendants(self.process.pid):
            try:
                name = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0]
                found.setdefault(name.removeprefix("glovebox: "), []).append((parent, pid))
            except OSError:
                pass
        return found


def of_descriptors(pid, folder, read):
    """What `read` says of each descriptor; one that was closed while we looked is passed over."""
    said = []
    for entry in pathlib.Path(f"/proc/{pid}/{folder}").iterdir():
        try:
            said.append(read(entry))
        except (FileNotFoundError, ProcessLookupError):
            pass
    assert said, f"{pid} has no descriptor"
    return said


@case("B10 C35 D13 roles hold processes by descriptor, only the keeper listens to a box", modes=MODES)
def roles_descriptors(attack):
    with LongCall(attack) as call:
        pairs = descendants(call.process.pid)
        if len(pairs) < 4:
            return f"too few processes: {call.roles()}"
        for parent, pid in pairs if IS_ROOT else ():
            held = [re.search(r"^Pid:\s+(-?\d+)", info, re.MULTILINE)
                    for info in of_descriptors(parent, "fdinfo", pathlib.Path.read_text)]
            guest = os.readlink(f"/proc/{parent}/exe") != os.path.realpath(BINARY)
            first = os.readlink(f"/proc/{parent}/ns/pid") != os.readlink("/proc/self/ns/pid")
            if not guest and not first and pid not in [int(found[1]) for found in held if found]:
                return f"{parent} holds its child {pid} by no descriptor"
        for pid in [call.process.pid, *[pid for _, pid in pairs]] if IS_ROOT else ():
            # The keeper refuses what filters report; nothing of the box may hold a listener.
            keeper = pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "gb-keeper"
            for file in of_descriptors(pid, "fd", os.readlink):
                if "seccomp" in file and not keeper:
                    return f"{pid} decides about system calls: {file}"
        guest = oracle.survivors(attack.probe)[0]
        status = pathlib.Path(f"/proc/{guest}/status").read_text()
        if "Seccomp:\t2" not in status:
            return f"the guest has no filter: {status}"
        for fd in pathlib.Path(f"/proc/{guest}/fd").iterdir():
            if os.readlink(fd).startswith("socket:") or int(fd.name) > 2:
                return f"the guest has {fd.name}: {os.readlink(fd)}"
    return None


@case("D16 standard descriptors that are closed", modes=MODES)
def closed_descriptors(attack):
    state = attack.folder / "closed"
    for closed in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)):
        def close():
            for fd in closed:
                os.close(fd)
        command = [BINARY, "exec", "--policy", str(attack.folder / "agent.toml"), "--state", str(state),
                   "--workdir", str(attack.work), "--", "/bin/sh", "-c",
                   'for i in 0 1 2; do x="$x $(readlink /proc/$$/fd/$i)"; done; echo $x > fds; echo forged-output; '
                   'echo forged-error >&2; cat <&0; echo forged-input >&0; exit 7']
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, preexec_fn=close)
        seen = (attack.work / "fds").read_text().split()
        (attack.work / "fds").unlink()
        if done.returncode != 7:
            return f"closed {closed}: {done}"
        if any(not name.startswith(("/dev/null", "pipe:")) for name in seen):
            return f"ESCAPED: with {closed} closed the guest had {seen}"
        for path in state.rglob("*"):
            if path.is_file() and state / "audit" not in path.parents and b"forged-" in path.read_bytes():
                return f"ESCAPED: the guest wrote to {path}"
    checked = subprocess.run([BINARY, "audit", "verify", str(state / "audit")], capture_output=True)
    remove(state)
    return None if checked.returncode == 0 else f"the log is not good: {checked}"


def odd_signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    for number in (signal.SIGPIPE, signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def gone_folder():
    folder = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"attack-gone-{os.getpid()}")
    os.mkdir(folder)
    os.chdir(folder)
    os.rmdir(folder)


CALLERS = {
    "signals": odd_signals,
    "mask 0777": lambda: os.umask(0o777),
    "mask 0": lambda: os.umask(0),
    "no folder": gone_folder,
}


@case("D19 callers in an odd state", modes=MODES)
def odd_callers(attack):
    script = "umask; grep -E '^Sig(Blk|Ign)|^ShdPnd' /proc/self/status | cut -f2 | sort -u; pwd; exit 6"
    wanted = "0077\n0000000000000000\n/workspace\n"
    for name, spoil in CALLERS.items():
        command = [BINARY, "exec", "--policy", str(attack.folder / "agent.toml"), "--state",
                   str(attack.state), "--workdir", str(attack.work), "--", "/bin/sh", "-c", script]
        reader, writer = os.pipe()
        os.close(writer)
        try:
            done = subprocess.run(command, stdin=reader, capture_output=True, text=True, timeout=60,
                                  preexec_fn=spoil)
        except subprocess.TimeoutExpired:
            return f"{name}: hangs"
        finally:
            os.close(reader)
        if done.returncode != 6 or done.stdout != wanted:
            return f"{name}: {done}"
        loose = [str(path) for path in attack.state.rglob("*")
                 if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o022]
        if loose:
            return f"{name}: others may write {loose}"
    return None


@case("E32 a role is killed in the middle", modes=MODES)
def killed_roles(attack):
    for role in ("supervisor", "auditor", "boxer", "keeper"):
        with LongCall(attack) as call:
            guests = oracle.survivors(attack.probe)
            if role == "supervisor":
                pids = [call.process.pid]
            else:
                pids = [pid for _, pid in call.roles().get(role, [])]
            if not pids:
                return f"no {role} in {call.roles()}"
            os.kill(pids[0], signal.SIGKILL)
            if role == "auditor":
                continue  # what runs may end; nothing new begins, see integration/roles
            deadline = time.monotonic() + 5
            while set(guests) & set(oracle.survivors(attack.probe)):
                if time.monotonic() > deadline:
                    return f"ESCAPED: the guest outlives the {role}"
                time.sleep(0.02)
    return wrong(attack.exec(ECHO), 0, "it-ran")


@case("G02 policies that somebody else may change")
def unsafe_policies(attack):
    inside = attack.work / "policy.toml"
    inside.write_text(attack.text)
    inside.chmod(0o600)
    link = attack.folder / "link.toml"
    link.unlink(missing_ok=True)
    link.symlink_to(attack.folder / "agent.toml")
    others = attack.policy("others", attack.text)
    others.chmod(0o666)
    group = attack.policy("group", attack.text)
    group.chmod(0o664)
    paths = [inside, link, others, group, attack.work / "none.toml", attack.folder, "/dev/stdin"]
    if IS_ROOT:
        foreign = attack.policy("foreign", attack.text)
        own(foreign)
        paths.append(foreign)
    for path in paths:
        problem = wrong(attack.exec(ECHO, policy=str(path)), 78, "glovebox: error: ", "it-ran")
        if problem:
            return f"{path}: {problem}"
    inside.unlink()
    return wrong(attack.exec(ECHO), 0, "it-ran")


def refuse(number, error):
    """In a child before it executes: this system call fails from now on."""
    program = struct.pack("HBBI", 0x20, 0, 0, 0) + struct.pack("HBBI", 0x15, 0, 1, number)
    program += struct.pack("HBBI", 0x06, 0, 0, 0x50000 | error) + struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
    if LIBC.prctl(38, 1, 0, 0, 0) != 0 or LIBC.prctl(22, 2, header, 0, 0) != 0:
        os._exit(99)


NEEDED = {"landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
          "seccomp": 317, "clone3": 435, "mount_setattr": 442, "open_tree": 428, "move_mount": 429,
          "fsopen": 430, "fsconfig": 431, "fsmount": 432, "pivot_root": 155, "umount2": 166,
          "sethostname": 170, "capset": 126, "setresuid": 117, "setresgid": 119, "close_range": 436,
          "keyctl": 250, "openat2": 437, "sched_setaffinity": 203, "setsid": 112, "prlimit64": 302}
HARMLESS = {"prlimit64", "setsid"}  # another call does the same, or a process has a session already
NEW_USER = 0x10000000


def no_namespaces():
    """In a child before it executes: an ordinary user who may make no namespace."""
    if IS_ROOT:
        os.setgroups([])
        os.setresgid(BOX_USER, BOX_USER, BOX_USER)
        os.setresuid(BOX_USER, BOX_USER, BOX_USER)
    LIBC.prctl(4, 1, 0, 0, 0)  # dumpable again: else its maps would be root's
    user, group = os.geteuid(), os.getegid()
    if LIBC.unshare(NEW_USER) != 0:
        os._exit(99)
    for path, text in (("/proc/self/setgroups", "deny"), ("/proc/self/uid_map", f"{user} {user} 1"),
                       ("/proc/self/gid_map", f"{group} {group} 1"),
                       ("/proc/sys/user/max_user_namespaces", "0")):
        pathlib.Path(path).write_text(text)


@case("G05 a host that lacks something", times=1)
def poor_hosts(attack):
    for error in (1, 38):  # EPERM, ENOSYS
        for name, number in NEEDED.items():
            command = [BINARY, "exec", "--policy", str(attack.folder / "agent.toml"), "--state",
                       str(attack.state), "--workdir", str(attack.work), *ECHO]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=60,
                                  preexec_fn=lambda: refuse(number, error))
            if name in HARMLESS or (name, error) == ("keyctl", 38):  # a kernel without keyrings
                continue
            if "it-ran" in done.stdout or done.returncode in (0, 99):
                return f"ESCAPED: without {name} (error {error}) it runs: {done}"
            if "glovebox: error: " not in done.stdout:
                return f"without {name} (error {error}) nothing is said: {done}"
            if name == "landlock_create_ruleset" and error == 38 and "Landlock" not in done.stdout:
                return f"Landlock is not named: {done}"
    poor = attack.folder / "poor"
    poor.mkdir()
    policy = attack.policy("poor", attack.text)
    for path in (poor, policy):
        own(path)
    # Whoever has no namespaces is another user, and the sources may lie where only root can look.
    reachable = shutil.copy2(BINARY, attack.folder / "poor-glovebox")
    done = subprocess.run([reachable, "exec", "--policy", str(policy), "--state", str(poor),
                           "--workdir", str(attack.work), *ECHO], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          preexec_fn=no_namespaces)
    remove(poor)
    os.remove(reachable)
    problem = wrong(done, 71, "no box can be made", "it-ran") or wrong(done, 71, "hint: ")
    if problem:
        return f"without namespaces: {problem}"
    for text, says in ((attack.text.replace("landlock = 1", "landlock = 60"), "Landlock ABI 60"),
                       (attack.text.replace('disk = "64MiB"', 'disk = { value = "64MiB", enforce = "wall" }'),
                        "")):
        attack.policy("demand", text)
        problem = wrong(attack.exec(ECHO, policy="demand"), (71, 78), says, "it-ran")
        if problem:
            return problem
    return None
