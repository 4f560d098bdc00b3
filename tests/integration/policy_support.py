"""Policies as files and the commands that judge them, for tests of `glovebox policy …`."""
import pathlib
import shutil
import subprocess

from exec_support import PROGRAM, Done

HEAD = 'glovebox = 1\n[[bind]]\ntools = { "*" = "p" }\n[profile.p]\n'
WORKSPACE = '{ at = "@workspace", mode = "rw" }'
# May write and run nothing of it.
NARROW = HEAD + f'mount = [ {WORKSPACE} ]\n[[test]]\ntry = "write @workspace/a"\nexpect = "allow"\n'
# May run what it wrote; says why.
WIDE = NARROW.replace('mode = "rw"', 'mode = "rw", exec = true').replace(
    "[profile.p]\n", '[profile.p]\nwhy = "a build"\n')


def policy_of(keys, above=""):
    """A policy of one profile; `keys` begin in line 5, in line 6 with something above."""
    return HEAD.replace("[[bind]]", f"{above}\n[[bind]]" if above else "[[bind]]", 1) + keys + "\n"


def write(path, text, mode=0o644):
    path = pathlib.Path(path)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def glovebox_in(folder, *arguments, stdin=b"", seconds=120):
    """In `folder`, so that files are named as a person names them."""
    process = subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=folder, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(stdin, timeout=seconds)
    return Done(process, out, err)


def git(folder, *arguments):
    program = shutil.which("git")
    assert program, "git is not installed"
    return subprocess.run([program, "-c", "user.name=t", "-c", "user.email=t@localhost", "-c",
                           "init.defaultBranch=main", *arguments], cwd=folder, check=True,
                          capture_output=True, text=True).stdout
