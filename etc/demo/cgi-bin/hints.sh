#!/bin/sh
# SPDX-License-Identifier: MIT
# Early Hints from a shell script: one header block at once, the page after a second of "work".
printf '%s\n' 'Status: 103 Early Hints' \
	'Link: </style.css>; rel=preload; as=style' \
	'Link: </app.js>; rel=preload; as=script' ''
sleep 1
printf '%s\n' 'Status: 200 OK' 'Content-Type: text/html; charset=utf-8' 'Cache-Control: no-store' ''
cat <<END
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shell, CGI - Outrider</title>
<link rel="icon" href="/logo.svg">
<link rel="stylesheet" href="/style.css">
<script src="/app.js" defer></script>
</head>
<body>
<main>
<p><a href="/">&larr; Outrider</a></p>
<h1>Shell, CGI</h1>
<p class="lead">103 (Early Hints) by <code>printf</code>, the page a second later.</p>
<dl>
<dt>Protocol</dt><dd>$SERVER_PROTOCOL</dd>
<dt>Process</dt><dd>$$</dd>
</dl>
<h2>What the browser saw</h2>
<div id="timings"></div>
</main>
</body>
</html>
END
