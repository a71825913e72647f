"""What newer linkers and loaders than this machine's write into objects, put there by hand."""

import pathlib
import struct
import subprocess

RELR_VERSION = "GLIBC_ABI_DT_RELR"  # of libc: objects with DT_RELR have to ask for it
SPARE_VERSION = "GLIBC_2.25"  # of getentropy; see cases/relr.c
PLT_TAG, FINI_TAG = 0x70000000, 13
JUMP_SLOT = 7
ENDBR64 = b"\xf3\x0f\x1e\xfa"


def sections(path):
    """name → (address, offset, size)"""
    table = {}
    out = subprocess.run(["readelf", "-SW", path], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        words = line.replace("[ ", "[").split()
        if len(words) > 6 and words[0].startswith("[") and words[0] != "[Nr]":
            table[words[1]] = tuple(int(word, 16) for word in words[3:6])
    return table


def hash_of(name):
    """System V gABI, chapter 5."""
    value = 0
    for letter in name.encode():
        value = (value << 4) + letter
        value = (value ^ (value >> 24 & 0xF0)) & 0x0FFFFFFF
    return value


def declare_relr(path):
    """As lld 15 and later releases of mold do. RELR_VERSION's name is part of the run path; SPARE_VERSION's entry becomes its."""
    data = bytearray(pathlib.Path(path).read_bytes())
    table = sections(path)
    names, needs, versions = table[".dynstr"], table[".gnu.version_r"], table[".gnu.version"]
    text = bytes(data[names[1]:names[1] + names[2]])
    for at in range(needs[1], needs[1] + needs[2], 16):  # needs and their versions are of one size
        value, _, index, name = struct.unpack_from("<IHHI", data, at)
        if value == hash_of(SPARE_VERSION) and text[name:].startswith(SPARE_VERSION.encode() + b"\0"):
            struct.pack_into("<I", data, at, hash_of(RELR_VERSION))
            struct.pack_into("<I", data, at + 8, text.index(RELR_VERSION.encode() + b"\0"))
            break
    else:
        raise AssertionError(f"{path} does not ask for {SPARE_VERSION}")
    for at in range(versions[1], versions[1] + versions[2], 2):
        if struct.unpack_from("<H", data, at)[0] == index:
            struct.pack_into("<H", data, at, 1)  # any version will do
    pathlib.Path(path).write_bytes(data)


def jumps(data, table):
    """(name, where the relocation lies in the file, the slot's address) of the PLT"""
    _, rela, size = table[".rela.plt"]
    for at in range(rela, rela + size, 24):
        slot, info = struct.unpack_from("<QQ", data, at)
        if info & 0xFFFFFFFF == JUMP_SLOT:
            name, = struct.unpack_from("<I", data, table[".dynsym"][1] + 24 * (info >> 32))
            begin = table[".dynstr"][1] + name
            yield data[begin:data.index(0, begin)].decode(), at, slot


def entry_of(data, table, slot):
    """The entry that jumps through the slot (jmp *REL(%rip)): where in the file, and its address. Entries are of 16 bytes."""
    for address, offset, size in (table[name] for name in (".plt.sec", ".plt") if name in table):
        for at in range(offset, offset + size - 5):
            end = address + at - offset + 6
            if data[at:at + 2] == b"\xff\x25" and end + struct.unpack_from("<i", data, at + 2)[0] == slot:
                begin = (end - 6) & ~15
                return offset + begin - address, begin
    raise AssertionError("no entry for a slot")


def rewrite_plt(path, symbol):
    """As ld.so does with plt_rewrite, and binutils' -z mark-plt: the entry of the symbol jumps at once, and its place is the addend of
    the relocation. The tag takes the place of DT_FINI, which does nothing here."""
    data = bytearray(pathlib.Path(path).read_bytes())
    table = sections(path)
    [(at, slot)] = [(at, slot) for name, at, slot in jumps(data, table) if name == symbol]
    place, address = entry_of(data, table, slot)
    struct.pack_into("<q", data, at + 16, address)
    place += 4 if data[place:place + 4] == ENDBR64 else 0
    data[place:place + 5] = b"\xe9" + struct.pack("<i", 0)
    _, dynamic, size = table[".dynamic"]
    [fini] = [at for at in range(dynamic, dynamic + size, 16) if struct.unpack_from("<q", data, at)[0] == FINI_TAG]
    struct.pack_into("<qQ", data, fini, PLT_TAG, table[".plt"][0])
    pathlib.Path(path).write_bytes(data)
