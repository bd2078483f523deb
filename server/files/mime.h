/* SPDX-License-Identifier: MIT */
/* Media types (RFC 9110 section 8.3) by the extension of a file's name. */
#ifndef OUTRIDER_FILES_MIME_H
#define OUTRIDER_FILES_MIME_H

#include "server/base/text.h"

/*
 * The media type of a file, by the extension of its path's last segment without regard to case;
 * application/octet-stream when there is none or it is not known. The text is constant.
 */
struct text mime_find(struct text path);

#endif
