#include "tools/collector/page.h"

static const char style[] =
	"body { font: 15px/1.5 system-ui, sans-serif; color: #1d2127; background: #fff;\n"
	"  margin: 2em auto; max-width: 75em; padding: 0 1.5em }\n"
	"h1 { font-size: 1.6em; margin: 0 }\n"
	"h2 { font-size: 1.1em; margin: 2em 0 .5em }\n"
	"table { border-collapse: collapse; width: 100% }\n"
	"table.counts { width: auto }\n"
	"th, td { text-align: left; vertical-align: top; padding: .3em 1.5em .3em 0;\n"
	"  border-bottom: 1px solid #e4e7eb; overflow-wrap: anywhere }\n"
	"th { font-weight: 600; color: #5b6673; white-space: nowrap }\n"
	"tr:hover td { background: #f6f8fa }\n"
	".number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }\n"
	".time { white-space: nowrap; font-variant-numeric: tabular-nums }\n"
	".json, code { font: 12.5px/1.6 ui-monospace, monospace }\n"
	".none, .open, .unknown, .exec { color: #6b7580 }\n"
	".failed { color: #a15c00 }\n"
	".crashed, .vanished { color: #b3261e }\n"
	"a { color: #0b57a4; text-decoration: none }\n"
	"a:hover, a:focus { text-decoration: underline }\n"
	"@media (max-width: 45em) {\n"
	"  body { padding: 0 .8em }\n"
	"  th, td { padding-right: .7em }\n"
	"  .time { white-space: normal }\n"
	"}\n"
	"@media (prefers-color-scheme: dark) {\n"
	"  body { color: #dfe3e8; background: #15181c }\n"
	"  th, .none, .open, .unknown, .exec { color: #98a3af }\n"
	"  th, td { border-color: #2c323a }\n"
	"  tr:hover td { background: #1d2228 }\n"
	"  .failed { color: #e0a458 }\n"
	"  .crashed, .vanished { color: #f2847d }\n"
	"  a { color: #7db4f0 }\n"
	"}\n";

const char *page_style(void)
{
	return style;
}
