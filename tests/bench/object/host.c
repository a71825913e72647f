/*
 * host putc|malloc: answers the first byte of its input, waits for the second, runs the loop and
 * prints the nanoseconds of one round of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 3000000

static void loop_putc(void)
{
	FILE *file = fopen("/dev/null", "w");

	for (int i = 0; file && i < ROUNDS; i++)
		putc('x', file);
	if (file)
		fclose(file);
}

static void loop_malloc(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *volatile block = malloc(100);

		free(block);
	}
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	char byte, line[40];
	int length;

	if (argc < 2 || read(0, &byte, 1) != 1 || write(1, &byte, 1) != 1 || read(0, &byte, 1) != 1)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (!strcmp(argv[1], "putc"))
		loop_putc();
	else
		loop_malloc();
	clock_gettime(CLOCK_MONOTONIC, &end);
	length = snprintf(line, sizeof(line), "%.4f\n",
			  ((double)(end.tv_sec - begin.tv_sec) * 1e9 +
			   (double)(end.tv_nsec - begin.tv_nsec)) /
				  ROUNDS);
	return write(1, line, (size_t)length) != length;
}
