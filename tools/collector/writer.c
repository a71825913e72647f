#include "tools/collector/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define QUEUE_JOBS  1024
#define QUEUE_BYTES (16u << 20) /* of bodies; parsed they take about ten times as much */

struct writer {
	struct store *store;
	void (*trouble)(const char *line);
	pthread_t thread;
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t more;
	struct writer_job *first;
	struct writer_job **last; /* where the next one is hung */
	unsigned jobs;
	size_t bytes;
	bool stop;
};

/* Waits for jobs and takes them all; NULL: none will come. */
static struct writer_job *take(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	while (!writer->first && !writer->stop)
		pthread_cond_wait(&writer->more, &writer->lock);
	struct writer_job *jobs = writer->first;
	writer->first = NULL;
	writer->last = &writer->first;
	writer->jobs = 0;
	writer->bytes = 0;
	pthread_mutex_unlock(&writer->lock);
	return jobs;
}

static int store_all(struct store *store, struct writer_job *jobs)
{
	int error = store_begin(store);

	for (struct writer_job *job = jobs; job && !error; job = job->next)
		error = store_insert(store, &job->batch, job->received, &job->fresh);
	return error ? error : store_commit(store);
}

static void *work(void *context)
{
	struct writer *writer = context;

	for (struct writer_job *jobs = take(writer); jobs; jobs = take(writer)) {
		const int error = store_all(writer->store, jobs);
		if (error) {
			writer->trouble(store_trouble(writer->store));
			store_rollback(writer->store);
		}
		while (jobs) {
			struct writer_job *job = jobs;
			jobs = job->next;
			job->error = error;
			job->events = job->batch.count;
			batch_free(&job->batch);
			job->done(job);
		}
	}
	return NULL;
}

int writer_start(struct store *store, void (*trouble)(const char *line), struct writer **into)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return -ENOMEM;
	writer->store = store;
	writer->trouble = trouble;
	writer->last = &writer->first;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->more, NULL);
	const int error = pthread_create(&writer->thread, NULL, work, writer);
	if (error) {
		free(writer);
		return -error;
	}
	*into = writer;
	return 0;
}

int writer_push(struct writer *writer, struct writer_job *job)
{
	int error = 0;

	job->next = NULL;
	pthread_mutex_lock(&writer->lock);
	if (writer->jobs == QUEUE_JOBS ||
	    (writer->jobs && writer->bytes + job->batch.bytes > QUEUE_BYTES)) {
		error = -EAGAIN;
	} else {
		*writer->last = job;
		writer->last = &job->next;
		writer->jobs++;
		writer->bytes += job->batch.bytes;
		pthread_cond_signal(&writer->more);
	}
	pthread_mutex_unlock(&writer->lock);
	return error;
}

void writer_stop(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->stop = true;
	pthread_cond_signal(&writer->more);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	pthread_cond_destroy(&writer->more);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}
