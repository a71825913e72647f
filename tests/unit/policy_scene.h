/*
 * Tests of the policy: its text to findings and to a decision, in a folder of its own.
 */
#ifndef BOOKEND_TESTS_UNIT_POLICY_SCENE_H
#define BOOKEND_TESTS_UNIT_POLICY_SCENE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "policy/compile/compile.h"
#include "policy/decide.h"
#include "policy/image.h"
#include "policy/late.h"

#define SCENE_UNUSED __attribute__((unused))

/* A policy whose one service `s` allows always and sends to `d`; more of the service follows. */
#define SCENE_HEAD                                                                                 \
	"bookend: 1\n"                                                                             \
	"destinations:\n"                                                                          \
	"  d: { format: json, url: http://127.0.0.1/ }\n"                                          \
	"services:\n"                                                                              \
	"  s:\n"                                                                                   \
	"    to: d\n"
#define SCENE_ALLOW "    consent: [ allow: always ]\n"
#define SCENE_START "    events: { e: { when: start } }\n"

struct scene {
	char folder[64];
	char yaml[96];
	char image_path[96];
	struct compiled compiled;
	/* The process; tests change it at will. */
	const char *argv[16];
	const char *envp[16];
	struct subject subject;
	bool alone;
	struct decision decision;
	char detail[256];
	uint8_t snapshot[8192];
	struct start_block start;
	struct stop_facts stop;
	bool mask;
	unsigned probes;	/* how often one was asked */
	struct late_event last; /* texts are gone by then */
	char out[16384];
	_Alignas(8) uint8_t decide_arena[DECIDE_ARENA];
	_Alignas(8) uint8_t late_arena[LATE_ARENA];
};

static struct scene scene;

SCENE_UNUSED static void scene_note(void *context, const struct diagnostic *d)
{
	size_t used = strlen(scene.out);

	(void)context;
	snprintf(scene.out + used, sizeof(scene.out) - used, "%u:%u: %s\n", d->line, d->column,
		 d->text);
}

static const struct compile_options scene_options = { .tool = "/opt/bin/bookend",
						      .say = scene_note };

/* What is said about a policy; "" when nothing is. */
SCENE_UNUSED static const char *scene_findings(const char *policy)
{
	struct compiled compiled = { 0 };
	int error;

	scene.out[0] = '\0';
	error = compile_text("p.yaml", policy, strlen(policy), &scene_options, &compiled);
	assert_int_equal(error, scene.out[0] != '\0' ? -EINVAL : 0);
	free(compiled.bytes);
	return scene.out;
}

static bool scene_alone(const struct subject *subject)
{
	(void)subject;
	return scene.alone;
}

static void scene_write(const char *path, const void *bytes, size_t length)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(file >= 0);
	assert_int_equal(write(file, bytes, length), length);
	close(file);
}

/* The policy as p.yaml with its image beside it, and a process /usr/bin/app of the user root. */
SCENE_UNUSED static void scene_begin(const char *policy)
{
	memset(&scene, 0, sizeof(scene));
	strcpy(scene.folder, "/tmp/bookend-policy-XXXXXX");
	assert_non_null(mkdtemp(scene.folder));
	snprintf(scene.yaml, sizeof(scene.yaml), "%s/p.yaml", scene.folder);
	snprintf(scene.image_path, sizeof(scene.image_path), "%s/p.bki", scene.folder);
	scene_write(scene.yaml, policy, strlen(policy));
	if (compile_file(scene.yaml, &scene_options, &scene.compiled) != 0)
		fail_msg("%s", scene.out);
	scene_write(scene.image_path, scene.compiled.bytes, scene.compiled.length);
	scene.alone = true;
	scene.argv[0] = "app";
	scene.subject = (struct subject){ .exe = "/usr/bin/app",
					  .argc = 1,
					  .argv = scene.argv,
					  .envp = scene.envp,
					  .pid = 42,
					  .parent = (uint32_t)getpid(),
					  .uid = geteuid(),
					  .stands_alone = scene_alone };
	scene.start = (struct start_block){
		.boot_ns = 5000000000, .real_ns = 1700000000000001000, .pid = 42, .parent = 7
	};
	scene.stop = (struct stop_facts){ .reason = EXIT_EXIT,
					  .boot_ns = 5250000000,
					  .real_ns = 1700000000250001000 };
}

SCENE_UNUSED static void scene_end(void)
{
	unlink(scene.yaml);
	unlink(scene.image_path);
	rmdir(scene.folder);
	free(scene.compiled.bytes);
}

SCENE_UNUSED static enum reason scene_decide(const char *services)
{
	struct text detail = text_init(scene.detail, sizeof(scene.detail));

	return policy_decide(scene.yaml, services, &scene.subject, scene.decide_arena,
			     sizeof(scene.decide_arena), &scene.decision, &detail);
}

SCENE_UNUSED static void assert_said(const char *policy, const char *findings)
{
	assert_string_equal(scene_findings(policy), findings);
}

#endif
