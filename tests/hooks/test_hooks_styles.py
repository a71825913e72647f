"""Every case in every style of linking: what it prints is the same with and without hooks, and every call is counted once.

A case hooks its symbols three times over, COUNT then ENTRY then CALL, unless it says otherwise.
"""

import subprocess

import pytest

import cells
import watch


# Their arguments do not all fit into registers.
ON_STACK = ("callee_twenty", "callee_23", "callee_variadic", "callee_add_wide", "callee_long", "snprintf")


def every(name, times, returns=None, words=None):
    """All kinds on one symbol, one behind the other; `returns` of the calls come back (all)."""
    more = "" if words is None else f",words={words}"
    returns = times if returns is None else returns
    specs = [(f"count:{name}", times), (f"entry:{name}", times), (f"call:{name}{more}", times, returns)]
    if name not in ON_STACK:
        specs.append((f"leave:{name},words=0,result", None, returns))
    return specs


PLUGIN = [("count:getppid", 10), ("entry:getppid", 10), ("count:callee_add", 10), ("call:callee_add", 10)]

# case: list of (spec, calls[, returns of a CALL])
CASES = {
    "integers": [*every("callee_add", 1), *every("callee_integers", 1)],
    "variadic": [*every("callee_variadic", 3), *every("snprintf", 2)],
    "structs": [*every("callee_big", 1), *every("callee_mixed", 1), *every("callee_reals", 1)],
    "floats": [*every("callee_long", 1), *every("callee_eight", 1), ("entry:callee_eight,floats", 1)],
    "many": [*every("callee_twenty", 1), ("call:callee_twenty,words=14", 1), *every("callee_23", 1, words=17)],
    "wide": [*every("callee_add_wide", 1), ("call:callee_add_wide,floats", 1), ("pass:callee_add_wide", 1, 0)],
    "variant": every("callee_variant", 1),
    "errno": [*every("callee_fail", 1), *every("callee_add", 1), *every("close", 1)],
    "recursion": every("callee_recurse", 101),
    "indirect": every("callee_indirect", 1),
    "versions": [("count:callee_versioned@OLD", 1), ("count:callee_versioned@NEW", 2), ("call:callee_versioned", 3),
                 ("entry:callee_versioned@NONE", 0)],
    "longjmp": [*every("callee_back", 3, returns=0), *every("callee_add", 1), ("count:longjmp", 3), ("entry:longjmp", 3),
                ("count:_setjmp", 3), ("entry:_setjmp", 3)],
    "signal": every("callee_add", None),
    "signal_longjmp": [("count:callee_add", None), ("entry:callee_add", None), ("call:callee_add", None, None),
                       ("count:siglongjmp", 200), ("entry:__sigsetjmp", 200)],
    "threads": every("callee_add", 400000),
    "thread_end": [*every("callee_back", 1, returns=0), ("count:pause", 1), ("call:pause", 1, 0), ("entry:pthread_exit", 1)],
    "coroutine": [*every("callee_add", 1), *every("callee_eight", 1), ("count:swapcontext", 3), ("entry:swapcontext", 3)],
    "moving_coroutine": [*every("callee_back", 1), *every("callee_fail", 1), ("entry:swapcontext", 3)],
    "small_stack": every("callee_add", 11),
    "misaligned": every("callee_add", 1),
    "fork": [*every("callee_add", 12), ("entry:fork", 1)],
    "raw_fork": every("callee_add", 40001),
    "many_threads": every("callee_add", 40000),
    "vfork": [*every("callee_add", 11), ("count:vfork", 1), ("entry:vfork", 1)],
    "address": every("callee_add", 4),
    "unaligned": every("callee_add", 1),
    "protection": every("callee_add", 1),
    "within": every("callee_add", 1),
    "throw": [*every("callee_back", 3, returns=0), *every("callee_add", 1), ("count:__cxa_throw", 3), ("entry:__cxa_throw", 3)],
    "throw_library": [("count:_ZSt24__throw_out_of_range_fmtPKcz", 1), ("entry:_ZSt24__throw_out_of_range_fmtPKcz", 1)],
    "load_lazy": PLUGIN,
    "load_now": PLUGIN,
    "load_global": PLUGIN,
    "load_twice": [("count:getppid", 20), ("call:callee_add", 20), ("count:plugin_run", 2)],
    "load_deep": [*PLUGIN, ("count:plugin_run", 1)],
    "load_whose": PLUGIN,
    "load_race": [("count:getppid", 2000), ("count:plugin_run", 200), ("call:callee_add", None, None)],
    "reload": [("count:getppid", 20), ("call:callee_add", 20), ("entry:plugin_run", 2)],
    "space": [("count:getppid", 20), ("entry:callee_add", 20), ("count:plugin_run", 2)],
    "space_errno": [("call:close", 1), ("count:close", 1)],
    "symbol": [("count:callee_add", None), ("call:callee_add", None)],
    "symbol_version": [("count:callee_versioned@OLD", 1), ("count:callee_versioned@NEW", 2), ("call:callee_versioned", 3)],
    "symbol_data": [("count:environ", 0), ("entry:environ", 0)],
    "runpath": [*PLUGIN, ("count:dlopen", 1), ("entry:dlopen", 1)],
    "own": [("count:fork", 1), ("entry:waitpid", 1), ("call:sigaction", 2), ("count:stat", 3), ("call:clock_gettime", 4),
            ("call:close", 5), ("entry:setsid", 1)],
    "filter": [("count:callee_add", 600), ("entry:callee_add", 600), ("call:callee_add,words=0", 600)],
}
# A library linked -Bsymbolic calls and names its own functions without a slot: such calls are not seen, and what it takes for
# the function's address is not what others take for it.
SYMBOLIC = {"within": (every("callee_add", 0), "done\n"), "address": (every("callee_add", 3), "0 1\ndone\n")}


