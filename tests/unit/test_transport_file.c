/*
 * file: URLs: whole lines or nothing, and no event twice.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sender/transport.h"

struct sheet {
	char folder[64];
	char path[96];
	char url[112];
	char body[4096];
	struct transport_part part[32];
	struct transport_request request;
};

static void begin(struct sheet *sheet)
{
	*sheet = (struct sheet){ .folder = "/tmp/bookend-file-XXXXXX" };
	assert_non_null(mkdtemp(sheet->folder));
	snprintf(sheet->path, sizeof(sheet->path), "%s/out", sheet->folder);
	snprintf(sheet->url, sizeof(sheet->url), "file:%s", sheet->path);
	sheet->request.url = sheet->url;
	sheet->request.part = sheet->part;
	sheet->request.body = sheet->body;
}

static const struct transport *way(const struct sheet *sheet)
{
	return transport_find(sheet->url);
}

static void end(struct sheet *sheet)
{
	way(sheet)->forget(NULL, &sheet->request);
	unlink(sheet->path);
	rmdir(sheet->folder);
}

/* Lines with these ids. */
static void fill(struct sheet *sheet, int from, int to)
{
	struct transport_request *request = &sheet->request;

	request->parts = 0;
	request->length = 0;
	for (int i = from; i < to; i++) {
		struct transport_part *part = &sheet->part[request->parts++];
		char id[IDENTITY_TEXT];

		memset(&part->id, 0, sizeof(part->id));
		memcpy(part->id.bytes, &i, sizeof(i));
		identity_text(&part->id, id);
		part->offset = request->length;
		part->length = (size_t)sprintf(sheet->body + part->offset,
					       "{\"id\":\"%s\",\"n\":%d}\n", id, i);
		request->length += part->length;
	}
}

static enum transport_result send_now(struct sheet *sheet)
{
	assert_true(way(sheet)->submit(NULL, &sheet->request));
	return sheet->request.result;
}

static char *content(const struct sheet *sheet)
{
	static char text[8192];
	int file = open(sheet->path, O_RDONLY);
	ssize_t n = read(file, text, sizeof(text) - 1);

	close(file);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static int lines(const struct sheet *sheet)
{
	int count = 0;

	for (const char *at = content(sheet); *at; at++)
		count += *at == '\n';
	return count;
}

static void lines_are_appended_to_a_private_file(void **state)
{
	struct sheet sheet;
	struct stat st;

	(void)state;
	begin(&sheet);
	fill(&sheet, 0, 3);
	assert_int_equal(send_now(&sheet), TRANSPORT_STATUS);
	assert_int_equal(sheet.request.status, 200);
	fill(&sheet, 3, 5);
	assert_int_equal(send_now(&sheet), TRANSPORT_STATUS);
	assert_int_equal(lines(&sheet), 5);
	assert_int_equal(stat(sheet.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	end(&sheet);
}

static void what_a_dead_drainer_wrote_is_not_written_again(void **state)
{
	struct sheet sheet;

	(void)state;
	begin(&sheet);
	fill(&sheet, 0, 4);
	send_now(&sheet);
	way(&sheet)->forget(NULL, &sheet.request);
	/* Another drainer sends a longer batch with the same beginning. */
	fill(&sheet, 2, 7);
	assert_int_equal(send_now(&sheet), TRANSPORT_STATUS);
	assert_int_equal(lines(&sheet), 7);
	end(&sheet);
}

static void a_half_line_is_ended_before_ours(void **state)
{
	struct sheet sheet;
	int file;

	(void)state;
	begin(&sheet);
	file = open(sheet.path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(file, "{\"id\":", 6), 6);
	close(file);
	fill(&sheet, 0, 1);
	send_now(&sheet);
	assert_memory_equal(content(&sheet), "{\"id\":\n{\"id\":\"0000", 18);
	end(&sheet);
}

static void write_beyond_a_limit(struct sheet *sheet)
{
	struct rlimit limit = { 150, 150 };

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	fill(sheet, 1, 5);
	_exit(send_now(sheet) == TRANSPORT_REFUSED ? 0 : 1);
}

static void a_write_that_a_full_disk_cuts_short_is_taken_back(void **state)
{
	struct sheet sheet;
	int status;
	pid_t pid;

	(void)state;
	begin(&sheet);
	fill(&sheet, 0, 1);
	send_now(&sheet);
	pid = fork();
	if (!pid)
		write_beyond_a_limit(&sheet);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(lines(&sheet), 1);
	assert_int_equal(content(&sheet)[strlen(content(&sheet)) - 1], '\n');
	end(&sheet);
}

static void a_file_that_was_moved_away_is_made_again(void **state)
{
	struct sheet sheet;
	char old[128];

	(void)state;
	begin(&sheet);
	fill(&sheet, 0, 1);
	send_now(&sheet);
	snprintf(old, sizeof(old), "%s.1", sheet.path);
	assert_int_equal(rename(sheet.path, old), 0);
	fill(&sheet, 1, 3);
	send_now(&sheet);
	assert_int_equal(lines(&sheet), 2);
	unlink(old);
	end(&sheet);
}

static void a_locked_file_is_a_passing_trouble(void **state)
{
	struct sheet sheet;
	int file;

	(void)state;
	begin(&sheet);
	file = open(sheet.path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(flock(file, LOCK_EX), 0);
	fill(&sheet, 0, 1);
	assert_int_equal(send_now(&sheet), TRANSPORT_NETWORK);
	close(file);
	assert_int_equal(send_now(&sheet), TRANSPORT_STATUS);
	end(&sheet);
}

static void a_path_that_is_not_absolute_is_refused(void **state)
{
	struct transport_request request = { .url = "file:out" };

	(void)state;
	assert_true(transport_find("file:out")->submit(NULL, &request));
	assert_int_equal(request.result, TRANSPORT_REFUSED);
	assert_non_null(strstr(request.message, "absolute"));
	transport_find("file:out")->forget(NULL, &request);
}

static void unknown_schemes_have_no_transport(void **state)
{
	(void)state;
	assert_null(transport_find("ftp://host/"));
	assert_null(transport_find("nonsense"));
	assert_non_null(transport_find("HTTPS://host/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_appended_to_a_private_file),
		cmocka_unit_test(what_a_dead_drainer_wrote_is_not_written_again),
		cmocka_unit_test(a_half_line_is_ended_before_ours),
		cmocka_unit_test(a_write_that_a_full_disk_cuts_short_is_taken_back),
		cmocka_unit_test(a_file_that_was_moved_away_is_made_again),
		cmocka_unit_test(a_locked_file_is_a_passing_trouble),
		cmocka_unit_test(a_path_that_is_not_absolute_is_refused),
		cmocka_unit_test(unknown_schemes_have_no_transport),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
