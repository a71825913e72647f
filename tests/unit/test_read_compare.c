/*
 * The readers against python's json, tomllib, yaml and configparser: compare_readers.py makes
 * documents, has this program read them, and looks for differences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/read_scene.h"

/* For each "FORMAT LENGTH\n" and that many bytes on stdin a line with the JSON on stdout. */
static int answer(void)
{
	static char document[1 << 16];
	char word[16];
	size_t length;

	while (scanf("%15s %zu", word, &length) == 2 && length < sizeof(document)) {
		enum read_format format = read_format_of_word(word);

		if (getchar() != '\n' || fread(document, 1, length, stdin) != length)
			return 1;
		puts(read_bytes_as(format, document, length));
		fflush(stdout);
	}
	return 0;
}

static void the_readers_agree_with_pythons_modules(void **state)
{
	static char self[4096];
	pid_t child = fork();
	int status = -1;

	(void)state;
	if (child == 0) {
		if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
			_exit(1);
		execl("/usr/bin/python3", "python3", "tests/unit/data/compare_readers.py", self,
		      NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_readers_agree_with_pythons_modules),
	};

	if (argc == 2 && strcmp(argv[1], "answer") == 0)
		return answer();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
