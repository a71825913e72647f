"""`bookend doctor --hooks` of functions that an object keeps to itself: static, hidden, not exported; in every linker's tables."""

import json
import shutil

import pytest

import cells

LIBRARY = """
#define OUTSIDE __attribute__((noinline, noclone))
static OUTSIDE int lib_static(int a) { return a + (int)(long)__builtin_return_address(0); }
__attribute__((visibility("hidden"))) OUTSIDE int lib_hidden(int a) { return lib_static(a) + 1; }
OUTSIDE int lib_local(int a) { return lib_hidden(a) + 2; }
int lib_out(int a) { return lib_local(a) + 3; }
int lib_data[4];
"""
PROGRAM = """
#include <dlfcn.h>
#define OUTSIDE __attribute__((noinline, noclone))
int lib_out(int a);
static OUTSIDE int own_static(int a) { return a + (int)(long)__builtin_return_address(0); }
static OUTSIDE int wordexp(int a) { return own_static(a) + 1; }
__attribute__((visibility("hidden"))) OUTSIDE int own_hidden(int a) { return wordexp(a) + 2; }
OUTSIDE int own_plain(int a) { return own_hidden(a) + 3; }
int main(int argc, char **argv)
{
	int *(*here)(void);
	(void)argc;
	here = dlsym(dlopen(argv[1], RTLD_NOW), "plugin_out");
	return here && own_plain(lib_out(0)) == 0;
}
"""
PLUGIN = """
static __attribute__((noinline, noclone)) int plugin_static(int a) { return a + (int)(long)__builtin_return_address(0); }
int plugin_out(int a) { return plugin_static(a); }
"""
POLICY = """bookend: 1
destinations: {{ out: {{ format: ndjson, url: "file:/nonexistent/events.ndjson" }} }}
services:
  app:
    match: {{ exe: program }}
    sender: later
    consent: [ allow: always ]
    to: [out]
    measures:
      calls: {{ call: [{names}], count: calls }}
    events: {{ ended: {{ when: stop, properties: {{ n: "${{measure.calls}}" }} }} }}
"""
NAMES = ("own_static", "own_hidden", "own_plain", "wordexp", "lib_static", "lib_hidden", "lib_local", "lib_out", "lib_out@NONE",
         "lib_data", "plugin_static", "no_such_function")
STATIC, INTERNAL = "static: its calls go through no slot", "internal to its object: its calls go through no slot"
NOT_THERE = "nothing diverted: no loaded object has a function of that name for others; it is static, or not there"
# A program's function that nobody imports is local in mold's tables; so is one of `local:` in all but bfd's.
AS_STATIC = {"bfd": (), "gold": ("lib_local",), "lld": ("lib_local",), "mold": ("lib_local", "own_plain")}


def build(folder, linker):
    for name, text in (("library", LIBRARY), ("program", PROGRAM), ("plugin", PLUGIN)):
        (folder / f"{name}.c").write_text(text)
    (folder / "library.map").write_text("LIB_1 { global: lib_out; lib_data; local: *; };\n")
    gcc = ("gcc", "-O1", "-D_GNU_SOURCE", "-fPIC", f"-fuse-ld={linker}")
    cells.call(*gcc, "-shared", "-o", folder / "plugin.so", folder / "plugin.c")
    cells.call(*gcc, "-shared", f"-Wl,--version-script={folder}/library.map", "-o", folder / "liblibrary.so", folder / "library.c")
    cells.call(*gcc, "-o", folder / "program", folder / "program.c", f"-L{folder}", "-llibrary", "-Wl,-rpath,$ORIGIN")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """built(linker): the folder; made once."""
    made = {}

    def make(linker):
        if linker not in made:
            made[linker] = tmp_path_factory.mktemp(linker)
            build(made[linker], linker)
        return made[linker]

    return make


@pytest.fixture
def told(run, bookend, env, policy):
    """told(folder, *names): {symbol: {outcome: object}} of the program in it."""
    def ask(folder, *names):
        file = policy(POLICY.format(names=", ".join(names)))
        done = run(bookend.tool, "doctor", "--hooks", "--json", "--", folder / "program", folder / "plugin.so",
                   env={**env, "BOOKEND_SERVICE": "app", "BOOKEND_POLICY": str(file)})
        assert done.returncode == 0, done.stderr
        table = {}
        for row in json.loads(done.stdout)["hooks"]:
            table.setdefault(row["symbol"], {})[row["outcome"]] = row["object"].rsplit("/", 1)[-1]
        return table

    return ask


@pytest.mark.parametrize("linker", cells.LINKERS)
def test_what_an_object_keeps_to_itself_is_told(linker, built, told):
    table = told(built(linker), *NAMES)
    for name in ("own_static", "lib_static", "plugin_static", "own_hidden", "own_plain", "lib_hidden", "lib_local"):
        place = {"own": "program", "lib": "liblibrary.so", "plugin": "plugin.so"}[name.partition("_")[0]]
        static = name.endswith("_static") or name in AS_STATIC[linker]
        assert table[name] == {STATIC if static else INTERNAL: place}
    assert (table["lib_out@LIB_1"], table["lib_out"]) == ({"defined": "liblibrary.so"}, {"diverted": "program"})
    assert table["lib_out@NONE"] == table["lib_data"] == table["no_such_function"] == {NOT_THERE: ""}
    # Known of libc, and of the program: that is its own function.
    assert len(table["wordexp"]) == 2 and table["wordexp"][STATIC] == "program"


def test_of_stripped_objects_nothing_is_told(built, told, tmp_path):
    for part in built("bfd").iterdir():
        shutil.copy(part, tmp_path / part.name)
    for name in ("program", "liblibrary.so", "plugin.so"):
        cells.call("strip", tmp_path / name)
    table = told(tmp_path, *NAMES)
    for name in ("own_static", "own_hidden", "own_plain", "lib_static", "lib_hidden", "lib_local", "plugin_static"):
        assert table[name] == {NOT_THERE: ""}
    assert STATIC not in table["wordexp"]


def test_what_the_compiler_made_of_a_static_function_is_it(told, tmp_path):
    build(tmp_path, "bfd")
    cells.call("objcopy", "--redefine-sym", "own_static=own_static.constprop.0", tmp_path / "program")
    table = told(tmp_path, "own_static", "own_stat", "lib_out")
    assert (table["own_static"], table["own_stat"]) == ({STATIC: "program"}, {NOT_THERE: ""})


def test_a_table_that_lies_is_not_believed(told, tmp_path):
    """The section headers, of no use to the loader, name a table beyond the file."""
    build(tmp_path, "bfd")
    data = bytearray((tmp_path / "program").read_bytes())
    at = int.from_bytes(data[0x28:0x30], "little")
    for section in range(at, len(data), 64):
        if data[section + 4] == 2:  # SHT_SYMTAB
            data[section + 32:section + 40] = (1 << 62).to_bytes(8, "little")
    (tmp_path / "program").write_bytes(data)
    table = told(tmp_path, "own_static", "lib_static", "lib_out")
    assert (table["own_static"], table["lib_static"]) == ({NOT_THERE: ""}, {STATIC: "liblibrary.so"})
