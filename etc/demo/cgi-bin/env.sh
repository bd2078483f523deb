#!/bin/sh
# SPDX-License-Identifier: MIT
# Shows the environment a CGI program gets.
printf 'Content-Type: text/plain; charset=utf-8\n\n'
env | LC_ALL=C sort
