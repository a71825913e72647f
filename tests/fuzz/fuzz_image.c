/*
 * A policy image that was tampered with by someone who knows its sums: patches at arbitrary places,
 * every check and the hash made right again, then the decision of a process and the late evaluation
 * of its snapshot. Nothing may crash, read outside or loop for ever. An input is a row of patches:
 * offset (2 bytes), value (4 bytes); the snapshot is what the decision took.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/identity.h"
#include "base/text.h"
#include "policy/compile/compile.h"
#include "policy/decide.h"
#include "policy/eval.h"
#include "policy/image.h"
#include "policy/late.h"

#define PATCH 6

static const char policy[] =
	"bookend: 1\n"
	"values: { v: { env: A, else: \"${process.name}\" } }\n"
	"destinations: { d: { format: segment, url: { env: U, else: http://x }, key: k, headers: { "
	"A: \"b${v}\" }, each: { object: { x: \"${event.properties.o.p}\", y: "
	"\"${event.properties}\" } }, drop: [user, properties.o.n], auth: { body: k } } }\n"
	"defaults: { to: d, user: \"${v}\" }\n"
	"services:\n"
	"  s:\n"
	"    match: { exe: [app, b], args: one, user: [0, 1000], parent: [sh, x] }\n"
	"    consent: [ deny: { flag: --no, is: true }, deny: { option: --n, above: 3 }, deny: { "
	"file: "
	"/etc/os-release, as: env, key: ID, is: x }, allow: { "
	"any: [ { env: A, is: [a, 1] }, always ] } ]\n"
	"    events: { e: { when: start } }\n"
	"  t:\n"
	"    commands: [one two, one]\n"
	"    value_options: [-C]\n"
	"    consent: [ deny: { value: \"${os.uname}x\", is: z }, deny: { env: A, matches: "
	"['^[b-z]*$', '(x|y){2,3}?'] }, allow: always ]\n"
	"    context:\n"
	"      d: { env: A, decode: url, as: text, extract: '(a)|(?i)b\\b', replace: [ { matches: "
	"'a*', give: \"${process.name}\" } ], case: snake, chars: a-z_, basename: true, split: _ "
	"}\n"
	"      r: { value: /u/a?x, route: [/x, /u/:N], hash: sha256, truncate: 9 }\n"
	"      c: { env: B, cases: [ { matches: c, give: 1 }, { is: b, give: \"${process.pid}\" } "
	"], as: "
	"int }\n"
	"      m: { env: B, map: { b: Y2M } }\n"
	"      t: { value: \"${event.time}\", as: unix_ns }\n"
	"    properties: { a: { arg: 1 }, o: { object: { p: \"${command.path}\", n: { value: 0, "
	"omit: zero } } }, w: { env: B, one_of: [x] }, f: { lookup: { "
	"file: ~/f.json, key: l, keep: [a, b], drop: c, presence: d }, by: a, is: 1, key: b }, g: "
	"{ "
	"file: /etc/os-release, as: pairs, presence: all }, h: { list: [1, { value: '[1]', as: "
	"json }, { "
	"size: s }] } }\n"
	"    events: { e: { when: [start, { command: one two }, stop], if: { value: "
	"\"${exit.code}\", at_most: 3 } } }\n";

static uint8_t *original, *patched;
static size_t length;
static int file;
static char path[64];

static bool alone(const struct subject *subject)
{
	return subject->pid != 0;
}

static int ignore(void *context, const struct late_event *event)
{
	(void)context;
	return event->name == NULL || event->properties == NULL ? -1 : 0;
}

static int give_id(void *context, const struct eval_id *id, char *into, size_t capacity)
{
	(void)context;
	(void)id;
	strncpy(into, "id", capacity);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct compile_options options = { .tool = "/bin/bookend" };
	struct text t = text_init(path, sizeof(path));
	struct compiled compiled;

	(void)argc;
	(void)argv;
	if (compile_text("fuzz", policy, strlen(policy), &options, &compiled) != 0)
		abort();
	original = compiled.bytes;
	length = compiled.length;
	patched = malloc(length);
	file = memfd_create("image", MFD_CLOEXEC);
	if (file < 0 || fchmod(file, 0600) != 0)
		abort();
	text_add(&t, "/proc/self/fd/");
	text_add_signed(&t, file);
	return 0;
}

/* Makes the sums right of whatever still looks like a `now` section. */
static void seal(void)
{
	struct image_header *h = (struct image_header *)patched;
	const struct image_index *index = (const void *)(patched + sizeof(*h));

	memcpy(h->magic, IMAGE_MAGIC, sizeof(h->magic));
	h->major = IMAGE_MAJOR;
	h->bytes = length;
	for (uint32_t i = 0; i < 16; i++) {
		struct image_now *now = (void *)(patched + index[i].offset);

		if (index[i].offset % 8 != 0 || index[i].bytes < sizeof(*now) ||
		    index[i].offset > length || index[i].bytes > length - index[i].offset)
			continue;
		now->bytes = index[i].bytes;
		now->service = index[i].service;
		now->check = checksum(&now->bytes, now->bytes - sizeof(now->check), now->service);
	}
	siphash128(IMAGE_KEY, &h->minor, length - IMAGE_HASHED, h->hash);
	h->check = image_header_check(h);
}

