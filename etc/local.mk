# SPDX-License-Identifier: MIT
# Sample programs, the demo and the sample configuration.

# ---- FastCGI programs in C; tests and demo run them, `make install` puts them into pkglibexecdir ----

app_programs = \
	etc/demo/apps/crash.fcgi \
	etc/demo/apps/echo.fcgi \
	etc/demo/apps/hello.fcgi \
	etc/demo/apps/hints.fcgi \
	etc/demo/apps/sink.fcgi \
	etc/demo/apps/slow.fcgi \
	etc/demo/apps/source.fcgi
pkglibexec_PROGRAMS = $(app_programs)

app_common = etc/demo/apps/app.c etc/demo/apps/app.h
app_libs = $(FCGI_LIBS)

etc_demo_apps_crash_fcgi_SOURCES = etc/demo/apps/crash.c $(app_common)
etc_demo_apps_crash_fcgi_LDADD = $(app_libs)
etc_demo_apps_echo_fcgi_SOURCES = etc/demo/apps/echo.c $(app_common)
etc_demo_apps_echo_fcgi_LDADD = $(app_libs)
etc_demo_apps_hello_fcgi_SOURCES = etc/demo/apps/hello.c $(app_common)
etc_demo_apps_hello_fcgi_LDADD = $(app_libs)
etc_demo_apps_hints_fcgi_SOURCES = etc/demo/apps/hints.c $(app_common)
etc_demo_apps_hints_fcgi_LDADD = $(app_libs)
etc_demo_apps_sink_fcgi_SOURCES = etc/demo/apps/sink.c $(app_common)
etc_demo_apps_sink_fcgi_LDADD = $(app_libs) $(OPENSSL_LIBS)
etc_demo_apps_slow_fcgi_SOURCES = etc/demo/apps/slow.c $(app_common)
etc_demo_apps_slow_fcgi_LDADD = $(app_libs)
etc_demo_apps_source_fcgi_SOURCES = etc/demo/apps/source.c $(app_common)
etc_demo_apps_source_fcgi_LDADD = $(app_libs)

# ---- demo site and CGI programs ----

demodir = $(pkgdatadir)/demo
EXTRA_DIST += etc/demo/run etc/demo/demo.ini.in etc/packages

demowwwdir = $(demodir)/www
dist_demowww_DATA = \
	etc/demo/www/app.js \
	etc/demo/www/hints.php \
	etc/demo/www/index.php \
	etc/demo/www/info.php \
	etc/demo/www/logo.svg \
	etc/demo/www/style.css

demophpdir = $(demodir)/php
dist_demophp_DATA = etc/demo/php/early-hints.php

democgidir = $(demodir)/cgi-bin
dist_democgi_SCRIPTS = \
	etc/demo/cgi-bin/echo.pl \
	etc/demo/cgi-bin/env.sh \
	etc/demo/cgi-bin/hints.pl \
	etc/demo/cgi-bin/hints.sh

# ---- sample configuration: never over one that is there already, removed only while untouched ----

EXTRA_DIST += etc/outrider.ini

install-data-hook:
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)/outrider'
	@ini='$(DESTDIR)$(sysconfdir)/outrider/outrider.ini'; \
	if test -e "$$ini"; then \
		echo "$$ini is there already and stays as it is"; \
	else \
		echo "$(INSTALL_DATA) $(srcdir)/etc/outrider.ini $$ini"; \
		$(INSTALL_DATA) '$(srcdir)/etc/outrider.ini' "$$ini"; \
	fi

uninstall-hook:
	@ini='$(DESTDIR)$(sysconfdir)/outrider/outrider.ini'; \
	if cmp -s '$(srcdir)/etc/outrider.ini' "$$ini"; then \
		rm -f "$$ini"; \
	elif test -e "$$ini"; then \
		echo "$$ini was changed and stays"; \
	fi
	-@rmdir '$(DESTDIR)$(sysconfdir)/outrider' 2>/dev/null || :
	-@rmdir '$(DESTDIR)$(demowwwdir)' '$(DESTDIR)$(demophpdir)' '$(DESTDIR)$(democgidir)' \
		'$(DESTDIR)$(demodir)' '$(DESTDIR)$(pkgdatadir)' '$(DESTDIR)$(pkglibexecdir)' \
		2>/dev/null || :
