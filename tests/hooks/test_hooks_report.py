"""What a report says of symbols; and of a host that forbids itself system calls."""

import shutil

import pytest

import cells
import rewrite
import watch


def found(tmp_path, specs, program, case, **more):
    done, seen = watch.run(tmp_path, specs, program, case, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return [{outcome: count for outcome, count in one.found.items() if count} for one in seen]


def test_it_tells_what_is_defined_and_diverted(tmp_path):
    folder = cells.built(("gcc", "lazy", "bfd"))
    specs = ["count:callee_add", "count:callee_add@OLD", "count:callee_versioned@OLD", "count:plugin_whose", "count:nobody",
             "count:handler", "count:callee_back,in=plugin.so", "count:environ"]
    imported, no_version, old, own, nobody, static, elsewhere, data = found(tmp_path, specs, folder / "cases", "integers")
    assert imported == {"DEFINED": 1, "DIVERTED": 4}  # two of them addresses in data
    assert no_version == {}
    assert old == {"DEFINED": 1, "DIVERTED": 1}
    assert own == {"DEFINED": 1}  # by the program, which nobody imports it from
    assert nobody == static == {}
    assert elsewhere == {"DEFINED": 1}
    assert "DIVERTED" not in data


def test_a_program_that_is_not_position_independent_has_one_slot_for_all(tmp_path):
    folder = cells.built(("gcc", "nopie", "bfd"))
    [one] = found(tmp_path, ["count:callee_add"], folder / "cases", "integers")
    assert one["DIVERTED"] == 1
    assert one["BY_PROGRAM"] == 1  # the library's


REWRITTEN = [cell for cell in cells.CELLS if "noplt" not in cell[1]]  # there is no PLT to call through


@pytest.fixture(params=REWRITTEN, ids="-".join)
def rewritten(request, tmp_path):
    """A copy of a cell, in which the library's calls of __errno_location are direct ones."""
    shutil.copytree(cells.built(request.param), tmp_path / "cell")
    rewrite.rewrite_plt(tmp_path / "cell/libcallee.so", "__errno_location")
    return tmp_path / "cell"


def test_rewritten_plts_are_told(rewritten, tmp_path):
    specs = ["count:__errno_location,in=libcallee.so", "count:__errno_location,in=cases"]
    inside, outside = found(tmp_path, specs, rewritten / "cases", "integers")
    assert inside["REWRITTEN"] == 1
    assert outside["DIVERTED"] >= 1 and "REWRITTEN" not in outside


@pytest.mark.parametrize("cell", cells.CELLS, ids="-".join)
def test_a_confined_host_sees_no_system_call(cell, tmp_path):
    program = cells.built(cell) / "cases"
    done, seen = watch.run(tmp_path, ["call:callee_add"], program, "filter", env={"WATCH_CONFINE": "1"})
    assert (done.returncode, seen[0].leaves) == (0, 600)
    done, _ = watch.run(tmp_path, ["call:callee_add"], program, "filter")
    assert done.returncode == -31, "it would have died of ours otherwise"


def test_a_confined_host_that_loads_goes_on(tmp_path):
    for case in ("load_lazy", "reload", "symbol", "load_race", "space"):
        program = cells.built(("gcc", "lazy", "bfd")) / "cases"
        done, _ = watch.run(tmp_path, ["call:callee_add", "count:plugin_run"], program, case, env={"WATCH_CONFINE": "1"})
        assert (done.returncode, done.stdout) == (0, cells.plain(program, case))
