#include "html.h"

#include "capture.h"
#include "output.h"
#include "say.h"
#include "terminal.h"

static OUTPUT output;
static BOOL failed;
static const REPORT_RUN *last_run;
static DWORD events; /* of that one */

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>nmhost</title>\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n"
    ":root{color-scheme:light dark;--back:#fff;--text:#1d2330;--line:#d9dde5;--soft:#f3f5f9;"
    "--bar:#4a7bd0;--bad:#b3261e}\n"
    "@media(prefers-color-scheme:dark){:root{--back:#15181e;--text:#e4e7ee;--line:#343a46;"
    "--soft:#1e232c;--bar:#5f8fe0;--bad:#ff8a80}}\n"
    "body{background:var(--back);color:var(--text);font:15px/1.45 system-ui,sans-serif;"
    "max-width:75rem;margin:0 auto;padding:1.5rem;display:flex;flex-direction:column}\n"
    "h1{font-size:1.4rem;margin:0 0 .5rem;order:0}\n"
    "h2{font-size:1.1rem;margin:1.5rem 0 .5rem}\n#runs{order:1}#events{order:2}\n"
    "section{overflow-x:auto}table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);"
    "vertical-align:top}\n"
    "th{background:var(--soft);cursor:pointer;white-space:nowrap}\n"
    "th[aria-sort=ascending]::after{content:' \\25B2'}"
    "th[aria-sort=descending]::after{content:' \\25BC'}\n"
    "td:first-child{white-space:nowrap}td.n{text-align:right;font-variant-numeric:tabular-nums;"
    "white-space:nowrap}\n"
    "td.bad{color:var(--bad);font-weight:600}\n"
    ".bar{display:block;height:.45rem;margin-top:.2rem;background:var(--bar);border-radius:2px;"
    "min-width:1px;margin-left:auto}\n"
    "b{font-weight:400;opacity:.7}\n</style></head><body><h1>Experts and what they found</h1>\n"
    "<section id=\"events\"><h2>Events</h2><table><thead><tr><th>Capture<th>Expert<th>Severity"
    "<th>Time<th>Frame<th>Event<th>Columns</tr></thead><tbody>\n";

static const char runs_head[] =
    "</tbody></table></section>\n<section id=\"runs\"><h2>Runs</h2><table><thead><tr><th>Capture"
    "<th>Expert<th>Outcome<th>Time, ms<th>Frames a second<th>Peak, bytes<th>Blocks still held"
    "<th>Bytes still held<th>Events</tr></thead><tbody>\n";

static const char foot[] =
    "</tbody></table></section>\n<script>\n"
    "for(const h of document.querySelectorAll('th'))h.onclick=()=>{\n"
    "const t=h.closest('table'),b=t.tBodies[0],i=h.cellIndex,"
    "d=h.ariaSort==='ascending'?-1:1;\n"
    "for(const o of t.querySelectorAll('th'))o.ariaSort=null;\n"
    "h.ariaSort=d>0?'ascending':'descending';\n"
    "const k=r=>{const c=r.cells[i];return c.dataset.v??c.textContent};\n"
    "const c=(x,y)=>{const p=+x,q=+y;return x!==''&&y!==''&&!isNaN(p)&&!isNaN(q)?p-q:"
    "x.localeCompare(y)};\n"
    "b.append(...[...b.rows].sort((x,y)=>d*c(k(x),k(y))))}\n"
    "</script></body></html>\n";

BOOL html_open(const char *path)
{
    failed = FALSE;
    last_run = NULL;
    if (!output_open(&output, path))
        return FALSE;
    output_text(&output, head);
    return TRUE;
}

/* HTML's own characters and those that are not ASCII by number: only the expert knows their code
   page. */
static void put_escaped(const char *text)
{
    for (; *text != '\0'; text++) {
        BYTE letter = (BYTE)*text;
        if (letter == '<' || letter == '>' || letter == '&' || letter == '"' || letter >= 0x7F) {
            output_text(&output, "&#");
            output_number(&output, letter);
            output_character(&output, ';');
        } else {
            output_character(&output, *text);
        }
    }
}

