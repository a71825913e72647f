"""The cases on aarch64: cross-built, run by qemu."""

import os
import subprocess

import pytest

import cells
import test_hooks_styles as styles
import watch

# qemu's user mode has no filters of system calls, and its vfork is a fork.
NOT_THERE = {"filter", "vfork", "variant"}


@pytest.fixture(autouse=True, scope="module")
def library():
    cells.make_foreign("watch.so")


@pytest.mark.parametrize("cell", cells.FOREIGN_CELLS, ids="-".join)
@pytest.mark.parametrize("case", sorted(set(styles.CASES) - NOT_THERE))
def test_case(case, cell, tmp_path):
    styles.run_case(case, cell, tmp_path, foreign=True)


def test_a_function_with_a_convention_of_its_own_is_left_alone(tmp_path):
    """Its arguments may be registers that the stubs do not keep."""
    program = cells.built((cells.FOREIGN, "lazy", "bfd")) / "cases"
    done, seen = watch.run(tmp_path, ["count:callee_variant", "call:callee_variant"], program, "variant", foreign=True)
    assert done.returncode == 0, done.stdout
    for one in seen:
        assert (one.count, one.entries, one.found["DIVERTED"]) == (0, 0, 0)
        assert one.found["CONVENTION"] > 0


def test_the_library_links_and_asks_libc_for_no_more_than_it_may():
    cells.make_foreign("libbookend.so")
    done = subprocess.run([watch.ROOT / "tests/lint/elf.py", "libbookend.so"], capture_output=True, text=True, check=False,
                          env={**os.environ, "BOOKEND_BUILD": str(watch.FOREIGN)})
    assert (done.returncode, done.stdout) == (0, "")


def test_a_routine_sees_arguments_and_results(tmp_path):
    program = cells.built((cells.FOREIGN, "lazy", "bfd")) / "cases"
    _, seen = watch.run(tmp_path, ["call:callee_add", "entry:callee_eight,floats"], program, "integers", foreign=True)
    assert (seen[0].integer[:2], seen[0].result) == ((2, 3), 5)
    _, seen = watch.run(tmp_path, ["call:callee_eight,floats"], program, "floats", foreign=True)
    assert seen[0].floating == (1, 2, 3, 4, 5, 6, 7, 8)
    _, seen = watch.run(tmp_path, ["call:callee_twenty,words=14"], program, "many", foreign=True)
    assert seen[0].stack == tuple(range(9, 17))


UNITS = ("symbol", "tables", "names", "calls_compile", "calls_run", "calls_value", "measures", "ring", "string", "handover")


@pytest.mark.parametrize("name", UNITS)
def test_unit(name):
    """The unit tests of hooked calls; what an emulator can not do they skip one by one."""
    lacking = cells.foreign_packages()
    if lacking:
        pytest.skip(f"no cmocka for {cells.FOREIGN}: {lacking}")
    target = f"far/tests/unit/test_{name}"
    cells.make_foreign(target)
    done = subprocess.run(watch.on_foreign([watch.FOREIGN / target]), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[       OK ]" in done.stdout
