/*
 * One value of the auxiliary vector (getauxval(3)), 0 when it is missing. Constructor only.
 */
#ifndef BOOKEND_SHIM_AUXILIARY_H
#define BOOKEND_SHIM_AUXILIARY_H

/* Once, before the first look: with the constructor's own arguments. */
void auxiliary_begin(int argc, char **argv, char **envp);

unsigned long auxiliary_value(unsigned long type);

#endif
