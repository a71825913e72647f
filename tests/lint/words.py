#!/usr/bin/python3
"""What no file may hold: paths of one machine, hosts of package registries, notes to oneself; and links that lead nowhere."""

import re

import tree

MACHINE = "a path of one machine"  # unit tests may make some up, as values of HOME
WORDS = {
    re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b"): "a note to oneself: do it, or say what is so",
    re.compile(r"(?<![\w.$}~*-])/(wo" r"rk|ro" r"ot|ho" r"me)/\w"): MACHINE,
    re.compile(r"deb\.debi" r"an\.org|registry\.npm" r"js|py" r"pi\.org|proxy\.golang"): "a package registry's host",
}
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def check(path):
    try:
        text = (tree.ROOT / path).read_text()
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        for word, why in WORDS.items():
            if word.search(line) and not (why == MACHINE and path.parts[:2] == ("tests", "unit")):
                yield f"{path}:{number}: {why}: {line.strip()[:100]}"
        for target in LINK.findall(line) if path.suffix == ".md" else []:
            if not (tree.ROOT / path.parent / target).exists():
                yield f"{path}:{number}: the link leads nowhere: {target}"


tree.finish([problem for path in tree.files() for problem in check(path)])
