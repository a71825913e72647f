/*
 * Exceptions through the frames of hooks, which have no handlers but must be unwound.
 */
#include "cases.h"

#include <string>

#include "callee.h"

namespace
{
struct counted {
	int &count;
	~counted()
	{
		count++;
	}
};

void thrower(void *context)
{
	throw *static_cast<int *>(context);
}

int through(int value)
{
	int destroyed = 0;

	try {
		counted one{ destroyed };
		callee_back(thrower, &value);
	} catch (int caught) {
		return caught + destroyed;
	}
	return 0;
}
} // namespace

void case_throw(void)
{
	for (int i = 0; i < 3; i++)
		CHECK(through(i) == i + 1);
	CHECK(callee_add(1, 2) == 3);
}

/* Thrown by a function of the C++ library, which is itself hooked. */
void case_throw_library(void)
{
	bool caught = false;

	try {
		std::string("abc").at(17);
	} catch (const std::exception &e) {
		caught = true;
	}
	CHECK(caught);
}