static void put_cell(const char *text)
{
    output_text(&output, "<td>");
    put_escaped(text);
}

/* With its value for the order, and a bar where most is not 0. */
static void put_number(ULONGLONG number, ULONGLONG most, BOOL bad)
{
    char text[32];

    output_text(&output, bad ? "<td class=\"n bad\" data-v=\"" : "<td class=\"n\" data-v=\"");
    output_number(&output, number);
    output_text(&output, "\">");
    output_text(&output, say_number(number, text));
    if (most != 0) {
        output_text(&output, "<span class=\"bar\" style=\"width:");
        output_number(&output, number * 100 / most);
        output_text(&output, "%\"></span>");
    }
}

void html_event(const REPORT_RUN *run, const EVENT_ROW *row)
{
    char time[TERMINAL_TIME];

    if (output.file == NULL)
        return;
    if (run != last_run)
        events = 0;
    last_run = run;
    if (events++ == HTML_EVENTS) {
        output_text(&output, "<tr>");
        put_cell(report_file_name(run->capture));
        put_cell(run->facts.name);
        output_text(&output, "<td><td><td><td>more, which are not on this page<td></tr>\n");
    }
    if (events > HTML_EVENTS)
        return;
    const char *event = message_string(row, message_string(row, NULL)); /* behind the source */
    const char *description = message_string(row, event);
    output_text(&output, "<tr>");
    put_cell(report_file_name(run->capture));
    put_cell(run->facts.name);
    output_text(&output, "<td data-v=\"");
    output_number(&output, row->severity);
    output_text(&output, "\">");
    output_text(&output, terminal_severity(row->severity));
    put_cell(terminal_time(row, time));
    if (row->frame != CAPTURE_NO_FRAME)
        put_number(row->frame, 0, FALSE);
    else
        output_text(&output, "<td>");
    put_cell(event);
    if (description[0] != '\0') {
        output_text(&output, "<br><b>");
        put_escaped(description);
        output_text(&output, "</b>");
    }
    output_text(&output, "<td>");
    const char *name = message_string(row, description);
    BOOL first = TRUE;
    for (DWORD column = 0; column < row->columns; column++) {
        const char *value = message_string(row, name);
        if (*value != '\0' && value[1] != '\0') { /* behind the side that it goes to */
            output_text(&output, first ? "<b>" : "; <b>");
            put_escaped(name);
            output_text(&output, "</b> ");
            put_escaped(value + 1);
            first = FALSE;
        }
        name = message_string(row, value);
    }
    output_text(&output, "</tr>\n");
}

static void put_run(const REPORT_RUN *run, DWORD longest, ULONGLONG highest)
{
    const RESULT *result = &run->result;
    char outcome[32];

    output_text(&output, "<tr>");
    put_cell(run->capture != NULL ? report_file_name(run->capture) : "");
    put_cell(run->facts.name);
    output_text(&output, result->outcome == OUTCOME_RETURNED ? "<td>" : "<td class=\"bad\">");
    put_escaped(report_outcome(result, outcome));
    if (result->usage_known) {
        put_number(result->milliseconds, longest, FALSE);
        put_number(report_rate(result), 0, FALSE);
        put_number(result->peak, highest, FALSE);
        put_number(result->blocks, 0, result->blocks != 0);
        put_number(result->bytes, 0, result->bytes != 0);
        put_number(result->events, 0, FALSE);
    } else {
        output_text(&output, "<td colspan=\"6\">unknown");
    }
    output_text(&output, "</tr>\n");
}

void html_close(const REPORT_RUN *runs, DWORD count)
{
    DWORD longest = 0;
    ULONGLONG highest = 0;

    if (output.file == NULL)
        return;
    for (DWORD index = 0; index < count; index++) {
        if (runs[index].result.milliseconds > longest)
            longest = runs[index].result.milliseconds;
        if (runs[index].result.peak > highest)
            highest = runs[index].result.peak;
    }
    output_text(&output, runs_head);
    for (DWORD index = 0; index < count; index++)
        put_run(&runs[index], longest, highest);
    output_text(&output, foot);
    failed = !output_close(&output);
}

BOOL html_failed(void)
{
    return failed;
}
