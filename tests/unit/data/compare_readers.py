#!/usr/bin/python3
"""compare_readers.py PROGRAM: documents for `PROGRAM answer` (tests/unit/test_read_compare.c), and what python's modules make of them.

A document is made of random pieces of its format, some of which do not fit together. Where the module reads it, the reader must
give the same values or call it malformed because of what its subset lacks; what the module refuses, the reader must refuse. The
random numbers are the same in every run.
"""

import configparser
import datetime
import io
import json
import random
import subprocess
import sys
import tomllib

import yaml

ROUNDS = 1500


class Reader:
    def __init__(self, program):
        self.process = subprocess.Popen([program, "answer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, word, document):
        data = document.encode()
        self.process.stdin.write(f"{word} {len(data)}\n".encode() + data)
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode().rstrip("\n")
        if not line:
            sys.exit(f"the program ended at this {word}:\n{document}")
        return None if line == "malformed" else (json.loads(line),)


def plain(value):
    """As JSON has it: dates as texts, no inf."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return str(value)
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return str(value)
    return value


def alike(ours, theirs):
    """Dates are compared as moments would print; true is not 1."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(alike(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, str) and isinstance(theirs, str) and ours[:4].isdigit() and ours != theirs:
        return datetime.datetime.fromisoformat(ours) == datetime.datetime.fromisoformat(theirs)
    return ours == theirs or (ours in ("+inf", "+nan", "-nan") and theirs in ("inf", "nan"))


def text_only(value):
    """As yaml.BaseLoader has it: every scalar a text. Ours are compared by their text, so that looks do not matter."""
    if isinstance(value, dict):
        return {key: text_only(item) for key, item in value.items()}
    if isinstance(value, list):
        return [text_only(item) for item in value]
    if value in (None, "~", "null"):
        return ""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


class Unique(yaml.BaseLoader):
    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        if len(set(map(str, keys))) != len(keys):
            raise yaml.YAMLError("a key stands twice")
        return super().construct_mapping(node, deep)


def load_ini(document):
    parser = configparser.RawConfigParser(strict=True, allow_no_value=True, empty_lines_in_values=False, default_section="\0")
    parser.optionxform = str
    parser.read_string(document)
    return {name: dict(parser[name]) for name in parser.sections()}


def load_json(document):
    def unique(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    def refuse(word):
        raise ValueError(word)
    return json.loads(document, object_pairs_hook=unique, parse_constant=refuse)


def load_toml(document):
    return plain(tomllib.loads(document))


def load_yaml(document):
    return yaml.load(document, Loader=Unique)


WORDS = ["a", "b", "c", "d e", "\u00e9", "1", "true", "x-y"]
PIECES = {
    "json": ['{', '}', '[', ']', ',', ':', '"a"', '"b"', '"\\u00e9\\n"', '"\\ud83d\\ude00"', '1', '-0.5e+3', '01', 'true', 'null', ' ', '\n', '"x',
             '1.', 'nul', '{"a":1}', '[1,2]', '"c":'],
    "toml": ['a', 'b', '.', ' = ', '=', '1', '"x"', "'y'", '\n', '\n', '[a]\n', '[b]\n', '[[c]]\n', '[a.b]\n', '[c.d]\n', 'a = 1\n', 'b.c = 2\n', 'd = [1, 2]\n',
             'e = {f = 1}\n', 'g = """x\ny"""\n', '# z\n', '1979-05-27', '07:32:00', 'T', '[', ']', '{', '}', ',', '0x1F', '1_0', '+1.5', '\\', 'a.b = 1\n', "h = '''z'''\n",
             'i = 1979-05-27T07:32:00Z\n', '""""', 'inf'],
    "yaml": ['a:', 'b:', ' c:', '  d:', '- ', '-', '\n', '\n', '\n  ', '\n    ', ' ', 'x', 'y z', '"q"', "'r'", '[', ']', '{', '}', ', ', ': ', '# h', '|\n', '>\n', '>-\n',
             '|+\n', '1', 'e: f\n', '  g: h\n', '- i\n', '  - j\n', '"k\n  l"', '{m: n}', '[o, p]', '~', 'http://x', "''", '---\n', '...\n', '\\'],
    "ini": ['[a]\n', '[b]\n', '[c d]\n', 'x = 1\n', 'y: 2\n', 'z\n', '  more\n', '# c\n', '; d\n', '\n', 'w = a = b\n', 'v =\n', ' u = 3\n', 't = "q" ; e\n', '\t', ' ', '=', 'x'],
}
LOAD = {"json": load_json, "toml": load_toml, "yaml": load_yaml, "ini": load_ini}


def value(chance, depth=0):
    kind = chance.randrange(8 if depth < 3 else 6)
    if kind == 6:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 7:
        return {word: value(chance, depth + 1) for word in chance.sample(WORDS, chance.randrange(4))}
    return chance.choice(["", "text", "two words", "line\nbreak", "\u00e9\U0001f600\t\"'\\", "#x: y", " pad ", 1, -2.5, True, False, "on", "- x",
                          "a\n\n b\n", "0x1", "[", "{"])


def toml_value(item):
    if isinstance(item, dict):
        return "{" + ", ".join(f"{toml_value(key)} = {toml_value(part)}" for key, part in item.items()) + "}"
    if isinstance(item, list):
        return "[" + ",\n ".join(map(toml_value, item)) + "]"
    return json.dumps(item, ensure_ascii=False)


def written(word, chance):
    """A document that is right, and its value."""
    item = {name: value(chance) for name in chance.sample(WORDS, chance.randrange(5))}
    if word == "json":
        return json.dumps(item, ensure_ascii=chance.random() < .5, indent=chance.choice([None, 1, 4])), item
    if word == "toml":
        return "".join(f"{toml_value(key)} = {toml_value(part)}\n" for key, part in item.items()), item
    if word == "yaml":
        flow, width = chance.choice([(None, 9999), (False, 20), (True, 9999)])
        return yaml.safe_dump(item, allow_unicode=chance.random() < .5, width=width, default_flow_style=flow,
                              default_style=chance.choice([None, None, '"', "'", "|", ">"]) if chance.random() < .3 else None).replace("!!bool ", "") \
            .replace("!!int ", "").replace("!!float ", ""), item
    parser = configparser.RawConfigParser()
    parser.optionxform = str
    ini = {}
    for name in ["a", "b c"][: chance.randrange(3)]:
        ini[name] = {key: chance.choice(["", "x", "y\nz", "a = b"]) for key in "uvw"[: chance.randrange(4)]}
    parser.read_dict(ini)
    out = io.StringIO()
    parser.write(out)
    return out.getvalue(), ini


def compare(reader, word, document, expected=None):
    ours = reader(word, document)
    try:
        theirs = (LOAD[word](document),)
    except (configparser.MissingSectionHeaderError, configparser.DuplicateSectionError):
        return True  # keys before any section and sections in two pieces are read by us
    except (ValueError, yaml.YAMLError, configparser.Error, RecursionError, TypeError, AttributeError):
        theirs = None
    if word == "yaml":
        same = alike(text_only(ours[0]), text_only(theirs[0])) if ours and theirs else ours is None
    elif ours and theirs:
        same = alike(ours[0], theirs[0])
    else:
        same = (ours is None) == (theirs is None)
    if expected is not None and same:
        same = ours is not None and (alike(ours[0], expected) if word != "yaml" else text_only(ours[0]) == text_only(expected))
    if not same:
        sys.exit(f"{word}:\n{document}\nours:   {ours}\npython: {theirs}\nshould: {expected}\n{document!r}")
    return ours is not None


def main():
    reader = Reader(sys.argv[1])
    for word, pieces in PIECES.items():
        chance = random.Random(7)
        read = 0
        for _ in range(ROUNDS):
            read += compare(reader, word, *written(word, chance))
            read += compare(reader, word, "".join(chance.choice(pieces) for _ in range(chance.randrange(1, 10))))
        if read < ROUNDS:
            sys.exit(f"{word}: only {read} documents were readable")


if __name__ == "__main__":
    main()
