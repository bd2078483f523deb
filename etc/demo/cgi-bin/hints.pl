#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Early Hints from Perl: $| = 1 sends each block when it is printed.
use strict;
use warnings;
use Time::HiRes qw(sleep time);

$| = 1;
my $start = time;

print "Status: 103 Early Hints\r\n",
    "Link: </style.css>; rel=preload; as=style\r\n",
    "Link: </app.js>; rel=preload; as=script\r\n\r\n";
my $hinted = sprintf '%.1f', (time - $start) * 1000;

sleep 1;

my $ready = sprintf '%.1f', (time - $start) * 1000;
my $protocol = $ENV{SERVER_PROTOCOL} // '';
print "Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\r\n",
    <<"END";
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Perl, CGI - Outrider</title>
<link rel="icon" href="/logo.svg">
<link rel="stylesheet" href="/style.css">
<script src="/app.js" defer></script>
</head>
<body>
<main>
<p><a href="/">&larr; Outrider</a></p>
<h1>Perl, CGI</h1>
<p class="lead">103 (Early Hints) by <code>\$| = 1</code> and <code>print</code>, the page a second
later.</p>
<dl>
<dt>Protocol</dt><dd>$protocol</dd>
<dt>103 written after</dt><dd>$hinted ms</dd>
<dt>200 written after</dt><dd>$ready ms</dd>
</dl>
<h2>What the browser saw</h2>
<div id="timings"></div>
</main>
</body>
</html>
END
