"""What a report says of symbols; and of a host that forbids itself system calls."""

import shutil
import struct
import subprocess

import cells
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


def sections(path):
    """name → (address, offset, size)"""
    table = {}
    out = subprocess.run(["readelf", "-SW", path], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        words = line.replace("[ ", "[").split()
        if len(words) > 6 and words[0].startswith("[") and words[0] != "[Nr]":
            table[words[1]] = tuple(int(word, 16) for word in words[3:6])
    return table


def rewrite_plt(path):
    """As ld.so does with plt_rewrite, and binutils' -z mark-plt: direct jumps, whose places are the relocations' addends."""
    data = bytearray(path.read_bytes())
    table = sections(path)
    plt, rela, dynamic = table[".plt"], table[".rela.plt"], table[".dynamic"]
    for i in range(rela[2] // 24):
        entry = plt[1] + 16 * (i + 1)
        data[entry:entry + 5] = b"\xe9" + struct.pack("<i", 0)
        struct.pack_into("<q", data, rela[1] + 24 * i + 16, plt[0] + 16 * (i + 1))
    for at in range(dynamic[1], dynamic[1] + dynamic[2] - 32, 16):
        if struct.unpack_from("<q", data, at)[0] == 0:
            struct.pack_into("<qQ", data, at, 0x70000000, plt[0])
            break
    path.write_bytes(data)


def test_rewritten_plts_are_told(tmp_path):
    for part in cells.built(("gcc", "now", "bfd")).iterdir():
        if part.is_file():
            shutil.copy(part, tmp_path / part.name)
    rewrite_plt(tmp_path / "libcallee.so")
    specs = ["count:__errno_location,in=libcallee.so", "count:__errno_location,in=cases"]
    inside, outside = found(tmp_path, specs, tmp_path / "cases", "integers")
    assert inside["REWRITTEN"] == 1
    assert outside["DIVERTED"] >= 1 and "REWRITTEN" not in outside


def test_a_confined_host_sees_no_system_call(tmp_path):
    program = cells.built(("gcc", "lazy", "bfd")) / "cases"
    done, seen = watch.run(tmp_path, ["call:callee_add"], program, "filter", env={"WATCH_CONFINE": "1"})
    assert (done.returncode, seen[0].leaves) == (0, 600)
    done, _ = watch.run(tmp_path, ["call:callee_add"], program, "filter")
    assert done.returncode == -31, "it would have died of ours otherwise"


def test_a_confined_host_that_loads_goes_on(tmp_path):
    for case in ("load_lazy", "reload", "symbol", "load_race", "space"):
        program = cells.built(("gcc", "lazy", "bfd")) / "cases"
        done, _ = watch.run(tmp_path, ["call:callee_add", "count:plugin_run"], program, case, env={"WATCH_CONFINE": "1"})
        assert (done.returncode, done.stdout) == (0, cells.plain(program, case))
