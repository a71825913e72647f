/*
 * plugin.so and other.so, which nothing is linked with.
 */
#ifndef TESTS_HOOKS_PLUGIN_H
#define TESTS_HOOKS_PLUGIN_H

int plugin_run(int times);    /* calls getppid() and callee_add(); times when all went well */
int plugin_within(int value); /* calls plugin_value() through its own PLT */
int plugin_value(int value);
/* Also defined by the program: who is called is the loader's decision. */
int plugin_whose(void);
int plugin_ask_whose(void);

#endif
