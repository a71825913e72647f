/*
 * The subcommands of bookend-collector. argv[0] is the subcommand's name; the result is the exit
 * status: 0, 1 when it failed, 2 for a wrong command line.
 */
#ifndef BOOKEND_COLLECTOR_COLLECTOR_H
#define BOOKEND_COLLECTOR_COLLECTOR_H

int collect_main(int argc, char **argv);
int report_main(int argc, char **argv);

/* --db, or else collector.db in the state directory; made: create that directory. NULL, after a
 * message on stderr. */
const char *collector_database(const char *option, int make, char *into, unsigned long capacity);

#endif
