/*
 * The table of keys.
 */
#include "policy/compile/keys.h"

#include <string.h>

static const struct {
	enum key_scope scope;
	const char *name, *key, *takes, *about;
} table[] = {
#define KEY(scope, key, takes, about)	    { KEYS_##scope, #scope, #key, takes, about },
#define WORD(key, parameters, takes, about) KEY(SOURCE, key, takes, about)
#define PARAMETER(key, takes, about)	    KEY(PARAMETER, key, takes, about)
#define TRANSFORM(key, takes, about)	    KEY(PARAMETER, key, takes, about)
#include "policy/compile/keys.def"
#include "policy/compile/sources.def"
#undef KEY
#undef WORD
#undef PARAMETER
#undef TRANSFORM
};

#define TABLE (sizeof(table) / sizeof(table[0]))

void keys_of(enum key_scope scope, const char *into[KEYS_MAX + 1])
{
	unsigned count = 0;

	for (size_t i = 0; i < TABLE && count < KEYS_MAX; i++) {
		if (table[i].scope == scope)
			into[count++] = table[i].key;
	}
	into[count] = NULL;
}

const char *keys_scope(enum key_scope scope)
{
	for (size_t i = 0; i < TABLE; i++) {
		if (table[i].scope == scope)
			return table[i].name;
	}
	return "";
}

bool keys_have(enum key_scope scope, const char *key)
{
	for (size_t i = 0; i < TABLE; i++) {
		if (table[i].scope == scope && strcmp(table[i].key, key) == 0)
			return true;
	}
	return false;
}

static bool is_for_people(const char *key)
{
	return strcmp(key, "about") == 0 || strcmp(key, "contact") == 0;
}

bool keys_check(struct diagnose *d, const struct yaml *y, enum key_scope scope, const char *where)
{
	const char *keys[KEYS_MAX + 1];
	char what[64];
	char found[80];

	if (y->kind != YAML_MAP) {
		diagnose(d, y->at, "%s is a mapping (key: value), not %s", where,
			 yaml_describe(y, found));
		return false;
	}
	keys_of(scope, keys);
	what[0] = '\0';
	strncat(strcat(what, "key of "), where, sizeof(what) - 8);
	for (unsigned i = 0; i < y->count; i++) {
		const struct yaml *key = yaml_key(y, i);

		if (!keys_have(scope, key->text))
			diagnose_unknown(d, key->at, what, key->text, keys);
		else if (is_for_people(key->text) && yaml_value(y, i)->kind != YAML_SCALAR)
			diagnose(d, yaml_value(y, i)->at, "'%s' takes a text", key->text);
	}
	return true;
}

void keys_each(void (*each)(void *context, enum key_scope scope, const char *key, const char *takes,
			    const char *about),
	       void *context)
{
	for (size_t i = 0; i < TABLE; i++)
		each(context, table[i].scope, table[i].key, table[i].takes, table[i].about);
}
