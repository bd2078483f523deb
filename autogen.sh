#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes configure and the Makefile templates; needs autoconf, automake and pkg-config.
set -eu
cd "$(dirname "$0")"
exec autoreconf -fi
