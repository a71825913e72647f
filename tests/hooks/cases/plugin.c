#include "plugin.h"

#include <unistd.h>

#include "callee.h"

int plugin_run(int times)
{
	int well = 0;

	for (int i = 0; i < times; i++)
		well += getppid() > 0 && callee_add(i, 1) == i + 1;
	return well;
}

int plugin_value(int value)
{
	return value + 1;
}

int plugin_within(int value)
{
	return plugin_value(value) * 10;
}

int plugin_whose(void)
{
	return 2;
}

int plugin_ask_whose(void)
{
	return plugin_whose();
}
