#!/usr/bin/python3
r"""regex.py SEED COUNT: lines of pattern, text and what Python's re finds, for test_regex.c. regex.txt is `regex.py 1 2000`."""

import random
import re
import sys

ATOMS = ["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", r"\d", r"\w", r"\s", r"\W", r"\D", r"\S", "1", " ", r"\.", r"\x61"]
ASSERTIONS = ["^", "$", r"\b", r"\B"]
REPEATS = ["*", "+", "?", "{2}", "{1,}", "{0,2}", "{1,3}", "*?", "+?", "??", "{1,3}?"]


def nullable(pattern):
    return re.fullmatch(re.sub(r"\\[bB]|\^|\$", "", pattern), "") is not None


def piece(rng, depth):
    kind = rng.random()
    if kind < 0.1:
        return rng.choice(ASSERTIONS)
    if kind < 0.7 or depth == 0:
        atom = rng.choice(ATOMS)
    else:
        atom = rng.choice(["(", "(?:"]) + choice(rng, depth - 1) + ")"
    # How a loop over nothing ends differs from engine to engine.
    if rng.random() < 0.4 and not (atom.startswith("(") and nullable(atom)):
        atom += rng.choice(REPEATS)
    return atom


def choice(rng, depth):
    return "|".join("".join(piece(rng, depth) for _ in range(rng.randint(0 if i else 1, 4))) for i in
                    range(rng.choice([1, 1, 1, 2, 3])))


def case(rng):
    pattern = rng.choice(["", "", "", "(?i)"]) + choice(rng, 3)
    if len(pattern) > 60:  # written out it might be more than we take
        return case(rng)
    # Before 3.14 Python found no \B in the empty text; Perl does.
    text = "".join(rng.choice("aaabbc1 A.\n") for _ in range(rng.randint(r"\B" in pattern, 12)))
    found = re.compile(pattern, re.ASCII).search(text)
    if not found:
        expected = "-"
    elif not found.re.groups or found.start(1) < 0:
        expected = f"{found.start()} {found.end()} -"
    else:
        expected = f"{found.start()} {found.end()} {found.start(1)} {found.end(1)}"
    return f"{pattern}\t" + text.replace("\n", "~") + f".\t{expected}"


def main():
    rng = random.Random(int(sys.argv[1]))
    print("\n".join(case(rng) for _ in range(int(sys.argv[2]))))


main()
