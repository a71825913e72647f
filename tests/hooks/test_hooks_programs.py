"""Programs of the system with hooked calls: same output, same exit, and what was called is counted."""

import os
import pathlib
import shutil
import subprocess
import tempfile

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
    command = ("/usr/bin/python3", "-c", "import os; [os.getppid() for _ in range(100)]\n"
               "try: os.close(77)\nexcept OSError as error: raise SystemExit(str(error))")
    done, seen = watch.run(tmp_path, ["count:getppid", "entry:getppid", "call:close", "count:setlocale"], *command)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "[Errno 9] Bad file descriptor")
    assert (seen[0].count, seen[1].entries) == (100, 100)
    assert (seen[2].integer[0], seen[2].result & 0xFFFFFFFF, seen[2].error) == (77, 0xFFFFFFFF, 9)
    assert seen[3].count > 0
    assert all(one.found["DIVERTED"] >= 1 and one.found["DEFINED"] >= 1 for one in seen)


# A library linked -Bsymbolic calls its own functions without a slot.
@pytest.mark.parametrize("cell", [cell for cell in cells.CELLS if cell[1] != "symbolic"], ids="-".join)
def test_only_calls_of_one_object_are_seen(cell, tmp_path):
    folder = cells.built(cell)
    specs = ["count:callee_add", "count:callee_add,in=libcallee.so", "count:callee_add,in=cases", "count:callee_add,in=none"]
    _, seen = watch.run(tmp_path, specs, folder / "cases", "within")
    # Not position independent, the program may have the one slot for all.
    by_program = seen[2].count if cell[1] == "nopie" and cell[2] in ("bfd", "mold") else 0
    assert [one.count for one in seen] == [1, 1 - by_program, by_program, 0]
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


@pytest.fixture
def folder_for_all():
    """A folder that every user can reach."""
    with tempfile.TemporaryDirectory(prefix="bookend-hooks-") as path:
        folder = pathlib.Path(path)
        folder.chmod(0o755)
        if os.statvfs(folder).f_flag & os.ST_NOSUID:
            pytest.skip(f"no setuid programs on the file system of {folder}")
        yield folder


@pytest.mark.parametrize("cell", cells.CELLS, ids="-".join)
def test_a_program_with_more_rights_is_left_alone(cell, folder_for_all):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    program = cells.linked_for(cell, folder_for_all)
    library = shutil.copy(watch.LIBRARY, folder_for_all)
    command = ("/usr/bin/setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/env", f"LD_PRELOAD={library}", program, "integers")
    os.chown(program, 1, 1)
    for mode, loaded in ((0o755, True), (0o4755, False)):
        program.chmod(mode)
        (folder_for_all / "watched").touch()
        os.chown(folder_for_all / "watched", 65534, 0)
        done, [seen] = watch.run(folder_for_all, ["count:callee_add"], *command, env={"LD_PRELOAD": ""}, loaded=loaded)
        assert (done.returncode, done.stdout, done.stderr) == (0, cells.plain(program, "integers"), "")
        assert seen.count == loaded
