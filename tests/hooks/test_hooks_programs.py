"""Programs of the system with hooked calls: same output, same exit, and what was called is counted."""

import os
import pathlib
import shutil
import subprocess

import pytest

import cells
import watch

HOT = ("malloc free calloc realloc memcpy memset strlen strcmp strchr read write open64 close fstat mmap munmap getenv "
       "pthread_mutex_lock pthread_mutex_unlock clock_gettime qsort snprintf").split()
PROGRAMS = {
    "ls": ["/bin/ls", "-la", "/usr/share/doc/bash"],
    "git": ["/usr/bin/git", "-C", "REPOSITORY", "log", "--stat"],
    "python3": ["/usr/bin/python3", "-c", "import json, re, hashlib, decimal, sqlite3; print(json.dumps({'a': [1.5, 2]}))"],
    "perl": ["/usr/bin/perl", "-MPOSIX", "-MData::Dumper", "-e", "print floor(2.5), Dumper({1 => [2, 3]}); exit 3"],
    "node": ["/usr/bin/node", "-e", "console.log(JSON.stringify([1.5, 'x'.repeat(10)])); process.exitCode = 4"],
    "gdb": ["/usr/bin/gdb", "-nx", "-batch", "-ex", "print 1.5 * 2", "-ex", "python print(6 * 7)"],
    "gcc": ["/usr/bin/gcc", "-S", "-o", "-", "SOURCE"],
}


def plain(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
                          env={"PATH": os.environ["PATH"], **more})


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    (folder / "source.c").write_text("int main(void) { return 0; }\n")
    git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "source.c"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    return {"REPOSITORY": folder, "SOURCE": folder / "source.c"}


@pytest.mark.parametrize("name", PROGRAMS)
def test_hot_symbols_are_hooked_and_nothing_changes(name, places, tmp_path):
    command = [places.get(word, word) for word in PROGRAMS[name]]
    if not pathlib.Path(command[0]).exists():
        pytest.skip("not installed")
    expected = plain(*command)
    for kinds in (["count"], ["entry"], ["call"]):
        specs = [f"{kind}:{symbol}" for kind in kinds for symbol in HOT]
        done, seen = watch.run(tmp_path, specs, *command)
        assert (done.returncode, done.stdout, done.stderr) == (expected.returncode, expected.stdout, expected.stderr)
        assert sum(one.count + one.entries for one in seen) > 100
        assert all(one.leaves == one.entries for spec, one in zip(specs, seen) if spec.startswith("call"))


def test_calls_of_all_kinds_are_seen(tmp_path):
    command = ("/usr/bin/python3", "-c", "import os; [os.getppid() for _ in range(100)]; os.close(77)")
    done, seen = watch.run(tmp_path, ["count:getppid", "entry:getppid", "call:close", "count:setlocale"], *command)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "OSError: [Errno 9] Bad file descriptor")
    assert (seen[0].count, seen[1].entries) == (100, 100)
    assert (seen[2].integer[0], seen[2].result & 0xFFFFFFFF, seen[2].error) == (77, 0xFFFFFFFF, 9)
    assert seen[3].count > 0
    assert all(one.found["DIVERTED"] >= 1 and one.found["DEFINED"] >= 1 for one in seen)


def test_only_calls_of_one_object_are_seen(tmp_path):
    folder = cells.built(("gcc", "lazy", "bfd"))
    specs = ["count:callee_add", "count:callee_add,in=libcallee.so", "count:callee_add,in=cases", "count:callee_add,in=none"]
    _, seen = watch.run(tmp_path, specs, folder / "cases", "within")
    assert [one.count for one in seen] == [1, 1, 0, 0]
    _, seen = watch.run(tmp_path, specs, folder / "cases", "integers")
    assert [one.count for one in seen] == [1, 0, 1, 0]


@pytest.mark.parametrize("cell", cells.CELLS, ids="-".join)
@pytest.mark.parametrize("order", ("before", "behind"))
def test_another_preloaded_library_goes_on_working(order, cell, tmp_path):
    """It interposes getppid, which the plugin calls; and of two libraries that ask to be initialised first one is not."""
    folder = cells.built(cell)
    preload = [folder / "interposer.so", watch.LIBRARY]
    expected = plain(folder / "cases", "load_lazy", LD_PRELOAD=str(preload[0]))
    preload = preload if order == "before" else preload[::-1]
    done, seen = watch.run(tmp_path, ["count:getppid", "call:getppid", "call:callee_add"], folder / "cases", "load_lazy",
                           env={"LD_PRELOAD": " ".join(map(str, preload))})
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "interposed 11\n")
    assert (expected.returncode, expected.stdout, expected.stderr) == (0, done.stdout, done.stderr)
    assert seen[0].count in (10, 11) and seen[1].result == 4711  # its constructor calls, too
    assert seen[2].leaves == 10


@pytest.mark.parametrize("cell", cells.CELLS, ids="-".join)
def test_a_program_with_more_rights_is_left_alone(cell, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    tmp_path.chmod(0o755)
    for part in cells.built(cell).iterdir():
        if part.is_file():
            shutil.copy(part, tmp_path / part.name)
    program = tmp_path / "cases"
    os.chown(program, 1, 1)
    program.chmod(0o4755)
    with pytest.raises(AssertionError, match="watch.so was not loaded"):
        watch.run(tmp_path, ["count:callee_add"], "/usr/bin/setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/env",
                  f"LD_PRELOAD={watch.LIBRARY}", program, "integers", env={"LD_PRELOAD": ""})
