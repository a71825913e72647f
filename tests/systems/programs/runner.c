/*
 * A command that runs other programs, such as bolt or the ReadySet installer. The environment
 * variable RUNS lists what: command lines separated by ';', words by blanks. Ends with the status
 * of the first one that fails.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static int run(char *line)
{
	char *words[16], *rest = NULL;
	int count = 0, status = 0;
	pid_t child;

	for (char *word = strtok_r(line, " ", &rest); word != NULL && count < 15;
	     word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	words[count] = NULL;
	if (count == 0)
		return 0;
	if (posix_spawnp(&child, words[0], NULL, NULL, words, environ) != 0)
		return 127;
	while (waitpid(child, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(void)
{
	const char *runs = getenv("RUNS");
	char *lines = strdup(runs != NULL ? runs : ""), *rest = NULL;
	int status = 0;

	for (char *line = strtok_r(lines, ";", &rest); line != NULL && status == 0;
	     line = strtok_r(NULL, ";", &rest))
		status = run(line);
	free(lines);
	return status;
}
