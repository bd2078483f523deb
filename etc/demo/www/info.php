<?php
// SPDX-License-Identifier: MIT
// The variables that PHP got with this request.
header('Content-Type: text/plain; charset=utf-8');
header('Cache-Control: no-store');
$shown = $_SERVER;
ksort($shown);
foreach ($shown as $name => $value) {
    if (is_scalar($value)) {
        echo $name, '=', $value, "\n";
    }
}
