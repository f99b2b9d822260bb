/*
 * main.c - nmhost runs Network Monitor experts over captures; README.md says how.
 */
#include "report.h"
#include "say.h"

static OPTIONS options;

static void run_all(const LIBRARY *library)
{
    DWORD captures = options.list ? 1 : options.captures;

    for (DWORD capture = 0; capture < captures; capture++) {
        for (DWORD expert = 0; expert < options.experts; expert++) {
            RUN run = {.options = &options,
                       .capture = options.list ? NULL : options.capture[capture],
                       .expert = options.expert[expert],
                       .first = expert == 0,
                       .sink = report_sink};
            report_run(&run);
            if (options.in_process)
                run_here(library, &run);
            else
                run_in_child(&run);
        }
    }
}

int main(int argument_count, char **arguments)
{
    LIBRARY library;

    if (!options_parse(argument_count, arguments, &options))
        return 2;
    if (options.help) {
        options_help();
        return 0;
    }
    if (options.pipe != 0 && options.parent != 0)
        return run_as_child(&options);
    if (options.in_process && !run_prepare(&library))
        return 2;
    if (!report_begin(&options))
        return 2;
    run_all(&library);
    if (options.in_process)
        library_unload(&library);
    return report_end();
}
