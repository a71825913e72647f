/*
 * The subcommands of `bookend`: one file each, listed in commands.def, called by main() with
 * argv[0] set to the subcommand's name. They print what was asked for on stdout and everything else
 * on stderr, and return the exit status of the whole program.
 */
#ifndef BOOKEND_TOOLS_COMMAND_H
#define BOOKEND_TOOLS_COMMAND_H

#define STATUS_OK	 0
#define STATUS_FAILED	 1
#define STATUS_USAGE	 2
#define STATUS_WAITING	 75  /* EX_TEMPFAIL of sysexits.h: something waits for a later try */
#define STATUS_NOT_RUN	 125 /* run: nothing was started, as with env(1) and timeout(1) */
#define STATUS_NO_EXEC	 126 /* run: found, but can not be executed */
#define STATUS_NOT_FOUND 127 /* run: not found */

#define COMMAND(function, name, summary) int function(int argc, char **argv);
#include "tools/commands.def"
#undef COMMAND

#endif
