# The only build file. README.md names the two commands; docs/architecture.md the parts.
#
#   make          build/libbookend.so  build/libbookend-sender.so  build/bookend  build/bookend-collector
#   make run      the demonstration on real programs (installs by package name what it lacks)
#   make test     everything CI runs, likewise
#   make lint     all checks of the code; the quick ones are part of make test
#   make bench    what it costs           make fuzz  FUZZ_SECONDS=20 a parser
#   make install  PREFIX=/usr/local DESTDIR=
#
# CI=1 makes warnings errors; B=DIR builds elsewhere.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
B       ?= build
ARCH    := $(shell $(CC) -dumpmachine | cut -d- -f1)
MULTIARCH := $(shell $(CC) -print-multiarch)

WARN := -Wall -Wextra -Wshadow -Wundef -Wvla -Wcast-qual -Wwrite-strings -Wformat=2 -Wpointer-arith \
	-Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough
HARDEN_x86_64  := -fcf-protection
HARDEN_aarch64 := -mbranch-protection=standard
# Of what is preloaded: there the stack protector's guard is a variable of the loader, which would have to be a needed library, and
# atomics call functions that ask libc for the capabilities.
INSIDE_aarch64 := -fno-stack-protector -mno-outline-atomics
CFLAGS   ?= -O2 -g
ALL      := -std=gnu11 -fno-common $(WARN) $(if $(CI),-Werror) -fstack-protector-strong -U_FORTIFY_SOURCE \
	$(HARDEN_$(ARCH)) -D_GNU_SOURCE -I. -Ibase/arch/$(ARCH) -Ihooks/arch/$(ARCH) -MMD -MP -DBOOKEND_VERSION='"$(VERSION)"'
SHIP     := -D_FORTIFY_SOURCE=2 $(CFLAGS)
PIC      := -fPIC -fvisibility=hidden -fno-semantic-interposition -fasynchronous-unwind-tables
LD_SAFE  := -Wl,-z,defs,-z,now,-z,relro,-z,noexecstack
# What is preloaded is small: no code that nothing in it calls, and no start files, whose weak symbols the loader would look
# for in every process.
LD_INSIDE := -shared -nostartfiles $(LD_SAFE),-z,nodelete,-z,initfirst,-z,noseparate-code,--gc-sections \
	-Wl,--hash-style=gnu,--build-id -Wl,--version-script=shim/libbookend.map
LIBS_SENDER    := -lz -ldl
LIBS_COLLECTOR := -lmicrohttpd -lsqlite3 -ljansson -lz
# What unit tests and fuzzers are linked with: everything but the shim, whose interposers would divert the test itself.
LIBS_TEST := -lcmocka -lyaml $(LIBS_SENDER) $(LIBS_COLLECTOR) -lm -lpthread -ldl

