# SPDX-License-Identifier: MIT
# The floors of the server, lowest first (docs/architecture.md). One line a module.

noinst_LIBRARIES += libbase.a libhttp.a

libbase_a_SOURCES = \
	server/base/idmap.c server/base/idmap.h \
	server/base/list.h \
	server/base/log.c server/base/log.h \
	server/base/pipe.c server/base/pipe.h \
	server/base/pool.c server/base/pool.h \
	server/base/text.c server/base/text.h

libhttp_a_SOURCES = \
	server/http/date.c server/http/date.h \
	server/http/exchange.c server/http/exchange.h \
	server/http/fields.c server/http/fields.h \
	server/http/head.c server/http/head.h \
	server/http/path.c server/http/path.h \
	server/http/status.c server/http/status.h

# ---- protocol engines: no sockets, no event loop ----

noinst_LIBRARIES += libh2.a

libh2_a_SOURCES = \
	server/h2/conn.c server/h2/conn.h \
	server/h2/errors.c server/h2/errors.h \
	server/h2/flow.h \
	server/h2/frame.c server/h2/frame.h \
	server/h2/hpack_dec.c server/h2/hpack.h \
	server/h2/hpack_enc.c \
	server/h2/hpack_table.c \
	server/h2/huffman.c server/h2/huffman_table.h \
	server/h2/internal.h \
	server/h2/recv.c \
	server/h2/request.c server/h2/request.h \
	server/h2/send.c \
	server/h2/stream.c server/h2/stream.h
EXTRA_DIST += server/h2/huffman-table.py

# ---- event loop and sockets ----

noinst_LIBRARIES += libio.a

libio_a_SOURCES = \
	server/io/loop.c server/io/loop.h \
	server/io/sock.c server/io/sock.h

# ---- static files ----

noinst_LIBRARIES += libfiles.a

libfiles_a_SOURCES = \
	server/files/filecache.c server/files/filecache.h \
	server/files/mime.c server/files/mime.h \
	server/files/static.c server/files/static.h

# ---- the side that faces clients ----

noinst_LIBRARIES += libfront.a

libfront_a_SOURCES = \
	server/front/channel.c server/front/channel.h \
	server/front/detect.c server/front/detect.h \
	server/front/front.h \
	server/front/h2_session.c \
	server/front/listener.c \
	server/front/session.c server/front/session.h \
	server/front/tls.c server/front/tls.h

# ---- the program: configuration and processes ----
#
# All but main.c is a library, so that the tests can link it.

noinst_LIBRARIES += libapp.a

libapp_a_SOURCES = \
	server/app/access.c server/app/access.h \
	server/app/config.c server/app/config.h \
	server/app/config_check.c \
	server/app/config_keys.c server/app/config_keys.h \
	server/app/config_reading.h \
	server/app/config_section.c \
	server/app/config_value.c server/app/config_value.h \
	server/app/errpage.c server/app/errpage.h \
	server/app/ini.c server/app/ini.h \
	server/app/router.c server/app/router.h \
	server/app/sockets.c server/app/sockets.h \
	server/app/supervisor.c server/app/supervisor.h \
	server/app/worker.c server/app/worker.h

sbin_PROGRAMS += outrider
outrider_SOURCES = server/app/main.c
outrider_LDADD = libapp.a libfront.a libfiles.a libgateway.a libio.a libh2.a libhttp.a libbase.a \
	$(EV_LIBS) $(OPENSSL_LIBS) $(INIH_LIBS) $(LIBM)
