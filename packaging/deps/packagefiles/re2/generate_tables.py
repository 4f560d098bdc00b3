"""Runs one of RE2's table generators on a local copy of the Unicode data.

The generators ask the network for that data by default; their default argument is replaced.
usage: generate_tables.py RE2_FOLDER UNICODE_FOLDER SCRIPT
"""
import runpy
import sys

folder, data, script = sys.argv[1:]
sys.dont_write_bytecode = True
sys.path.insert(0, folder)

import unicode  # noqa: E402  (RE2's own module of that name)

for function in (unicode.CaseGroups, unicode.Scripts, unicode.Categories):
    function.__defaults__ = (data,)
sys.argv = [script]
runpy.run_path(f"{folder}/{script}", run_name="__main__")
