"""What the tests of an operator's things share: configured workers, files, policies."""
import os
import pathlib
import subprocess

from worker_harness import PROGRAM, Worker, cmdline, descendants, fresh_folder, wait_for


def run(*arguments, variables=None, **more):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          env={"PATH": os.environ["PATH"], **(variables or {})},
                          stdin=subprocess.DEVNULL, **more)


def write(path, text, mode=0o600):
    path = pathlib.Path(path)
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.chmod(mode)
    new.rename(path)  # as whoever rotates a key does
    return str(path)


def configuration(folder, plane, more="", key=None):
    """A glovebox.toml that says everything, and the key in a file beside it."""
    write(folder + "/key", plane.environment_key + "\n" if key is None else key)
    return write(folder + "/glovebox.toml", f"""
[control_plane]
base_url = "{plane.base_url}"
environment_id = "{plane.environment}"
environment_key = "file:{folder}/key"
[policy]
file = "builtin:default"
[state]
dir = "{folder}/state"
{more}
""")


class Configured(Worker):
    """A worker that has everything from its file."""

    def __init__(self, file, command=("run",), variables=None, **more):
        self.folder = str(pathlib.Path(file).parent)
        self.state = self.folder + "/state"
        self.log_path = self.folder + "/worker.log"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([PROGRAM, *command, "--config", file],
                                            env={"PATH": os.environ["PATH"], **(variables or {})},
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, **more)


def refused(text, *says, mode=0o600, code=78, prepare=lambda folder: None):
    folder = fresh_folder()
    prepare(folder)
    file = write(folder + "/glovebox.toml", text.replace("FOLDER", folder), mode)
    done = run("run", "--config", file)
    assert done.returncode == code, done
    assert done.stdout == "", done
    assert done.stderr.startswith("glovebox: error: "), done.stderr
    for word in says:
        assert word.replace("FOLDER", folder) in done.stderr, (word, done.stderr)


def policy(folder, name, limit="20s", more=""):
    return write(folder + "/policy.toml", f"""
glovebox = 1
name = "{name}"
[[bind]]
tools = {{ bash = "p" }}
[profile.p]
root = "host"
mount = [{{ at = "@workspace", mode = "rw" }}]
env = {{ NAME = "{name}" }}
syscalls = "builtin:bash"
limits = {{ wall = "{limit}" }}
{more}
""", 0o644)


def a_running_call(keep, plane, *more):
    worker = keep(Worker(plane, *more))
    session = plane.session()
    call = plane.bash(session, "sleep 300")
    wait_for("the call runs", lambda: any("sleep" in cmdline(pid) for pid in
                                          descendants(worker.process.pid)))
    return worker, session, call
