# The only build file. README.md names the two commands; docs/architecture.md the parts.
#
#   make          build/libbookend.so  build/libbookend-sender.so  build/bookend  build/bookend-collector
#   make run      the demonstration on real programs (installs by package name what it lacks)
#   make test     everything CI runs, likewise
#   make lint bench fuzz install

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
ARCH    := $(shell $(CC) -dumpmachine | cut -d- -f1)
B       := build

WARN := -Wall -Wextra -Wshadow -Wundef -Wvla -Wcast-qual -Wwrite-strings -Wformat=2 -Wpointer-arith \
	-Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough
HARDEN_x86_64  := -fcf-protection
HARDEN_aarch64 := -mbranch-protection=standard
CFLAGS   ?= -O2 -g
ALL      := -std=gnu11 -fno-common $(WARN) $(if $(CI),-Werror) -fstack-protector-strong -U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=2 $(HARDEN_$(ARCH)) -D_GNU_SOURCE -I. -Ibase/arch/$(ARCH) -MMD -MP \
	-DBOOKEND_VERSION='"$(VERSION)"'
PIC      := -fPIC -fvisibility=hidden -fno-semantic-interposition -fasynchronous-unwind-tables
INSIDE   := $(PIC) -ftls-model=initial-exec
OUTSIDE  := -fPIE
LD_INSIDE := -shared -Wl,-z,defs,-z,now,-z,relro,-z,noexecstack,-z,nodelete,-z,initfirst,-z,noseparate-code \
	-Wl,--hash-style=gnu,--build-id -Wl,--version-script=shim/libbookend.map

base     := $(wildcard base/*.c)
policy   := $(wildcard policy/*.c)
compile  := $(wildcard policy/compile/*.c)
shim     := $(wildcard shim/*.c hooks/*.c)
sender   := $(wildcard sender/*.c)
tool     := $(wildcard tools/*.c)
collector := $(wildcard tools/collector/*.c)

obj = $(patsubst %.c,$(B)/$(1)/%.o,$(2))

.PHONY: all
all: $(B)/libbookend.so $(B)/libbookend-sender.so $(B)/bookend $(B)/bookend-collector

$(B)/inside/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL) $(CFLAGS) $(INSIDE) -c $< -o $@

$(B)/outside/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL) $(CFLAGS) $(OUTSIDE) -c $< -o $@

$(B)/sender/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL) $(CFLAGS) $(PIC) -c $< -o $@

$(B)/libbookend.so: $(call obj,inside,$(base) $(policy) $(shim)) shim/libbookend.map
	$(CC) $(LD_INSIDE) -o $@ $(filter %.o,$^)

$(B)/libbookend-sender.so: $(call obj,sender,$(base) $(policy) $(sender)) sender/libbookend-sender.map
	$(CC) -shared -Wl,-z,defs,-z,now,-z,relro,-z,noexecstack -Wl,--version-script=sender/libbookend-sender.map \
		-o $@ $(filter %.o,$^) -lcurl -lz

$(B)/bookend: $(call obj,outside,$(base) $(policy) $(compile) $(tool))
	$(CC) -pie -Wl,-z,now,-z,relro -o $@ $^ -lyaml -ldl

$(B)/bookend-collector: $(call obj,outside,$(base) $(collector))
	$(CC) -pie -Wl,-z,now,-z,relro -o $@ $^ -lmicrohttpd -lsqlite3 -ljansson -lz

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: clean
clean:
	rm -rf $(B)
