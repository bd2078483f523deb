<?php
// SPDX-License-Identifier: MIT
// Early Hints from PHP as Debian ships it; see ../php/early-hints.php for how.
require __DIR__ . '/../php/early-hints.php';

$start = hrtime(true);
$hinted = early_hints([
    '</style.css>; rel=preload; as=style',
    '</app.js>; rel=preload; as=script',
]);
$hintedAfter = (hrtime(true) - $start) / 1e6;

sleep(1);

final_head($hinted, ['Content-Type' => 'text/html; charset=utf-8', 'Cache-Control' => 'no-store']);
$readyAfter = (hrtime(true) - $start) / 1e6;
?>
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>PHP - Outrider</title>
<link rel="icon" href="/logo.svg">
<link rel="stylesheet" href="/style.css">
<script src="/app.js" defer></script>
</head>
<body>
<main>
<p><a href="/">&larr; Outrider</a></p>
<h1>PHP, <?= htmlspecialchars(PHP_SAPI) ?></h1>
<p class="lead">103 (Early Hints) by stock PHP <?= PHP_VERSION ?>, the page a second later.</p>
<dl>
<dt>Protocol</dt><dd><?= htmlspecialchars($_SERVER['SERVER_PROTOCOL']) ?></dd>
<?php if ($hinted): ?>
<dt>103 written after</dt><dd><?= number_format($hintedAfter, 1) ?> ms</dd>
<?php else: ?>
<dt>103</dt><dd>not sent: nobody announced that it would be understood</dd>
<?php endif ?>
<dt>200 written after</dt><dd><?= number_format($readyAfter, 1) ?> ms</dd>
</dl>
<h2>What the browser saw</h2>
<div id="timings"></div>
</main>
</body>
</html>
