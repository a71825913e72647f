#include "tools/collector/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything the page shows comes from strangers. Nothing is loaded or run but the page's own style
 * sheet. */
static const char *const fixed_headers[][2] = {
	{ "Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none';"
				     " form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cache-Control", "no-store" },
};

static void set_json(struct answer *answer, unsigned status, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	free(answer->text);
	answer->status = status;
	answer->type = "application/json";
	answer->text = text;
	answer->length = text ? strlen(text) : 0;
}

void answer_complaint(struct answer *answer, unsigned status, const struct complaint *complaint)
{
	json_t *json = json_object();

	json_object_set_new(json, "error", json_string(complaint->what));
	if (complaint->where[0])
		json_object_set_new(json, "where", json_string(complaint->where));
	if (complaint->line > 0)
		json_object_set_new(json, "line", json_integer(complaint->line));
	if (complaint->column > 0)
		json_object_set_new(json, "column", json_integer(complaint->column));
	set_json(answer, status, json);
}

void answer_error(struct answer *answer, unsigned status, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	set_json(answer, status, json_pack("{s:s}", "error", text));
}

void answer_stored(struct answer *answer, uint32_t events, uint32_t repeats)
{
	set_json(answer, MHD_HTTP_OK,
		 json_pack("{s:b,s:i,s:i}", "success", 1, "events", (int)events, "repeats",
			   (int)repeats));
}

static void add_headers(const struct answer *answer, struct MHD_Response *response, bool close)
{
	char seconds[12];

	for (size_t i = 0; i < sizeof(fixed_headers) / sizeof(*fixed_headers); i++)
		MHD_add_response_header(response, fixed_headers[i][0], fixed_headers[i][1]);
	if (answer->type)
		MHD_add_response_header(response, "Content-Type", answer->type);
	if (answer->allow)
		MHD_add_response_header(response, "Allow", answer->allow);
	if (answer->retry_after) {
		snprintf(seconds, sizeof(seconds), "%u", answer->retry_after);
		MHD_add_response_header(response, "Retry-After", seconds);
	}
	if (answer->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"bookend\"");
	if (answer->status == MHD_HTTP_UNSUPPORTED_MEDIA_TYPE)
		MHD_add_response_header(response, "Accept-Encoding", "gzip");
	if (close)
		MHD_add_response_header(response, "Connection", "close");
}

enum MHD_Result answer_send(struct answer *answer, struct MHD_Connection *connection, bool close)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		answer->length, answer->text, MHD_RESPMEM_MUST_FREE);

	if (!response)
		return MHD_NO;
	answer->text = NULL;
	add_headers(answer, response, close);
	const enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

void answer_free(struct answer *answer)
{
	free(answer->text);
	*answer = (struct answer){ 0 };
}
