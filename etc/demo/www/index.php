<?php
// SPDX-License-Identifier: MIT
// The demo's front page; it sends a 103 itself, then "works" for 600 ms.
require __DIR__ . '/../php/early-hints.php';

$start = hrtime(true);
$hinted = early_hints([
    '</style.css>; rel=preload; as=style',
    '</app.js>; rel=preload; as=script',
    '</logo.svg>; rel=preload; as=image',
]);

usleep(600000);

final_head($hinted, ['Content-Type' => 'text/html; charset=utf-8', 'Cache-Control' => 'no-store']);
$show = fn (string $name): string => htmlspecialchars((string) ($_SERVER[$name] ?? ''));
?>
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Outrider</title>
<link rel="icon" href="/logo.svg">
<link rel="stylesheet" href="/style.css">
<script src="/app.js" defer></script>
</head>
<body>
<main>
<header>
<img src="/logo.svg" alt="">
<div>
<h1>Outrider is running</h1>
<p class="lead">Informational responses ride ahead of the final one.</p>
</div>
</header>

<dl>
<dt>Protocol</dt><dd><?= $show('SERVER_PROTOCOL') ?><?= isset($_SERVER['HTTPS']) ? ' over TLS' : ' in the clear' ?></dd>
<dt>Server</dt><dd><?= $show('SERVER_SOFTWARE') ?></dd>
<dt>This page</dt><dd>PHP <?= PHP_VERSION ?> (<?= htmlspecialchars(PHP_SAPI) ?>), stock</dd>
<dt>103 (Early Hints)</dt><dd><?= $hinted ? 'sent at once, with three Link fields' : 'not sent: the server did not announce that it understands one' ?></dd>
<dt>Final response</dt><dd><?= number_format((hrtime(true) - $start) / 1e6, 1) ?> ms later</dd>
</dl>

<h2>What the browser saw</h2>
<div id="timings"><p class="lead">Needs JavaScript.</p></div>

<h2>Each sends a 103, and the page a second later</h2>
<ul class="samples">
<li><a href="/hints.php"><b>PHP</b><span>php-fpm without an extension</span></a></li>
<li><a href="/c/hints"><b>C</b><span>FastCGI with libfcgi</span></a></li>
<li><a href="/cgi-bin/hints.pl"><b>Perl</b><span>CGI</span></a></li>
<li><a href="/cgi-bin/hints.sh"><b>Shell</b><span>CGI, three lines of printf</span></a></li>
</ul>

<h2>More</h2>
<ul class="samples">
<li><a href="/c/slow?progress=0.5&amp;head=2"><b>102 Processing</b><span>a slow head, then five lines that stream</span></a></li>
<li><a href="/info.php"><b>PHP variables</b><span>what the gateway tells a FastCGI application</span></a></li>
<li><a href="/cgi-bin/env.sh"><b>CGI environment</b><span>the same for a CGI program</span></a></li>
<li><a href="/c/hello"><b>Hello</b><span>the smallest FastCGI program</span></a></li>
</ul>

<h2>On the command line</h2>
<pre>nghttp -v https://<?= $show('HTTP_HOST') ?>/c/hints
curl -kiN https://<?= $show('HTTP_HOST') ?>/cgi-bin/hints.sh
curl -kT - https://<?= $show('HTTP_HOST') ?>/c/echo     # what you type comes back, line by line</pre>
</main>
</body>
</html>
