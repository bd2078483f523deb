#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The floor order of the tree: a file includes only its own folder and the folders that the table
# below allows it. Finer than folders: the engines never see libev and sockets, h2 not even
# exchange.h, and only front and app see OpenSSL.
set -eu
cd "${top_srcdir:-$(dirname "$0")/../..}"

find server gateway -name '*.[ch]' -exec grep -Hn '^[[:space:]]*#[[:space:]]*include' {} + |
	awk -F: '
BEGIN {
	may["server/base"] = ""
	may["server/http"] = "server/base"
	may["server/h2"] = "server/base server/http"
	may["server/h1"] = "server/base server/http"
	may["server/io"] = "server/base server/http"
	may["gateway"] = "server/base server/http server/h1/chunked.h server/io"
	may["server/files"] = "server/base server/http server/io"
	may["server/front"] = "server/base server/http server/h2 server/h1 server/io"
	may["server/app"] = "server/base server/http server/h2 server/h1 server/io " \
		"server/files server/front gateway"

	# System headers that belong to some folders only.
	only["ev.h"] = "server/io gateway server/files server/front server/app"
	only["openssl/"] = "server/front server/app"
	only["fastcgi.h"] = "gateway"
	only["fcgiapp.h"] = "nobody"
	only["fcgi_stdio.h"] = "nobody"
	only["ini.h"] = "server/app"
	socket = "server/io server/front server/files server/app gateway"
	only["sys/socket.h"] = only["sys/un.h"] = only["netinet/"] = only["arpa/inet.h"] = socket
	only["netdb.h"] = only["poll.h"] = only["sys/epoll.h"] = only["sys/wait.h"] = socket
}

function folder(path) {
	sub(/\/[^\/]*$/, "", path)
	return path
}

function listed(word, list,    n, words, i) {
	n = split(list, words, " ")
	for (i = 1; i <= n; i++)
		if (words[i] == word)
			return 1
	return 0
}

function fault(why) {
	printf "%s:%s: %s\n", $1, $2, why
	bad = 1
}

{
	from = folder($1)
	line = $0
	sub(/^[^:]*:[^:]*:/, "", line)
	seen++
	if (!(from in may)) {
		fault("the folder " from " has no place in the floor order")
		next
	}
	if (match(line, /"[^"]*"/)) {
		what = substr(line, RSTART + 1, RLENGTH - 2)
		if (what == "build.h")
			next
		to = folder(what)
		if (what !~ /\// || what ~ /\.\./)
			fault("\"" what "\": write the path from the top of the tree")
		else if (to != from && !listed(to, may[from]) && !listed(what, may[from]))
			fault(from " must not include " what)
		if (from == "server/h2" && what == "server/http/exchange.h")
			fault("the engine knows nothing of exchanges")
	} else if (match(line, /<[^>]*>/)) {
		what = substr(line, RSTART + 1, RLENGTH - 2)
		for (name in only) {
			hit = name ~ /\/$/ ? index(what, name) == 1 : what == name
			if (hit && !listed(from, only[name]))
				fault(from " must not include <" what ">")
		}
	}
}

END {
	if (!seen) {
		print "no source files found"
		bad = 1
	}
	exit bad
}'
