"""The shipped policy with filters that report nothing: what they would report is an error at once.

A process has one listener for its system calls (seccomp(2)), and a test that holds glovebox by one of
its own takes that place. What is reported, and by whom, is what refused_test.py shows.
"""
import os
import pathlib
import re

SOURCE = pathlib.Path(os.environ["GLOVEBOX_SOURCE_ROOT"])


def silent(entry):
    """One entry of a filter with errors in place of reports."""
    entry = re.sub(r"else notify(\(\w+\))? if [^#]*(?=else errno)", "", entry)
    return re.sub(r"((?:^\w+:|\belse) )notify\b(\(\w+\))?",
                  lambda found: found[1] + "errno" + (found[2] or "(EPERM)"), entry)


def whole(file):
    """Its text with the entries of the sets that it names, sorted: built-in sets do report."""
    entry = re.compile(r"^(\w+):.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
    text = file.read_text()
    entries = {}
    for name in re.findall(r"^@(\S+)$", text, re.MULTILINE):
        for found in entry.finditer((file.parent / f"{name}.set").read_text()):
            entries[found[1]] = found[0]
    entries.update({found[1]: found[0] for found in entry.finditer(text)})
    default = entries.pop("default")
    return default + "".join(silent(entries[name]) for name in sorted(entries))


def write_unheard_policy(folder):
    """Writes it into `folder`, where every user may read it, and returns its path."""
    folder = pathlib.Path(folder)
    folder.chmod(0o755)
    policy = folder / "unheard.toml"
    text = (SOURCE / "policy/default.toml").read_text()
    files = {policy: re.sub(r'"builtin:(\w+)"', r'"\1.policy"', text)}
    for name in re.findall(r'"builtin:(\w+)"', text):
        files[folder / f"{name}.policy"] = whole(SOURCE / f"seccomp/{name}.policy")
    for path, content in files.items():
        path.write_text(content)
        path.chmod(0o644)
    return str(policy)
