# SPDX-License-Identifier: MIT

dist_man_MANS += docs/outrider.8 docs/outrider.conf.5

EXTRA_DIST += \
	docs/architecture.md