static uint32_t decide(const char *service, uint8_t *snapshot, uint32_t capacity)
{
	static _Alignas(8) char arena[DECIDE_ARENA];
	static const char *const argv[] = { "app", "-C", "x", "one", "two", "--n=2", NULL };
	static const char *const envp[] = { "A=a", "B=b", "U=http://y", NULL };
	const struct subject subject = { .exe = "/bin/app",
					 .argc = 6,
					 .argv = argv,
					 .envp = envp,
					 .pid = 1,
					 .parent = (uint32_t)getppid(),
					 .uid = geteuid(),
					 .stands_alone = alone };
	struct decision decision;
	char memory[256];
	struct text detail = text_init(memory, sizeof(memory));
	bool truncated;

	if (policy_decide(path, service, &subject, arena, sizeof(arena), &decision, &detail) !=
	    REASON_MEASURED)
		return 0;
	return policy_snapshot(&decision, &subject, snapshot, capacity, &truncated);
}

static void make_events(const uint8_t *snapshot, uint32_t bytes)
{
	static _Alignas(8) char arena[LATE_ARENA];
	struct start_block start = { .payload = bytes, .boot_ns = 1, .real_ns = 1 };
	struct stop_facts stop = { .reason = EXIT_EXIT, .boot_ns = 2, .real_ns = 2 };
	struct late_destination destination;
	uint32_t left_out = 0;
	struct image image;
	struct late_process process = { .image = &image,
					.start = &start,
					.snapshot = snapshot,
					.stop = &stop,
					.pool_id = (const uint8_t *)policy,
					.id = give_id };

	if (image_open(patched, length, &image) != 0)
		return;
	late_destination(&image, 0, &destination);
	late_image_path(snapshot, bytes);
	for (start.service = 0; start.service < 3; start.service++) {
		late_service(&image, start.service);
		late_events(&process, LATE_START, arena, sizeof(arena), ignore, NULL, &left_out);
		late_events(&process, LATE_STOP, arena, sizeof(arena), ignore, NULL, &left_out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t snapshot[1024];
	uint32_t bytes = 0;

	memcpy(patched, original, length);
	for (size_t i = 0; i + PATCH <= size; i += PATCH) {
		size_t at = (size_t)(data[i] | data[i + 1] << 8) * 4 % (length - 4);

		memcpy(patched + at, data + i + 2, 4);
	}
	seal();
	if (pwrite(file, patched, length, 0) != (ssize_t)length)
		abort();
	bytes = decide("s", snapshot, sizeof(snapshot));
	make_events(snapshot, bytes);
	bytes = decide("t,s", snapshot, sizeof(snapshot));
	make_events(snapshot, bytes);
	return 0;
}