def check(spec, seen, calls, returns=None):
    kind = spec.partition(":")[0]
    if calls is not None and kind != "leave":
        assert (seen.count if kind == "count" else seen.entries) == calls, f"{spec}: {seen}"
    if kind in ("call", "leave") and (returns or calls) is not None:
        assert seen.leaves == (calls if returns is None else returns), f"{spec}: {seen}"


def run_case(case, cell, tmp_path, foreign=False):
    program = cells.built(cell) / "cases"
    specs, printed = CASES[case], None
    if cell[1] == "symbolic":
        specs, printed = SYMBOLIC.get(case, (specs, None))
    done, seen = watch.run(tmp_path, [one[0] for one in specs], program, case, foreign=foreign)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == (printed or cells.plain(program, case, foreign))
    if done.stderr:  # how many there were
        specs = [(spec[0], int(done.stderr), int(done.stderr)) for spec in specs]
    for one, result in zip(specs, seen):
        check(one[0], result, *one[1:])


@pytest.mark.parametrize("cell", cells.CELLS, ids="-".join)
@pytest.mark.parametrize("case", CASES)
def test_case(case, cell, tmp_path):
    run_case(case, cell, tmp_path)


@pytest.mark.parametrize("cell", [cell for cell in cells.RELR_CELLS if cell not in cells.CELLS], ids="-".join)
def test_packed_relocations_change_nothing(cell, tmp_path):
    for part in ("plugin.so", "libcallee.so", *([] if cell[1] == "relr-nopie" else ["cases"])):
        tags = subprocess.run(["readelf", "-dW", cells.built(cell) / part], capture_output=True, text=True, check=True).stdout
        assert "(RELR)" in tags, part
    for case in ("integers", "address", "unaligned", "load_lazy"):
        run_case(case, cell, tmp_path)


@pytest.mark.parametrize("cell", cells.CELLS, ids="-".join)
def test_a_routine_sees_arguments_and_results(cell, tmp_path):
    program = cells.built(cell) / "cases"
    _, seen = watch.run(tmp_path, ["call:callee_add", "entry:callee_eight,floats", "call:callee_fail"], program, "integers")
    assert (seen[0].integer[:2], seen[0].result) == ((2, 3), 5)
    _, seen = watch.run(tmp_path, ["call:callee_eight,floats"], program, "floats")
    assert seen[0].floating == (1, 2, 3, 4, 5, 6, 7, 8)
    _, seen = watch.run(tmp_path, ["call:callee_fail", "call:callee_twenty,words=14"], program, "errno")
    assert (seen[0].integer[0], seen[0].result & 0xFFFFFFFF, seen[0].error) == (17, 0xFFFFFFFF, 17)
    _, seen = watch.run(tmp_path, ["call:callee_twenty,words=14", "entry:callee_twenty,words=14"], program, "many")
    in_registers = sum(1 for place, value in enumerate(seen[0].integer, 1) if value == place)
    for one in seen:
        assert one.integer[:in_registers] == tuple(range(1, in_registers + 1))
        assert one.stack == tuple(range(one.stack[0], one.stack[0] + 8))
        assert one.stack[0] in (7, 9)


def test_every_case_is_in_the_table():
    listed = subprocess.run([cells.built(cells.CELLS[0]) / "cases"], capture_output=True, text=True, check=True).stdout
    assert set(listed.split()) == set(CASES)
