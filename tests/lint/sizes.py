#!/usr/bin/python3
"""The walls of size: a file 600 lines, a header 150 (a format 300), a function 60 (from its brace in the first column to the closing one)."""

import tree

FILE, HEADER, FUNCTION = 600, 150, 60
FORMAT = 300  # *_format.h: bytes that leave the process, which are read as one table


def functions(path):
    """(first line, lines) of each function body."""
    begin = None
    for number, line in enumerate(tree.lines(path), 1):
        if line == "{":
            begin = number
        elif line == "}" and begin is not None:
            yield begin, number - begin + 1
            begin = None


def check(path):
    wall = FILE if path.suffix != ".h" else FORMAT if path.stem.endswith("_format") else HEADER
    length = len(tree.lines(path))
    if length > wall:
        yield f"{path}: {length} lines, the wall is {wall}"
    if path.suffix == ".c":
        for begin, size in functions(path):
            if size > FUNCTION:
                yield f"{path}:{begin}: a function of {size} lines, the wall is {FUNCTION}"


tree.finish([problem for path in tree.files(".c", ".h", ".def", ".py", ".sh") for problem in check(path)])
