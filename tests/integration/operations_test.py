#!/usr/bin/env python3
"""What an operator does with the worker: configures, signals, watches, and reads exit codes."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from worker_harness import (PROGRAM, Plane, Worker, fresh_folder, run_cases, wait_for)

IS_ROOT = os.geteuid() == 0


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


def a_file_is_all_a_worker_needs(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    audit = folder + "/log"
    file = configuration(folder, plane, f'[audit]\ndir = "{audit}"\norigin = "host-1"\n'
                                        '[log]\nformat = "json"\n')
    worker = keep(Configured(file))
    session = plane.session()
    call = plane.bash(session, "echo configured")
    assert plane.result(session, call) == ("configured", False)
    assert worker.terminate() == 0
    for line in worker.log().splitlines():
        assert json.loads(line)["level"], line
    assert pathlib.Path(audit, "key.pub").read_text().startswith("host-1+")
    assert not any(pathlib.Path(folder, "state/audit").iterdir())
    assert run("audit", "verify", audit).returncode == 0
    assert plane.environment_key not in worker.log()


def variables_come_before_the_file(keep):
    plane = keep(Plane())
    folder = fresh_folder()
    file = configuration(folder, plane, key="sk-wrong")
    keep(Configured(file, command=("worker",),
                    variables={"ANTHROPIC_ENVIRONMENT_KEY": plane.environment_key}))
    session = plane.session()
    call = plane.bash(session, "echo variable")
    assert plane.result(session, call) == ("variable", False)


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


def a_bad_file_is_refused_with_its_place(keep):
    refused("[worker]\nworkdri = '/w'\n", "FOLDER/glovebox.toml:2:1: error GB0010",
            "did you mean `workdir`?")
    refused("[egress]\n", "glovebox.toml:1:2: error GB0017", "not in this version")
    refused("", "group", mode=0o664)
    refused("", "no environment", code=64)
    refused("[control_plane]\nenvironment_id = 'e'\n", "no environment key")
    key = "[control_plane]\nenvironment_id = 'e'\nenvironment_key = 'file:FOLDER/key'\n"
    refused(key, "environment_key: FOLDER/key", "ENOENT")
    refused(key, "group or others can read it", "hint: chmod 600 FOLDER/key",
            prepare=lambda folder: write(folder + "/key", "k", 0o644))
    done = run("run", "--config", "/nowhere/glovebox.toml")
    assert done.returncode == 78 and "/nowhere/glovebox.toml" in done.stderr, done


CASES = [
    ("a file is all a worker needs", a_file_is_all_a_worker_needs),
    ("variables come before the file", variables_come_before_the_file),
    ("a bad file is refused with its place", a_bad_file_is_refused_with_its_place),
]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    sys.exit(run_cases([(name, case) for name, case in CASES
                        if not wanted or any(word in name for word in wanted)]))
