"""Builds the case programs in every style of linking: a cell is a compiler, a style and a linker, in a folder of its own."""

import fcntl
import functools
import pathlib
import shutil
import subprocess

import rewrite
import watch

SOURCES = pathlib.Path(__file__).resolve().parent / "cases"
FOREIGN = "aarch64"
COMPILERS = {"gcc": ("gcc", "g++"), "clang": ("clang", "clang++"), FOREIGN: ("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-g++")}
LINKERS = ("bfd", "gold", "lld", "mold")
# style: flags of code in the program, of code in libraries beside -fPIC, of links
STYLES = {
    "lazy": ("-fPIE", "", "-pie -Wl,-z,lazy,-z,relro"),
    "now": ("-fPIE", "", "-pie -Wl,-z,now,-z,relro"),
    "noplt": ("-fPIE -fno-plt", "-fno-plt", "-pie -Wl,-z,now,-z,relro"),
    "nopie": ("-fno-pie", "", "-no-pie -Wl,-z,lazy,-z,relro"),
}
# Relative relocations packed (DT_RELR), which gold can not do. For glibc such an object has to ask for a version of libc, as of bfd alone
# they do: rewrite.py does it for the others.
RELR = {"bfd": "-Wl,-z,pack-relative-relocs", "lld": "-Wl,--pack-dyn-relocs=relr", "mold": "-Wl,-z,pack-relative-relocs"}
RELR_STYLES = {f"relr-{name}": style for name, style in STYLES.items()}
# Of gcc alone, and only where the linker knows it.
MORE = {
    "oldhash": ("-fPIE", "", "-pie -Wl,-z,lazy,--hash-style=sysv", LINKERS),
    "norelro": ("-fPIE", "", "-pie -Wl,-z,lazy,-z,norelro", ("bfd",)),
    "symbolic": ("-fPIE", "", "-pie -Wl,-Bsymbolic,-z,lazy", ("bfd",)),
    "branches": ("-fPIE -fcf-protection", "-fcf-protection", "-pie -Wl,-z,lazy,-z,ibtplt", ("bfd",)),
}
CELLS = [(compiler, style, linker) for compiler in ("gcc", "clang") for style in STYLES for linker in LINKERS]
CELLS += [("gcc", style, linker) for style, more in MORE.items() for linker in more[3]]
RELR_CELLS = [(compiler, style, linker) for compiler in ("gcc", "clang") for style in RELR_STYLES for linker in RELR]
CELLS += [("gcc", "relr-lazy", linker) for linker in RELR]
FOREIGN_MORE = {"signed": ("-fPIE -mbranch-protection=standard", "-mbranch-protection=standard", "-pie -Wl,-z,lazy")}
FOREIGN_CELLS = [(FOREIGN, style, "bfd") for style in [*STYLES, *FOREIGN_MORE]]
ALL_STYLES = {**STYLES, **RELR_STYLES, **MORE, **FOREIGN_MORE}
PROGRAM = ("cases.c", "arguments.c", "control.c", "address.c", "load.c", "filter.c", "own.c", "exceptions.cc")


def call(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stderr}"


def has_avx():
    return " avx " in pathlib.Path("/proc/cpuinfo").read_text()


def compile_one(folder, compiler, flags, source):
    """The object, compiled once for all cells with the same flags."""
    c, cxx = COMPILERS[compiler]
    target = folder / f"{compiler}{flags.replace(' ', '')}-{source}.o"
    if not target.exists():
        wide = ["-mavx"] if source in ("arguments.c", "callee.c") and compiler != FOREIGN and has_avx() else []
        call(cxx if source.endswith(".cc") else c, "-O1", "-D_GNU_SOURCE", "-fexceptions", *wide, *flags.split(), "-c",
             SOURCES / source, "-o", target)
    return target


def relr_marks(objects, cell, flags):
    """What links of an object with DT_RELR get, if rewrite.py is to go over it."""
    if cell[1] not in RELR_STYLES or cell[2] == "bfd":
        return ()
    return (compile_one(objects, cell[0], flags, "relr.c"), f"-Wl,-rpath,{rewrite.RELR_VERSION}")


