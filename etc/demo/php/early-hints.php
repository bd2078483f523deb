<?php
// SPDX-License-Identifier: MIT
//
// Early Hints from stock PHP, without an extension. PHP builds one header block and sends it with the
// first octets of output. So: no output buffers, a 103 as that block, and as "output" the first
// octets of the next header block, which is the final one. PHP itself then believes that the head
// was sent, so the final status and fields are written by hand: no cookies, no sessions by way
// of PHP's own functions. Never for HEAD, whose output PHP throws away.

/** Sends a 103 with these Link values; false where nobody would understand it. */
function early_hints(array $links): bool
{
    if (!isset($_SERVER['OUTRIDER_INFORMATIONAL']) || $_SERVER['REQUEST_METHOD'] === 'HEAD'
        || headers_sent()) {
        return false;
    }
    while (ob_get_level() > 0) {
        ob_end_clean();
    }
    header('Status: 103 Early Hints');
    foreach ($links as $link) {
        header("Link: $link", false);
    }
    echo "X-Hinted: yes\r\n";
    flush();
    return true;
}

/** The head of the final response, by hand after a 103, by PHP's own means without one. */
function final_head(bool $hinted, array $fields, int $status = 200): void
{
    if (!$hinted) {
        http_response_code($status);
        foreach ($fields as $name => $value) {
            header("$name: $value");
        }
        return;
    }
    echo "Status: $status\r\n";
    foreach ($fields as $name => $value) {
        echo "$name: $value\r\n";
    }
    echo "\r\n";
}
