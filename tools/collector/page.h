/*
 * The collector's page: counts by service, the latest lifecycles, the latest events. Plain HTML
 * that needs no script. Every text in it is a stranger's and is written through html_text() or
 * html_value() only.
 */
#ifndef BOOKEND_COLLECTOR_PAGE_H
#define BOOKEND_COLLECTOR_PAGE_H

#include <stdio.h>

#include "tools/collector/store.h"

#define PAGE_COUNTED	10000 /* events that the counts are made of */
#define PAGE_SESSIONS	500   /* events whose lifecycles are looked up */
#define PAGE_LIFECYCLES 50
#define PAGE_EVENTS	100
#define PAGE_CELL	300 /* characters of one cell */

/* service: show this one only; NULL: all. 0 or -errno. */
int page_write(struct store *store, const char *service, FILE *out);

/* GET /style.css */
const char *page_style(void);

#endif