base      := $(wildcard base/*.c)
policy    := $(wildcard policy/*.c)
compile   := $(wildcard policy/compile/*.c)
stubs     := $(wildcard hooks/arch/$(ARCH)/*.S)
hooks     := $(wildcard hooks/*.c) $(stubs)
shim      := $(wildcard shim/*.c) $(hooks)
sender    := $(wildcard sender/*.c)
tool      := $(wildcard tools/*.c)
collector := $(wildcard tools/collector/*.c)
units     := $(base) $(policy) $(compile) $(sender) $(tool) $(collector)

obj   = $(addprefix $(B)/$(1)/,$(addsuffix .o,$(basename $(2))))
tests = $(patsubst %.c,$(B)/$(1)/%,$(2))

.PHONY: all
all: $(B)/libbookend.so $(B)/libbookend-sender.so $(B)/bookend $(B)/bookend-collector

HOT_PLACES := hooks/% base/% shim/% policy/measures tests/hooks/%
# What a process runs once, cold: there size is time, and memory. The rest of the preloaded object is on the way of calls.
ONCE_PLACES := shim/% policy/% base/%
OFTEN_PLACES := shim/string shim/clock shim/calls_% policy/measures base/checksum base/clock base/ring
ONCE_FLAGS := $(if $(filter -O2,$(CFLAGS)),-Os)

# One tree of objects for each set of flags: $(call tree,NAME,COMPILER,FLAGS)
define tree
$(B)/$(1)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$(2) $(ALL) $(3) $$(HOT) $$(ONCE) -c $$< -o $$@
$(B)/$(1)/%.o: %.S Makefile
	@mkdir -p $$(@D)
	$(2) $(ALL) $(3) -c $$< -o $$@
.PRECIOUS: $(B)/$(1)/%.o
# What a hook runs must leave the vector registers alone: they may hold the host's arguments.
$(foreach place,$(HOT_PLACES),$(B)/$(1)/$(place).o): HOT := -mgeneral-regs-only
endef
$(eval $(call tree,inside,$(CC),$(SHIP) $(PIC) $(INSIDE_$(ARCH)) -ftls-model=initial-exec -ffunction-sections -fdata-sections))
$(foreach place,$(ONCE_PLACES),$(eval $(B)/inside/$(place).o: ONCE := $(ONCE_FLAGS)))
$(foreach place,$(OFTEN_PLACES),$(eval $(B)/inside/$(place).o: ONCE :=))
$(eval $(call tree,outside,$(CC),$(SHIP) -fPIE))
$(eval $(call tree,sender,$(CC),$(SHIP) $(PIC)))

inside := $(shim) $(base) $(policy)
$(B)/libbookend.so: $(call obj,inside,$(inside)) shim/libbookend.map shim/libbookend.ld $(B)/first_text.ld $(B)/first_rodata.ld
	$(CC) $(LD_INSIDE) -Wl,-T,shim/libbookend.ld -L$(B) -o $@ $(filter %.o,$^)

# Functions have sections .text.NAME, constructors .text.startup.NAME, and parts of them, or texts in them, another suffix.
$(B)/first_%.ld: shim/order.txt Makefile
	@mkdir -p $(@D)
	sed -n 's/^[a-z_]\w*$$/*(.$*.& .$*.startup.& .$*.&.*)/p' $< >$@

$(B)/libbookend-sender.so: $(call obj,sender,$(base) $(policy) $(sender)) sender/libbookend-sender.map
	$(CC) -shared $(LD_SAFE) -Wl,--version-script=sender/libbookend-sender.map -o $@ $(filter %.o,$^) $(LIBS_SENDER)

$(B)/bookend: $(call obj,outside,$(base) $(policy) $(compile) $(tool))
	$(CC) -pie $(LD_SAFE) -o $@ $^ -lyaml -ldl

$(B)/bookend-collector: $(call obj,outside,$(base) $(collector))
	$(CC) -pie $(LD_SAFE) -o $@ $^ $(LIBS_COLLECTOR)

# Unit tests: tests/unit/test_X.c is a program of its own, under ASan and UBSan; the lock-free ones under TSan too.
SANE   := -O1 -g -fno-omit-frame-pointer
UNIT   := $(wildcard tests/unit/test_*.c)
TSAN   := $(wildcard $(patsubst %,tests/unit/test_%.c,pool slot ring drain_claim drain_observe handover))
FUZZ   := $(wildcard tests/fuzz/fuzz_*.c)
asan   := $(SANE) -fsanitize=address,undefined -fno-sanitize-recover=all
tsan   := $(SANE) -fsanitize=thread -Wno-tsan
fuzzer := $(SANE) -fsanitize=address,undefined -fno-sanitize-recover=all
$(eval $(call tree,asan,$(CC),$(asan)))
$(eval $(call tree,tsan,$(CC),$(tsan)))
$(eval $(call tree,fuzz,clang,$(fuzzer) -fsanitize=fuzzer-no-link))

# Two rules: a pattern with two targets would be taken to make both at once.
$(B)/%/units.a:
	@rm -f $@
	ar qcs $@ $^
$(B)/%/shim.a:
	@rm -f $@
	ar qcs $@ $^
$(foreach t,asan fuzz,$(eval $(B)/$(t)/units.a: $(call obj,$(t),$(units))))
$(foreach t,asan fuzz,$(eval $(B)/$(t)/shim.a: $(call obj,$(t),$(shim))))
$(B)/tsan/units.a: $(call obj,tsan,$(base) $(policy) $(sender))
$(B)/tsan/shim.a: $(call obj,tsan,$(shim))

# Whatever of ours a test needs; the shim behind libc, so that its interposers do not divert the test itself.
link_test = $(1) -o $@ $(filter %.o %/units.a,$^) $(LIBS_TEST) -lc $(filter %.a,$^)

$(B)/asan/tests/%: $(B)/asan/tests/%.o $(B)/asan/shim.a $(B)/asan/units.a
	$(call link_test,$(CC) $(asan))

$(B)/tsan/tests/%: $(B)/tsan/tests/%.o $(B)/tsan/shim.a $(B)/tsan/units.a
	$(call link_test,$(CC) $(tsan))

$(B)/fuzz/tests/%: $(B)/fuzz/tests/%.o $(B)/fuzz/shim.a $(B)/fuzz/units.a
	$(call link_test,clang $(fuzzer) -fsanitize=fuzzer)

# Unit tests of hooked calls for another machine, which an emulator plays: `make CC=aarch64-linux-gnu-gcc B=build/aarch64
# build/aarch64/far/tests/unit/test_X`. What they are linked with comes as packages of that machine; tests/hooks runs them.
FAR_CC := aarch64-linux-gnu-gcc
FAR_PACKAGES := libcmocka-dev libcmocka0 libyaml-dev
far := $(SANE) -fsanitize=undefined -fno-sanitize-recover=all -DCALLS_ROUNDS=2000
$(eval $(call tree,far,$(CC),$(far) -isystem $(B)/packages/usr/include))
$(B)/packages: tests/setup/foreign.sh
	@$< $@ $(ARCH:aarch64=arm64) $(FAR_PACKAGES)
	@touch $@
$(patsubst %.c,$(B)/far/%.o,$(UNIT)): | $(B)/packages
$(B)/far/units.a: $(call obj,far,$(base) $(policy) $(compile))
$(B)/far/shim.a: $(call obj,far,$(shim))
far_libs = -L$(B)/packages/usr/lib/$(MULTIARCH) -Wl,-rpath,$(abspath $(B))/packages/usr/lib/$(MULTIARCH) -lcmocka -l:libyaml.a
$(B)/far/tests/%: $(B)/far/tests/%.o $(B)/far/shim.a $(B)/far/units.a
	$(CC) $(far) -o $@ $(filter %.o %/units.a,$^) $(far_libs) -lc $(filter %.a,$^)

# The library of tests/hooks: hooks/ alone.
$(B)/watch.so: $(call obj,inside,$(base) $(hooks) shim/string.c tests/hooks/watch.c) tests/hooks/watch.map
	$(CC) $(subst shim/libbookend.map,tests/hooks/watch.map,$(LD_INSIDE)) -o $@ $(filter %.o,$^)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# What people run. need.sh installs nothing when nothing is missing.
PYTHON := /usr/bin/python3
SUITE   = BOOKEND_BUILD=$(abspath $(B)) $(PYTHON) tests/suite.py

.PHONY: run test unit lint fuzz bench tests-built
run:
	@tests/setup/need.sh run
	@echo "Building ..."
	@$(MAKE) -s -j$(shell nproc) all
	@BOOKEND_BUILD=$(abspath $(B)) tests/demo/demo.sh

test:
	@tests/setup/need.sh test
	@$(MAKE) -s CC=$(FAR_CC) B=$(B)/aarch64 $(B)/aarch64/packages || :
	@echo "Building ..."
	@$(MAKE) -s -j$(shell nproc) all tests-built
	@$(SUITE) quick-lint unit tsan fuzz e2e

tests-built: $(B)/watch.so $(call tests,asan,$(UNIT)) $(call tests,tsan,$(TSAN)) $(call tests,fuzz,$(FUZZ))

unit: $(call tests,asan,$(UNIT)) $(call tests,tsan,$(TSAN))
	@$(SUITE) unit tsan

lint: all
	@tests/setup/need.sh test
	@$(SUITE) lint

fuzz: $(call tests,fuzz,$(FUZZ))
	@FUZZ_SECONDS=$(or $(FUZZ_SECONDS),20) $(SUITE) fuzz

bench: all $(B)/bookend-bench $(B)/bench-empty.so $(B)/bench-again.so $(B)/bench-host $(B)/sdk/ready \
		$(B)/watch.so $(B)/bench-caller $(B)/lttng.sh
	@tests/setup/need.sh bench || echo "Rows of what is missing are not measured."
	@$(MAKE) -s $(B)/bench-tracepoint 2>/dev/null || :
	@$(B)/bookend-bench

$(B)/bookend-bench: $(call obj,outside,$(wildcard tests/bench/*.c) $(base) $(policy) $(sender))
	$(CC) -pie $(LD_SAFE) -o $@ $^ $(LIBS_SENDER) -lm -lpthread -ldl

# The yardstick of the start-up rows, and its twin: objects that do nothing.
$(B)/bench-%.so: tests/bench/object/empty.c
	@mkdir -p $(@D)
	$(CC) -shared -fPIC -o $@ $<

$(B)/bench-host: tests/bench/object/host.c
	@mkdir -p $(@D)
	$(CC) $(ALL) -O2 -o $@ $<

# Hooked calls, and a tracepoint of LTTng-UST beside them.
CALLER := $(addprefix tests/bench/object/,caller.c callee.h call_tracepoint.h)
$(B)/libbench-callee.so: tests/bench/object/callee.c
	@mkdir -p $(@D)
	$(CC) -O2 -shared -fPIC -o $@ $<

$(B)/bench-caller: $(CALLER) $(B)/libbench-callee.so
	$(CC) -D_GNU_SOURCE -O2 -o $@ $< -L$(B) -lbench-callee -Wl,-rpath,'$$ORIGIN' -lpthread

$(B)/bench-tracepoint: $(CALLER) $(B)/libbench-callee.so
	$(CC) -D_GNU_SOURCE -O2 -DWITH_TRACEPOINT -Itests/bench/object -o $@ $< -L$(B) -lbench-callee -Wl,-rpath,'$$ORIGIN' \
		-llttng-ust -ldl -lpthread

$(B)/lttng.sh: tests/bench/lttng.sh
	@cp $< $@

# What the throughput is compared with, by the lock file; without npm those rows say so.
$(B)/sdk/ready: tests/bench/sdk/package.json tests/bench/sdk/package-lock.json $(wildcard tests/bench/sdk/*.js)
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && { npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1 || echo "npm ci failed: see $(@D)/npm.log"; }
	@touch $@

# The pages of docs/examples, which a test compares with what the policies say.
.PHONY: pages
pages: $(B)/bookend
	@mkdir -p docs/examples
	for policy in policy/examples/*.yaml; do \
		$(B)/bookend document $$policy >docs/examples/$$(basename $$policy .yaml).md || exit 1; done

.PHONY: install clean
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/bookend $(DESTDIR)$(PREFIX)/lib/$(MULTIARCH) \
		$(DESTDIR)$(PREFIX)/lib/bookend $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/doc/bookend/examples
	install $(B)/bookend $(DESTDIR)$(PREFIX)/bin
	install $(B)/bookend-collector $(DESTDIR)$(PREFIX)/libexec/bookend
	install -m 644 $(B)/libbookend.so $(DESTDIR)$(PREFIX)/lib/$(MULTIARCH)
	install -m 644 $(B)/libbookend-sender.so $(DESTDIR)$(PREFIX)/lib/bookend
	install -m 644 docs/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 README.md CHANGES.md docs/*.md $(DESTDIR)$(PREFIX)/share/doc/bookend
	install -m 644 policy/examples/* $(DESTDIR)$(PREFIX)/share/doc/bookend/examples

clean:
	rm -rf $(B)
