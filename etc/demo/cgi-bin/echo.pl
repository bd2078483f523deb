#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Full duplex: every piece of the request body goes back the moment it arrives.
use strict;
use warnings;

$| = 1;
binmode STDIN;
binmode STDOUT;
my $type = $ENV{CONTENT_TYPE} || 'application/octet-stream';
print "Content-Type: $type\r\n\r\n";
while (my $n = sysread STDIN, my $piece, 16384) {
	my $at = 0;
	while ($at < $n) {
		my $written = syswrite STDOUT, $piece, $n - $at, $at;
		exit 1 unless defined $written;
		$at += $written;
	}
}
