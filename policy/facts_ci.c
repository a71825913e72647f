/*
 * The table of continuous integration services.
 */
#include "policy/facts.h"

#include <string.h>

static const struct {
	const char *name, *variable, *value, *further;
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
			vendors[i].further != NULL ? env(context, vendors[i].further) : "-";

		if (value != NULL && value[0] != '\0' && further != NULL && further[0] != '\0' &&
		    (vendors[i].value == NULL || strcmp(value, vendors[i].value) == 0))
			return vendors[i].name;
	}
	return NULL;
}
