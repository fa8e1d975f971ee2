/* Any text is a script or a parse error with a place inside the text; never a read outside of it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "drill/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + (size == 0));
    struct script script;

    assert(text != NULL);
    memcpy(text, data, size);
    if (!drill_script_parse(&script, "fuzz", text, size, NULL)) {
        assert(script.failed && script.error[0] != '\0' && script.error_at.line >= 1);
        (void)drill_script_line(&script, script.error_at.line);
    }
    drill_script_release(&script);
    free(text);
    return 0;
}
