/* SPDX-License-Identifier: MIT */
/*
 * A constant table, sorted by extension and searched by halving; it is asked once when a file comes
 * into the cache, not once a request. Types are those registered with IANA where there is one.
 *
 * What is text says utf-8, which is what text of today is. JSON and XML have no charset: the former
 * knows only one (RFC 8259 section 11), the latter says itself which it is (RFC 7303 section 3),
 * and would be overruled.
 */
#include "server/files/mime.h"

#include <stdlib.h>

#include "server/http/path.h"

#define UTF8 "; charset=utf-8"

enum { LONGEST = 11 }; /* webmanifest */

struct row {
	const char *extension;
	struct text type;
};

/* clang-format off */
#define T(extension, type) {extension, {type, sizeof(type) - 1}}

static const struct row table[] = {
	T("7z", "application/x-7z-compressed"),
	T("aac", "audio/aac"),
	T("apk", "application/vnd.android.package-archive"),
	T("apng", "image/apng"),
	T("atom", "application/atom+xml"),
	T("avi", "video/x-msvideo"),
	T("avif", "image/avif"),
	T("bmp", "image/bmp"),
	T("br", "application/x-brotli"),
	T("bz2", "application/x-bzip2"),
	T("c", "text/plain" UTF8),
	T("conf", "text/plain" UTF8),
	T("css", "text/css" UTF8),
	T("csv", "text/csv" UTF8),
	T("deb", "application/vnd.debian.binary-package"),
	T("doc", "application/msword"),
	T("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
	T("eot", "application/vnd.ms-fontobject"),
	T("epub", "application/epub+zip"),
	T("flac", "audio/flac"),
	T("geojson", "application/geo+json"),
	T("gif", "image/gif"),
	T("gz", "application/gzip"),
	T("h", "text/plain" UTF8),
	T("heic", "image/heic"),
	T("htm", "text/html" UTF8),
	T("html", "text/html" UTF8),
	T("ico", "image/vnd.microsoft.icon"),
	T("ics", "text/calendar" UTF8),
	T("ini", "text/plain" UTF8),
	T("jar", "application/java-archive"),
	T("jpeg", "image/jpeg"),
	T("jpg", "image/jpeg"),
	T("js", "text/javascript" UTF8),
	T("json", "application/json"),
	T("jsonld", "application/ld+json"),
	T("jxl", "image/jxl"),
	T("log", "text/plain" UTF8),
	T("m3u8", "application/vnd.apple.mpegurl"),
	T("m4a", "audio/mp4"),
	T("m4s", "video/iso.segment"),
	T("m4v", "video/mp4"),
	T("map", "application/json"),
	T("md", "text/markdown" UTF8),
	T("mid", "audio/midi"),
	T("mjs", "text/javascript" UTF8),
	T("mkv", "video/matroska"),
	T("mov", "video/quicktime"),
	T("mp3", "audio/mpeg"),
	T("mp4", "video/mp4"),
	T("mpd", "application/dash+xml"),
	T("mpeg", "video/mpeg"),
	T("mpg", "video/mpeg"),
	T("odp", "application/vnd.oasis.opendocument.presentation"),
	T("ods", "application/vnd.oasis.opendocument.spreadsheet"),
	T("odt", "application/vnd.oasis.opendocument.text"),
	T("oga", "audio/ogg"),
	T("ogg", "audio/ogg"),
	T("ogv", "video/ogg"),
	T("opus", "audio/ogg"),
	T("otf", "font/otf"),
	T("patch", "text/plain" UTF8),
	T("pdf", "application/pdf"),
	T("pem", "application/x-pem-file"),
	T("png", "image/png"),
	T("ppt", "application/vnd.ms-powerpoint"),
	T("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
	T("ps", "application/postscript"),
	T("rar", "application/vnd.rar"),
	T("rss", "application/rss+xml"),
	T("rtf", "application/rtf"),
	T("svg", "image/svg+xml"),
	T("tar", "application/x-tar"),
	T("tgz", "application/gzip"),
	T("tif", "image/tiff"),
	T("tiff", "image/tiff"),
	T("toml", "application/toml"),
	T("ts", "video/mp2t"),
	T("ttf", "font/ttf"),
	T("txt", "text/plain" UTF8),
	T("vcf", "text/vcard" UTF8),
	T("vtt", "text/vtt" UTF8),
	T("wasm", "application/wasm"),
	T("wav", "audio/wav"),
	T("weba", "audio/webm"),
	T("webm", "video/webm"),
	T("webmanifest", "application/manifest+json"),
	T("webp", "image/webp"),
	T("woff", "font/woff"),
	T("woff2", "font/woff2"),
	T("xhtml", "application/xhtml+xml"),
	T("xls", "application/vnd.ms-excel"),
	T("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
	T("xml", "application/xml"),
	T("xsl", "application/xslt+xml"),
	T("xz", "application/x-xz"),
	T("yaml", "application/yaml"),
	T("yml", "application/yaml"),
	T("zip", "application/zip"),
	T("zst", "application/zstd"),
};
/* clang-format on */

static int compare(const void *extension, const void *row)
{
	return strcmp(extension, ((const struct row *)row)->extension);
}

struct text mime_find(struct text path)
{
	struct text extension = path_extension(path);
	const struct row *found;
	char name[LONGEST + 1];
	size_t n = 0;

	if (extension.n < 2 || extension.n > LONGEST + 1)
		return TEXT("application/octet-stream");
	for (; n + 1 < extension.n; n++)
		name[n] = ascii_lower(extension.p[n + 1]);
	name[n] = '\0';
	found = bsearch(name, table, sizeof table / sizeof *table, sizeof *table, compare);
	return found ? found->type : TEXT("application/octet-stream");
}
