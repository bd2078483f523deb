# SPDX-License-Identifier: MIT
#
# `make check` runs the unit tests, replays the fuzz corpora and checks the order of the tree.
# A new unit test: its file and its floor below, and one line in tests/unit/main_FLOOR.c.

AM_TESTS_ENVIRONMENT = \
	CK_DEFAULT_TIMEOUT=30; export CK_DEFAULT_TIMEOUT; \
	top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	export top_srcdir top_builddir;
TEST_EXTENSIONS = .sh

arch_tests = \
	tests/arch/includes.sh \
	tests/arch/keys.sh \
	tests/arch/sizes.sh
dist_check_SCRIPTS = $(arch_tests)
TESTS += $(arch_tests)

# tests/arch/keys.sh asks the program for its keys.
check_PROGRAMS += print_keys
print_keys_SOURCES = tests/unit/print_keys.c
print_keys_LDADD = libapp.a libgateway.a libhttp.a libbase.a $(INIH_LIBS)

# ---- unit tests ----

unit_tests = \
	check_base \
	check_config \
	check_files \
	check_gateway \
	check_h2 \
	check_http \
	check_spawner

check_run = tests/unit/run.c tests/unit/run.h
check_libs = $(CHECK_LIBS)

# The scripted client of the HTTP/2 engine.
peer_h2_reader = tests/peer/octets.h tests/peer/h2_reader.c tests/peer/h2_reader.h
peer_h2 = $(peer_h2_reader) tests/peer/h2_client.c tests/peer/h2_client.h tests/peer/h2_script.c

check_base_SOURCES = $(check_run) tests/unit/main_base.c \
	tests/unit/test_base.c \
	tests/unit/test_pipe.c
check_base_LDADD = libbase.a $(check_libs)

check_config_SOURCES = $(check_run) tests/unit/main_config.c \
	tests/unit/test_config.c \
	tests/unit/test_config_errors.c
check_config_LDADD = libapp.a libgateway.a libhttp.a libbase.a $(INIH_LIBS) $(check_libs)

check_files_SOURCES = $(check_run) tests/unit/main_files.c \
	tests/unit/fetch.c tests/unit/fetch.h \
	tests/unit/folder.c tests/unit/folder.h \
	tests/unit/test_filecache.c \
	tests/unit/test_files.c
check_files_LDADD = libfiles.a libio.a libhttp.a libbase.a $(EV_LIBS) $(check_libs)

check_gateway_SOURCES = $(check_run) tests/unit/main_gateway.c \
	tests/unit/test_cgi_env.c \
	tests/unit/test_cgi_head.c \
	tests/unit/test_fcgi_record.c
check_gateway_LDADD = libgateway.a libhttp.a libbase.a $(check_libs)

# The engine does no I/O: nothing but floors 0 and 1 stands here, and must not.
check_h2_SOURCES = $(check_run) tests/unit/main_h2.c $(peer_h2) \
	tests/unit/h2_cases.c tests/unit/h2_cases.h \
	tests/unit/test_h2_conn.c \
	tests/unit/test_h2_recv.c \
	tests/unit/test_h2_send.c \
	tests/unit/test_hpack.c \
	tests/unit/test_hpack_enc.c
check_h2_LDADD = libh2.a libhttp.a libbase.a $(check_libs)
# test_h2_conn.c counts the allocations of the engine.
check_h2_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc

check_http_SOURCES = $(check_run) tests/unit/main_http.c \
	tests/unit/test_exchange.c \
	tests/unit/test_http.c
check_http_LDADD = libhttp.a libbase.a $(check_libs)

check_spawner_SOURCES = $(check_run) tests/unit/main_spawner.c \
	tests/unit/folder.c tests/unit/folder.h \
	tests/unit/spawn_rig.c tests/unit/spawn_rig.h \
	tests/unit/test_spawn_talk.c \
	tests/unit/test_spawner.c
check_spawner_LDADD = libgateway.a libio.a libhttp.a libbase.a $(EV_LIBS) $(check_libs)

if HAVE_CHECK
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
else
EXTRA_PROGRAMS = $(unit_tests)
check-local:
	@echo 'No unit tests were built: install check (Debian package: check), configure again.'
endif

# ---- fuzzing ----
#
# Each tests/fuzz/fuzz_NAME.c becomes fuzz_NAME: with --enable-fuzz a libFuzzer program, otherwise one
# that `make check` runs over the files of tests/fuzz/corpus/NAME (replay.c).

fuzz_programs = \
	fuzz_cgi_head \
	fuzz_fcgi_record \
	fuzz_h2_conn \
	fuzz_hpack \
	fuzz_ini

if FUZZ
noinst_PROGRAMS += $(fuzz_programs)
fuzz_main =
fuzz_engine = $(FUZZ_LDFLAGS)
else
check_PROGRAMS += $(fuzz_programs)
TESTS += $(fuzz_programs)
fuzz_main = tests/fuzz/replay.c
fuzz_engine =
endif

fuzz_cgi_head_SOURCES = tests/fuzz/fuzz_cgi_head.c $(fuzz_main)
fuzz_cgi_head_LDADD = libgateway.a libhttp.a libbase.a $(fuzz_engine)
fuzz_fcgi_record_SOURCES = tests/fuzz/fuzz_fcgi_record.c $(fuzz_main)
fuzz_fcgi_record_LDADD = libgateway.a libhttp.a libbase.a $(fuzz_engine)
fuzz_h2_conn_SOURCES = tests/fuzz/fuzz_h2_conn.c $(peer_h2_reader) $(fuzz_main)
fuzz_h2_conn_LDADD = libh2.a libhttp.a libbase.a $(fuzz_engine)
fuzz_hpack_SOURCES = tests/fuzz/fuzz_hpack.c $(fuzz_main)
fuzz_hpack_LDADD = libh2.a libhttp.a libbase.a $(fuzz_engine)
fuzz_ini_SOURCES = tests/fuzz/fuzz_ini.c $(fuzz_main)
fuzz_ini_LDADD = libapp.a libgateway.a libhttp.a libbase.a $(INIH_LIBS) $(fuzz_engine)

# ---- what make does not build ----

# Whole folders: scripts and inputs that nothing compiles.
EXTRA_DIST += .ci/run tests/run tests/fuzz/corpus tests/fuzz/h2_conn.dict tests/conformance \
	tests/integration

dist-hook:
	rm -rf '$(distdir)/tests/integration/__pycache__' '$(distdir)/tests/conformance/__pycache__'
