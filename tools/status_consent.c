/*
 * What the consent rules of each service say here: with the environment of this process and no
 * arguments, whatever the program. A program that gives other arguments may hear another answer:
 * `bookend explain POLICY -- COMMAND` asks for it.
 */
#include "tools/status.h"
#include "tools/place.h"
#include "tools/policy_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "policy/decide.h"

static enum reason decide(const char *policy, const char *service, struct text *detail)
{
	static _Alignas(16) uint8_t arena[DECIDE_ARENA];
	static const char *const no_words[] = { NULL };
	struct subject subject = { .argv = no_words,
				   .envp = (const char *const *)environ,
				   .pid = (uint32_t)getpid(),
				   .uid = geteuid(),
				   .any = true };
	enum reason forbidden = place_forbids();
	struct decision decision;

	if (forbidden != REASON_MEASURED)
		return forbidden;
	return policy_decide(policy, service, &subject, arena, sizeof(arena), &decision, detail);
}

static void print_service(struct status *status, const char *policy, const char *service)
{
	struct listing *list = &status->list;
	char memory[256] = "";
	struct text detail = text_init(memory, sizeof(memory));
	enum reason reason;

	if (place_switched(status->state, service) != REASON_MEASURED) {
		listing_row(list, (const char *[]){ service, "no", "bookend off" });
		return;
	}
	reason = decide(policy, service, &detail);
	if (reason == REASON_MEASURED || reason == REASON_NO_CONSENT)
		listing_row(list,
			    (const char *[]){ service, reason == REASON_MEASURED ? "yes" : "no",
					      memory });
	else
		listing_row(list, (const char *[]){ service, "no", reason_text(reason) });
}

void status_consent(struct status *status)
{
	static const struct listing_column columns[] = { { "service", "service", false },
							 { "allowed", "allowed", false },
							 { "why", "why", false } };
	const char *policy = place_policy();
	struct policy_file file;
	char *names = NULL, *rest = NULL;
	char path[PATHS_MAX];

	listing_table(&status->list, "consent", "Consent here, without arguments", columns, 3);
	if (policy && paths_image(policy, path) == 0 && access(path, R_OK) == 0 &&
	    policy_file_load(path, NULL, &file) == 0) {
		names = policy_file_services(&file.image);
		policy_file_free(&file);
	}
	for (char *name = names ? strtok_r(names, ",", &rest) : NULL; name;
	     name = strtok_r(NULL, ",", &rest))
		print_service(status, policy, name);
	listing_table_end(&status->list);
	free(names);
}
