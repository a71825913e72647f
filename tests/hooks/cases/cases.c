#include "cases.h"

#include <string.h>

char cases_folder[4096];

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
#define CASE(name) { #name, case_##name },
#include "cases.def"
#undef CASE
};

int main(int argc, char **argv)
{
	char *slash;

	snprintf(cases_folder, sizeof(cases_folder), "%s", argv[0]);
	slash = strrchr(cases_folder, '/');
	if (slash)
		slash[1] = '\0';
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (argc < 2)
			puts(cases[i].name);
		else if (!strcmp(argv[1], cases[i].name)) {
			cases[i].run();
			puts("done");
			return 0;
		}
	}
	return argc < 2 ? 0 : 2;
}
