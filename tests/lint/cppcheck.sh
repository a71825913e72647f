#!/bin/sh
# cppcheck on all C of ours.
cd "$(dirname "$0")/../.." || exit 1
exec nice cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --enable=warning,performance,portability \
	--suppressions-list=tests/lint/cppcheck.txt -D_GNU_SOURCE -D__x86_64__ -D'ElfW(type)=Elf64_##type' -DBOOKEND_VERSION='"0"' -I . -I base/arch/x86_64 \
	base hooks policy sender shim tools
