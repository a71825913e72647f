/*
 * The table of continuous integration services.
 */
#include "policy/facts.h"

#include <string.h>

/* Arrays, not pointers: a pointer would be a relocation in every process. */
static const struct {
	char name[24], variable[40], value[16], further[24];
} vendors[] = {
#define VENDOR(name, variable, value, further) { name, variable, value, further },
#include "policy/ci_vendors.def"
#undef VENDOR
};

const char *facts_ci(const char *(*env)(const void *context, const char *name), const void *context)
{
	for (unsigned i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++) {
		const char *value = env(context, vendors[i].variable);
		const char *further =
			vendors[i].further[0] != '\0' ? env(context, vendors[i].further) : "-";

		if (value != NULL && value[0] != '\0' && further != NULL && further[0] != '\0' &&
		    (vendors[i].value[0] == '\0' || strcmp(value, vendors[i].value) == 0))
			return vendors[i].name;
	}
	return NULL;
}
