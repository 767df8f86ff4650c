"""Puts the includes of the named files into the order of the house: own header, ours, third party, standard.

One blank line between groups, names sorted within them. Only the first run of include lines is touched, and only if nothing
but blank lines stands between them. `./run format` calls it; the rule it serves is in include_rules.cpp.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
LIBRARY_HEADERS = {"xxhash.h", "xxh_x86dispatch.h", "zmq.h"}
SYSTEM_FOLDERS = ("sys/", "netinet/", "arpa/", "linux/", "net/")


def kind(path, quote, name):
    if path.suffix == ".cpp" and pathlib.Path(name).name == path.stem + ".hpp":
        return 0
    if name.endswith(".capnp.h") or name in LIBRARY_HEADERS:
        return 2
    if quote == '"' or name.startswith("hawser/"):
        return 1
    system = "." not in name and "/" not in name or "/" not in name and name.endswith(".h")
    return 3 if system or name.startswith(SYSTEM_FOLDERS) else 2


def ordered(path, text):
    lines = text.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if INCLUDE.match(line)), None)
    if first is None:
        return text
    end = first
    for i in range(first, len(lines)):
        if INCLUDE.match(lines[i]):
            end = i + 1
        elif lines[i].strip():
            break
    groups = {}
    for line in lines[first:end]:
        if match := INCLUDE.match(line):
            groups.setdefault(kind(path, *match.groups()), []).append((match.group(2), line))
    blocks = ["".join(line for _, line in sorted(groups[number])) for number in sorted(groups)]
    return "".join(lines[:first]) + "\n".join(blocks) + "".join(lines[end:])


for argument in sys.argv[1:]:
    source = pathlib.Path(argument)
    before = source.read_text()
    after = ordered(source, before)
    if after != before:
        source.write_text(after)
