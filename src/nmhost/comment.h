/*
 * comment.h - the comments on a capture's frames: the first 1,000.
 *
 * One thread finds them as it walks through the file; any other may ask for those that it has
 * found.
 */
#pragma once

#include "format.h"

/* Before the walk: takes those of Network Monitor, which name frames by their offset. */
void comment_begin(const FORMAT *format, VIEWS *views);

/* In the walk: takes the frame's comment, or finds those that name it. */
void comment_take(VIEWS *views, DWORD number, const FORMAT_RECORD *record);

/* As capture_frame_comment. */
BOOL comment_get(DWORD index, CAPTURE_COMMENT *comment);

void comment_forget(void);
