/*
 * What a pool counts, how full it is, and the tally of those that found no pool.
 */
#include "base/pool.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "base/paths.h"
#include "base/sys.h"
#include "base/text.h"

#define LOSSES_FILE "/losses"
#define LOSSES_MAX  (1024 * 1024)

void pool_count(struct pool *pool, enum pool_count which, uint64_t by)
{
	atomic_fetch_add_explicit(&pool->header->count[which], by, memory_order_relaxed);
}

uint64_t pool_counted(const struct pool *pool, enum pool_count which)
{
	return atomic_load_explicit(&pool->header->count[which], memory_order_relaxed);
}

const char *pool_count_text(enum pool_count which)
{
	static const char *const texts[] = {
#define COUNT(name, lower, text) [POOL_##name] = text,
#include "base/pool_counts.def"
#undef COUNT
	};

	return (unsigned)which < POOL_COUNT_LAST ? texts[which] : "unknown";
}

const char *pool_count_name(enum pool_count which)
{
	static const char *const names[] = {
#define COUNT(name, lower, text) [POOL_##name] = #lower,
#include "base/pool_counts.def"
#undef COUNT
	};

	return (unsigned)which < POOL_COUNT_LAST ? names[which] : "unknown";
}

void pool_usage(const struct pool *pool, uint32_t *taken, uint32_t *slots)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < pool->slots; i++) {
		uint64_t word = atomic_load_explicit(&pool->claims[i], memory_order_relaxed);

		count += CLAIM_STATE(word) != CLAIM_FREE;
	}
	*taken = count;
	*slots = pool->slots;
}

/* Past RLIMIT_FSIZE write(2) would send SIGXFSZ, which kills the host. */
static bool may_write(int file)
{
	struct rlimit limit;
	struct stat st;

	return sys_call(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit) == 0 &&
	       limit.rlim_cur > LOSSES_MAX && sys_fstat(file, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size < LOSSES_MAX;
}

void pool_tally_loss(const char *state, enum reason reason)
{
	char path[PATHS_MAX];
	struct text t = text_init(path, sizeof(path));
	uint8_t byte = (uint8_t)reason;
	int file;

	text_add(&t, state);
	text_add(&t, LOSSES_FILE);
	if (t.truncated)
		return;
	file = sys_openat(AT_FDCWD, path,
			  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
			  0600);
	if (file < 0)
		return;
	if (may_write(file))
		sys_write(file, &byte, 1);
	sys_close(file);
}
