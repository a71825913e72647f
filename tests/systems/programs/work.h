/*
 * What the stand-ins call in a library of their own, as programs do that are built of parts.
 */
#ifndef BOOKEND_TESTS_SYSTEMS_WORK_H
#define BOOKEND_TESTS_SYSTEMS_WORK_H

/* hasura console */
void route_changed(const char *url, const char *action);
/* salto */
void apply_change(const char *what);
void report_error(const char *message);
void set_workspace_size(int elements);
/* inception */
void spec_changed(void);
void downloaded(void);
void applied(void);
/* orchestrator */
void create_cd_pipeline(int number);
void create_ci_pipeline(int number);

#endif