def link_all(objects, cell, folder, styles):
    compiler, style, linker = cell
    _, library_flags, link_flags = styles[:3]
    library_flags = f"-fPIC {library_flags}".strip()
    c = COMPILERS[compiler][0]
    with_linker = [f"-fuse-ld={linker}", *([RELR[linker]] if style in RELR_STYLES else [])]
    shared = [flag for flag in link_flags.split() if flag not in ("-pie", "-no-pie")]
    marks = relr_marks(objects, cell, library_flags)

    def library(name, source, *more):
        call(c, *with_linker, "-shared", *shared, f"-Wl,-soname,{pathlib.Path(name).name}", "-o", folder / name,
             compile_one(objects, compiler, library_flags, source), *more, *marks)
        if marks:
            rewrite.declare_relr(folder / name)

    library("libcallee.so", "callee.c", f"-Wl,--version-script={SOURCES / 'callee.map'}")
    with_callee = (f"-L{folder}", "-lcallee", "-Wl,-rpath,$ORIGIN")
    library("plugin.so", "plugin.c", *with_callee)
    (folder / "beside").mkdir()
    library("beside/only_by_runpath.so", "plugin.c", *with_callee)
    shutil.copy(folder / "plugin.so", folder / "other.so")
    library("interposer.so", "interposer.c", "-Wl,-z,initfirst")
    link_program(objects, cell, folder, styles, "cases")


def link_program(objects, cell, folder, styles, name, origin="$ORIGIN"):
    """The program, which finds its libraries in that place."""
    compiler, style, linker = cell
    program_flags, _, link_flags = styles[:3]
    marks = relr_marks(objects, cell, program_flags)
    call(COMPILERS[compiler][1], f"-fuse-ld={linker}", *([RELR[linker]] if style in RELR_STYLES else []), *link_flags.split(), "-rdynamic",
         "-o", folder / name, *(compile_one(objects, compiler, program_flags, source) for source in PROGRAM),
         f"-L{folder}", "-lcallee", f"-Wl,-rpath,{origin}", f"-Wl,-rpath,{origin}/beside", "-Wl,--enable-new-dtags", "-ldl", "-lpthread", *marks)
    if marks:
        rewrite.declare_relr(folder / name)


def linked_for(cell, folder):
    """A program of its own in a folder that holds copies of a cell's libraries, by its full path: setuid programs do without $ORIGIN."""
    for part in built(cell).glob("*.so"):
        shutil.copy(part, folder)
    link_program(watch.BUILD / "hooks-cases/objects", cell, folder, ALL_STYLES[cell[1]], "program", folder)
    return folder / "program"


def built(cell):
    """The folder of a cell; it is built when it is missing or older than its sources."""
    top = watch.BUILD / "hooks-cases"
    top.mkdir(parents=True, exist_ok=True)
    newest = max(p.stat().st_mtime for p in [*SOURCES.iterdir(), pathlib.Path(__file__)])
    with open(top / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = top / "stamp"
        if not stamp.exists() or stamp.stat().st_mtime < newest:
            for old in top.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            stamp.touch()
        folder, objects = top / "-".join(cell), top / "objects"
        objects.mkdir(exist_ok=True)
        if not (folder / "cases").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            link_all(objects, cell, folder, ALL_STYLES[cell[1]])
    return folder


def make(*targets):
    """The finished make of parts of the product for the other machine."""
    with open(watch.BUILD / "foreign.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return subprocess.run(["make", "-s", "-j2", "-C", watch.ROOT, f"CC={COMPILERS[FOREIGN][0]}", f"B={watch.FOREIGN}",
                               *(f"{watch.FOREIGN}/{target}" for target in targets)], capture_output=True, text=True, check=False)


@functools.lru_cache(None)
def make_foreign(*targets):
    done = make(*targets)
    assert done.returncode == 0, done.stderr


@functools.lru_cache(None)
def foreign_packages():
    """What unit tests for the other machine are linked with: None when it is there, or why it can not be had."""
    done = make("packages")
    told = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    return None if done.returncode == 0 else (told or ["it is not told why"])[-1]


@functools.lru_cache(None)
def plain(program, case, foreign=False):
    """What the case prints without hooks."""
    command = watch.on_foreign([program, case]) if foreign else [program, case]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


if __name__ == "__main__":
    for one in CELLS:
        built(one)
