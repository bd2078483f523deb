# SPDX-License-Identifier: MIT
# The gateway: exchanges to FastCGI and CGI, and back. One line a module.

noinst_LIBRARIES += libgateway.a

libgateway_a_SOURCES = \
	gateway/cgi_env.c gateway/cgi_env.h \
	gateway/cgi_head.c gateway/cgi_head.h \
	gateway/cgi_proc.c gateway/cgi_proc.h \
	gateway/fcgi_conn.c gateway/fcgi_conn.h \
	gateway/fcgi_pool.c gateway/fcgi_pool.h \
	gateway/fcgi_record.c gateway/fcgi_record.h \
	gateway/gate.c gateway/gate.h \
	gateway/gateway.c gateway/gateway.h \
	gateway/hints.c gateway/hints.h \
	gateway/script.c gateway/script.h \
	gateway/spawn_client.c \
	gateway/spawn_exec.c \
	gateway/spawn_group.c \
	gateway/spawn_internal.h \
	gateway/spawn_keeper.c \
	gateway/spawn_order.c \
	gateway/spawn_proto.h \
	gateway/spawn_worker.c \
	gateway/spawner.c gateway/spawner.h \
	gateway/spool.c gateway/spool.h
