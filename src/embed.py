"""Writes a header that holds the texts of files: usage: embed.py NAMESPACE NAME OUTPUT FILE...

Each text is known by its file's name without the extension. Bytes are written as escapes, so that
no text can end its literal.
"""
import pathlib
import sys

namespace, name, output, *files = sys.argv[1:]


def literal(data):
    lines = []
    for line in data.splitlines(keepends=True):
        text = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in line)
        lines.append(f'        "{text}"')
    return "\n".join(lines)


with open(output, "w") as out:
    out.write("#pragma once\n\n#include <array>\n#include <string_view>\n#include <utility>\n\n")
    out.write(f"namespace {namespace} {{\n\n")
    out.write("inline constexpr std::array<std::pair<std::string_view, std::string_view>, "
              f"{len(files)}> {name} = {{{{\n")
    for file in files:
        path = pathlib.Path(file)
        out.write(f'    {{"{path.stem}",\n{literal(path.read_bytes())}}},\n')
    out.write(f"}}}};\n\n}}  // namespace {namespace}\n")
