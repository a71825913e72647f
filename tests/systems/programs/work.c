/*
 * The library: each function leaves a trace in a variable and does nothing else.
 */
#include "work.h"

volatile long work_done;

void route_changed(const char *url, const char *action)
{
	work_done += url[0] + action[0];
}

void apply_change(const char *what)
{
	work_done += what[0];
}

void report_error(const char *message)
{
	work_done += message[0];
}

void set_workspace_size(int elements)
{
	work_done += elements;
}

void spec_changed(void)
{
	work_done++;
}

void downloaded(void)
{
	work_done++;
}

void applied(void)
{
	work_done++;
}

void create_cd_pipeline(int number)
{
	work_done += number;
}

void create_ci_pipeline(int number)
{
	work_done += number;
}
