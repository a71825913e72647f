#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/collector/ingest.h"
#include "tools/collector/writer.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool hold;	    /* done() waits */
static unsigned done_count; /* jobs done */
static unsigned troubles;

static void done(struct writer_job *job)
{
	(void)job;
	pthread_mutex_lock(&lock);
	done_count++;
	pthread_cond_broadcast(&changed);
	while (hold)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void trouble(const char *line)
{
	assert_non_null(line);
	troubles++;
}

static void set_hold(bool value)
{
	pthread_mutex_lock(&lock);
	hold = value;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void wait_for_done(unsigned count)
{
	pthread_mutex_lock(&lock);
	while (done_count < count)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void make_job(struct writer_job *job, unsigned id, size_t bytes)
{
	struct complaint complaint;
	char text[64];

	snprintf(text, sizeof(text), "{\"id\":\"%u\",\"event\":\"e\"}", id);
	memset(job, 0, sizeof(*job));
	assert_int_equal(ingest_json(text, strlen(text), 0, &job->batch, &complaint), 0);
	job->batch.bytes = bytes;
	job->done = done;
}

static int set_up(void **state)
{
	struct store *store = NULL;

	hold = false;
	done_count = 0;
	troubles = 0;
	*state = store;
	alarm(60); /* the deadline of every wait in here */
	if (store_open(NULL, STORE_MEMORY, &store) != 0)
		return -1;
	*state = store;
	return 0;
}

static int tear_down(void **state)
{
	store_close(*state);
	return 0;
}

static int64_t total(struct store *store)
{
	int64_t count = -1;

	assert_int_equal(store_total(store, &count), 0);
	return count;
}

static void every_job_is_told_what_was_new_and_what_a_repeat(void **state)
{
	struct writer_job jobs[20];
	struct writer *writer;

	assert_int_equal(writer_start(*state, trouble, &writer), 0);
	for (unsigned i = 0; i < 20; i++) {
		make_job(&jobs[i], i / 2, 10);
		assert_int_equal(writer_push(writer, &jobs[i]), 0);
	}
	writer_stop(writer);
	assert_int_equal(done_count, 20);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(jobs[i].error, 0);
		assert_int_equal(jobs[i].events, 1);
		assert_int_equal(jobs[i].fresh, i % 2 == 0);
	}
	assert_int_equal(total(*state), 10);
}

static void a_full_queue_refuses_but_takes_one_job_of_any_size(void **state)
{
	struct writer_job first, large, small;
	struct writer *writer;

	assert_int_equal(writer_start(*state, trouble, &writer), 0);
	set_hold(true);
	make_job(&first, 1, 10);
	assert_int_equal(writer_push(writer, &first), 0);
	wait_for_done(1); /* the thread is inside done() now, the queue is empty */
	make_job(&large, 2, (size_t)1 << 30);
	make_job(&small, 3, 1);
	assert_int_equal(writer_push(writer, &large), 0);
	assert_int_equal(writer_push(writer, &small), -EAGAIN);
	set_hold(false);
	wait_for_done(2);
	while (writer_push(writer, &small) == -EAGAIN)
		usleep(1000);
	writer_stop(writer);
	assert_int_equal(total(*state), 3);
}

static void too_many_jobs_are_refused(void **state)
{
	struct writer_job *jobs = calloc(2000, sizeof(*jobs));
	struct writer *writer;
	unsigned taken = 1;

	assert_int_equal(writer_start(*state, trouble, &writer), 0);
	set_hold(true);
	make_job(&jobs[0], 0, 1);
	assert_int_equal(writer_push(writer, &jobs[0]), 0);
	wait_for_done(1);
	for (; taken < 2000; taken++) {
		make_job(&jobs[taken], taken, 1);
		if (writer_push(writer, &jobs[taken]) != 0)
			break;
	}
	assert_int_equal(taken, 1 + 1024);
	batch_free(&jobs[taken].batch);
	set_hold(false);
	writer_stop(writer);
	assert_int_equal(total(*state), 1025);
	free(jobs);
}

static void a_transaction_that_fails_fails_for_all_of_it_and_the_next_one_works(void **state)
{
	struct writer_job jobs[2];
	struct writer *writer;

	assert_int_equal(writer_start(*state, trouble, &writer), 0);
	/* A transaction that somebody else began: the writer cannot begin its own. */
	assert_int_equal(store_begin(*state), 0);
	make_job(&jobs[0], 1, 1);
	assert_int_equal(writer_push(writer, &jobs[0]), 0);
	wait_for_done(1);
	assert_true(jobs[0].error < 0);
	make_job(&jobs[1], 1, 1);
	assert_int_equal(writer_push(writer, &jobs[1]), 0);
	writer_stop(writer);
	assert_int_equal(jobs[1].error, 0);
	assert_int_equal(jobs[1].fresh, 1);
	assert_int_equal(troubles, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_job_is_told_what_was_new_and_what_a_repeat,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_queue_refuses_but_takes_one_job_of_any_size,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_many_jobs_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_transaction_that_fails_fails_for_all_of_it_and_the_next_one_works, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
