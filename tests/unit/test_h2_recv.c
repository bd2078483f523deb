/* SPDX-License-Identifier: MIT */
/* What the engine takes and refuses, frame by frame and state by state. */
#include "tests/unit/h2_cases.h"
#include "tests/unit/run.h"

suite_maker h2_recv_suite;

#define ROWS(table) (sizeof(table) / sizeof *(table))

#define DEAD(code, last) "> DEAD " code "\n< GOAWAY last=" #last " " code "\n"
#define GET1		 "> REQUEST 1 GET / END\n"
#define POST1		 "> REQUEST 1 POST /\n"

/* 31 CONTINUATION frames without content. */
#define C5  "frame 9 0 1; frame 9 0 1; frame 9 0 1; frame 9 0 1; frame 9 0 1;"
#define C31 C5 C5 C5 C5 C5 C5 "frame 9 0 1;"

static const struct h2_case frames[] = {
    {"3.4 no preface", "open; bytes 474554202f20485454502f312e310d0a0d0a",
     "> DEAD PROTOCOL_ERROR\n"
     "< SETTINGS 1=4096 3=100 4=65535 6=8192\n< GOAWAY last=0 PROTOCOL_ERROR\n"},
    {"3.4 preface wrong at its last octet",
     "open; bytes 505249202a20485454502f322e300d0a0d0a534d0d0a0d0b",
     "> DEAD PROTOCOL_ERROR\n"
     "< SETTINGS 1=4096 3=100 4=65535 6=8192\n< GOAWAY last=0 PROTOCOL_ERROR\n"},
    {"3.4 first frame is not SETTINGS", "open; preface; ping 12345678",
     "> DEAD PROTOCOL_ERROR\n"
     "< SETTINGS 1=4096 3=100 4=65535 6=8192\n< GOAWAY last=0 PROTOCOL_ERROR\n"},
    {"3.4 first frame is an acknowledgement", "open; preface; settings ack",
     "> DEAD PROTOCOL_ERROR\n"
     "< SETTINGS 1=4096 3=100 4=65535 6=8192\n< GOAWAY last=0 PROTOCOL_ERROR\n"},
    {"3.4 request right behind preface and SETTINGS",
     "open; preface; settings; headers 1 +end GET /",
     GET1 "< SETTINGS 1=4096 3=100 4=65535 6=8192\n< SETTINGS ACK\n"},
    {"3.4 larger connection window is given by WINDOW_UPDATE",
     "limit connection_window=100000; open; preface; settings",
     "< SETTINGS 1=4096 3=100 4=65535 6=8192\n< WINDOW_UPDATE 0 +34465\n< SETTINGS ACK\n"},
    {"4.1 reserved bit of the stream id is ignored", "hello; frame 6 0 0x80000000 3132333435363738",
     "< PING ACK 12345678\n"},
    {"4.1 undefined flags are ignored", "hello; frame 6 0xfe 0 3132333435363738",
     "< PING ACK 12345678\n"},
    {"4.2 frame larger than 16,384", "hello; frame 0xbb 0 0 *16385", DEAD("FRAME_SIZE_ERROR", 0)},
    {"4.2 frame of 16,384", "hello; frame 0xbb 0 0 *16384; ping 12345678", "< PING ACK 12345678\n"},
    {"4.3 block cannot be decoded", "hello; frame 1 5 1 80", DEAD("COMPRESSION_ERROR", 1)},
    {"4.3 block cut off", "hello; frame 1 5 1 8244", DEAD("COMPRESSION_ERROR", 1)},
    {"5.5 unknown frames are ignored",
     "hello; frame 0xaa 0xff 0 00; frame 0xaa 0xff 77 0011; frame 0xfa 0 0; ping 12345678",
     "< PING ACK 12345678\n"},
    {"5.5 unknown frame inside a header block", "hello; headers 1 +more GET /; frame 0xaa 0 1 00",
     DEAD("PROTOCOL_ERROR", 0)},
    {"6.1 DATA on stream 0", "hello; frame 0 0 0 00", DEAD("PROTOCOL_ERROR", 0)},
    {"6.1 DATA", "hello; headers 1 POST /; data 1 hel; data 1 lo; data 1 ! +end",
     POST1 "> DATA 1 \"hello!\" END\n"},
    {"6.1 END_STREAM on an empty frame", "hello; headers 1 POST /; data 1 a; frame 0 1 1",
     POST1 "> DATA 1 \"a\" END\n"},
    {"6.1 nothing but END_STREAM", "hello; headers 1 POST /; frame 0 1 1",
     POST1 "> DATA 1 \"\" END\n"},
    {"6.1 padded", "hello; headers 1 POST /; data 1 hello +pad=5 +end",
     POST1 "> DATA 1 \"hello\" END\n"},
    {"6.1 nothing but padding", "hello; headers 1 POST /; data 1 *0 +pad=255 +end",
     POST1 "> DATA 1 \"\" END\n"},
    {"6.1 padding of 0", "hello; headers 1 POST /; data 1 a +pad=0; data 1 *0 +pad=0 +end",
     POST1 "> DATA 1 \"a\" END\n"},
    {"6.1 padding as long as the payload", "hello; headers 1 POST /; frame 0 8 1 030000",
     POST1 DEAD("PROTOCOL_ERROR", 1)},
    {"6.2 HEADERS on stream 0", "hello; headers 0 GET /", DEAD("PROTOCOL_ERROR", 0)},
    {"6.2 padded, with priority", "hello; headers 1 +end +pad=9 +prio=0 GET / a=b",
     "> REQUEST 1 GET / a=b END\n"},
    {"6.2 padding longer than the frame", "hello; frame 1 0xd 1 0482", DEAD("PROTOCOL_ERROR", 0)},
    {"6.2 PADDED without Pad Length", "hello; frame 1 0xd 1", DEAD("FRAME_SIZE_ERROR", 0)},
    {"6.2 too short for its priority", "hello; frame 1 0x25 1 00000000",
     DEAD("FRAME_SIZE_ERROR", 0)},
    {"6.2 padding reaches into the priority", "hello; frame 1 0x2d 1 02000000000000",
     DEAD("PROTOCOL_ERROR", 0)},
    {"6.3 PRIORITY on stream 0", "hello; priority 0 1", DEAD("PROTOCOL_ERROR", 0)},
    {"6.3 PRIORITY in any state",
     "hello; priority 7 1; headers 9 +end GET /; priority 9 1; priority 1 3; ping 12345678",
     "> REQUEST 9 GET / END\n< PING ACK 12345678\n"},
    {"6.3 wrong length on an open stream", "hello; headers 1 POST /; frame 2 0 1 00000000",
     POST1 "> RESET 1 FRAME_SIZE_ERROR\n< RST_STREAM 1 FRAME_SIZE_ERROR\n"},
    {"6.3, 6.4 wrong length on an idle stream: RST_STREAM must not be sent",
     "hello; frame 2 0 1 00000000", DEAD("FRAME_SIZE_ERROR", 0)},
    {"6.4 RST_STREAM", "hello; headers 1 POST /; rst 1 8", POST1 "> RESET 1 CANCEL\n"},
    {"6.4 unknown code", "hello; headers 1 POST /; rst 1 0xffff",
     POST1 "> RESET 1 unknown error\n"},
    {"6.4 RST_STREAM on stream 0", "hello; rst 0 8", DEAD("PROTOCOL_ERROR", 0)},
    {"6.4 RST_STREAM on an idle stream", "hello; rst 1 8", DEAD("PROTOCOL_ERROR", 0)},
    {"6.4 wrong length", "hello; headers 1 POST /; frame 3 0 1 000000",
     POST1 DEAD("FRAME_SIZE_ERROR", 1)},
    {"6.5 SETTINGS are acknowledged each", "hello; settings 3=5; settings; settings 0x99=1",
     "< SETTINGS ACK\n< SETTINGS ACK\n< SETTINGS ACK\n"},
    {"6.5 on a stream", "hello; frame 4 0 1", DEAD("PROTOCOL_ERROR", 0)},
    {"6.5 length no multiple of 6", "hello; frame 4 0 0 0000", DEAD("FRAME_SIZE_ERROR", 0)},
    {"6.5 acknowledgement with content", "hello; frame 4 1 0 000300000005",
     DEAD("FRAME_SIZE_ERROR", 0)},
    {"6.5.2 ENABLE_PUSH 2", "hello; settings 2=2", DEAD("PROTOCOL_ERROR", 0)},
    {"6.5.2 ENABLE_PUSH 0 and 1", "hello; settings 2=0; settings 2=1",
     "< SETTINGS ACK\n< SETTINGS ACK\n"},
    {"6.5.2 INITIAL_WINDOW_SIZE 2^31", "hello; settings 4=0x80000000",
     DEAD("FLOW_CONTROL_ERROR", 0)},
    {"6.5.2 INITIAL_WINDOW_SIZE 2^31-1", "hello; settings 4=0x7fffffff", "< SETTINGS ACK\n"},
    {"6.5.2 MAX_FRAME_SIZE 16,383", "hello; settings 5=16383", DEAD("PROTOCOL_ERROR", 0)},
    {"6.5.2 MAX_FRAME_SIZE 2^24", "hello; settings 5=0x1000000", DEAD("PROTOCOL_ERROR", 0)},
    {"6.5.2 MAX_FRAME_SIZE 2^24-1", "hello; settings 5=0xffffff", "< SETTINGS ACK\n"},
    {"6.5.3 an error among good settings: no acknowledgement", "hello; settings 3=1 2=7 4=1",
     DEAD("PROTOCOL_ERROR", 0)},
    {"6.5 32 settings in a frame", "hello; frame 4 0 0 *192", "< SETTINGS ACK\n"},
    {"6.5 33 settings in a frame", "hello; frame 4 0 0 *198", DEAD("ENHANCE_YOUR_CALM", 0)},
    {"6.6 PUSH_PROMISE", "hello; headers 1 POST /; frame 5 4 1 00000002",
     POST1 DEAD("PROTOCOL_ERROR", 1)},
    {"6.6 PUSH_PROMISE on stream 0", "hello; frame 5 4 0 00000002", DEAD("PROTOCOL_ERROR", 0)},
    {"6.7 PING", "hello; ping abcdefgh; pong hgfedcba", "< PING ACK abcdefgh\n"},
    {"6.7 wrong length", "hello; frame 6 0 0 00000000000000", DEAD("FRAME_SIZE_ERROR", 0)},
    {"6.7 on a stream", "hello; frame 6 0 1 0000000000000000", DEAD("PROTOCOL_ERROR", 0)},
    {"6.8 GOAWAY", "hello; goaway 0; headers 1 +end GET /; ping 12345678",
     "> GOAWAY NO_ERROR\n" GET1 "< PING ACK 12345678\n"},
    {"6.8 on a stream", "hello; frame 7 0 1 0000000000000000", DEAD("PROTOCOL_ERROR", 0)},
    {"6.8 too short", "hello; frame 7 0 0 00000000000000", DEAD("FRAME_SIZE_ERROR", 0)},
    {"6.9 increment 0 on the connection", "hello; window 0 0", DEAD("PROTOCOL_ERROR", 0)},
    {"6.9 reserved bit of the increment", "hello; headers 1 POST /; window 1 0x80000000",
     POST1 "> RESET 1 PROTOCOL_ERROR\n< RST_STREAM 1 PROTOCOL_ERROR\n"},
    {"6.9 increment 0 on a stream", "hello; headers 1 POST /; window 1 0",
     POST1 "> RESET 1 PROTOCOL_ERROR\n< RST_STREAM 1 PROTOCOL_ERROR\n"},
    {"6.9 wrong length", "hello; frame 8 0 0 000001", DEAD("FRAME_SIZE_ERROR", 0)},
    {"6.9 on an idle stream", "hello; window 1 1", DEAD("PROTOCOL_ERROR", 0)},
    {"6.9.1 connection window above 2^31-1", "hello; window 0 0x7fff0001",
     DEAD("FLOW_CONTROL_ERROR", 0)},
    {"6.9.1 connection window of 2^31-1", "hello; window 0 0x7fff0000; ping 12345678",
     "< PING ACK 12345678\n"},
    {"6.9.1 stream window above 2^31-1", "hello; headers 1 POST /; window 1 0x7fff0001",
     POST1 "> RESET 1 FLOW_CONTROL_ERROR\n< RST_STREAM 1 FLOW_CONTROL_ERROR\n"},
    {"6.9.2 INITIAL_WINDOW_SIZE moves a stream window above 2^31-1",
     "hello; headers 1 POST /; window 1 0x7fff0000; settings 4=65536",
     POST1 DEAD("FLOW_CONTROL_ERROR", 1)},
    {"6.10 CONTINUATION", "hello; headers 1 +end +split=1 GET /x a=b",
     "> REQUEST 1 GET /x a=b END\n"},
    {"6.10 CONTINUATION of no octets", "hello; headers 1 +more +end GET /; frame 9 4 1", GET1},
    {"6.10 HEADERS of no octets", "hello; frame 1 1 1; frame 9 0 1 828684; frame 9 4 1 410161",
     GET1},
    {"6.10 padded HEADERS, CONTINUATION", "hello; headers 1 +end +pad=3 +prio=0 +split=3 GET /",
     GET1},
    {"6.10 on another stream", "hello; headers 1 +more GET /; frame 9 4 3",
     DEAD("PROTOCOL_ERROR", 0)},
    {"6.10 on stream 0", "hello; headers 1 +more GET /; frame 9 4 0", DEAD("PROTOCOL_ERROR", 0)},
    {"6.10 without HEADERS", "hello; frame 9 4 1", DEAD("PROTOCOL_ERROR", 0)},
    {"6.10 behind END_HEADERS", "hello; headers 1 POST /; frame 9 4 1",
     POST1 DEAD("PROTOCOL_ERROR", 1)},
    {"6.2 block interrupted by DATA", "hello; headers 1 +more GET /; data 1 a",
     DEAD("PROTOCOL_ERROR", 0)},
    {"6.2 block interrupted by PING", "hello; headers 1 +more GET /; ping 12345678",
     DEAD("PROTOCOL_ERROR", 0)},
    {"6.2 block interrupted by HEADERS", "hello; headers 1 +more GET /; headers 3 GET /",
     DEAD("PROTOCOL_ERROR", 0)},
    {"10.5.1 32 CONTINUATION frames", "hello; frame 1 1 1;" C31 "frame 9 4 1 828684410161", GET1},
    {"10.5.1 33 CONTINUATION frames",
     "hello; frame 1 1 1;" C31 "frame 9 0 1; frame 9 4 1 828684410161",
     DEAD("ENHANCE_YOUR_CALM", 0)},
};

static const struct h2_case states[] = {
    {"5.1 DATA on an idle stream", "hello; data 1 a", DEAD("PROTOCOL_ERROR", 0)},
    {"5.1 DATA on an idle stream of the server's", "hello; data 2 a", DEAD("PROTOCOL_ERROR", 0)},
    {"5.1 half-closed (remote): DATA", "hello; headers 1 +end GET /; data 1 a",
     GET1 "> RESET 1 STREAM_CLOSED\n< RST_STREAM 1 STREAM_CLOSED\n"},
    {"5.1 half-closed (remote): HEADERS", "hello; headers 1 +end GET /; headers 1 +end a=b",
     GET1 "> RESET 1 STREAM_CLOSED\n< RST_STREAM 1 STREAM_CLOSED\n"},
    {"5.1 half-closed (remote): WINDOW_UPDATE, PRIORITY, RST_STREAM",
     "hello; headers 1 +end GET /; window 1 1; priority 1 3; rst 1 8", GET1 "> RESET 1 CANCEL\n"},
    {"5.1 half-closed (local): the request goes on",
     "hello; keep streams; headers 1 POST /; respond 1 200 +end; flush; data 1 a; window 1 5;"
     "data 1 b +end",
     POST1 "< HEADERS 1 :status=200 END\n> DATA 1 \"ab\" END\n"},
    {"5.1 closed by END_STREAM: DATA",
     "hello; headers 1 +end GET /; respond 1 200 +end; flush; data 1 a",
     GET1 "< HEADERS 1 :status=200 END\n" DEAD("STREAM_CLOSED", 1)},
    {"5.1 closed by END_STREAM: HEADERS",
     "hello; headers 1 +end GET /; respond 1 200 +end; flush; headers 1 +end a=b",
     GET1 "< HEADERS 1 :status=200 END\n" DEAD("STREAM_CLOSED", 1)},
    {"5.1 closed by END_STREAM: WINDOW_UPDATE, PRIORITY, RST_STREAM",
     "hello; headers 1 +end GET /; respond 1 200 +end; flush; window 1 1; window 1 0;"
     "priority 1 0; rst 1 8; ping 12345678",
     GET1 "< HEADERS 1 :status=200 END\n< PING ACK 12345678\n"},
    {"5.1 closed, not yet released: WINDOW_UPDATE, RST_STREAM",
     "hello; keep streams; headers 1 +end GET /; respond 1 200 +end; flush; window 1 0; rst 1 8;"
     "ping 12345678",
     GET1 "< HEADERS 1 :status=200 END\n< PING ACK 12345678\n"},
    {"5.1 closed, not yet released: DATA",
     "hello; keep streams; headers 1 +end GET /; respond 1 200 +end; flush; data 1 a",
     GET1 "< HEADERS 1 :status=200 END\n" DEAD("STREAM_CLOSED", 1)},
    {"5.1 closed, not yet released: HEADERS",
     "hello; keep streams; headers 1 +end GET /; respond 1 200 +end; flush; headers 1 +end a=b",
     GET1 "< HEADERS 1 :status=200 END\n" DEAD("STREAM_CLOSED", 1)},
    {"5.1 reset by the client: DATA", "hello; headers 1 POST /; rst 1 8; data 1 a",
     POST1 "> RESET 1 CANCEL\n" DEAD("STREAM_CLOSED", 1)},
    {"5.1 reset by the client: HEADERS", "hello; headers 1 POST /; rst 1 8; headers 1 +end a=b",
     POST1 "> RESET 1 CANCEL\n" DEAD("STREAM_CLOSED", 1)},
    {"5.1 reset by us: frames on their way are ignored, HPACK kept in step",
     "hello; headers 1 POST /; reset 1 8; flush; data 1 abc; headers 1 +end t=kept; rst 1 8;"
     "window 1 1; data 1 z; headers 3 +end GET / t=kept",
     POST1 "< RST_STREAM 1 CANCEL\n> REQUEST 3 GET / t=kept END\n"},
    {"5.1 reset by us, not yet released: the same",
     "hello; keep streams; headers 1 POST /; reset 1 8; flush; data 1 abc; headers 1 +end t=kept;"
     "rst 1 8; window 1 1; data 1 z; headers 3 +end GET / t=kept",
     POST1 "< RST_STREAM 1 CANCEL\n> REQUEST 3 GET / t=kept END\n"},
    {"5.1 reset by the client in the middle of a DATA frame cannot be, in the middle of ours can",
     "hello; headers 1 POST /; frame 0 0 1; reset 1 8; data 1 abc +pad=9; flush; ping 12345678",
     POST1 "< RST_STREAM 1 CANCEL\n< PING ACK 12345678\n"},
    {"5.1.1 even stream", "hello; headers 2 +end GET /", DEAD("PROTOCOL_ERROR", 0)},
    {"5.1.1 falling stream", "hello; headers 5 +end GET /; headers 3 +end GET /",
     "> REQUEST 5 GET / END\n" DEAD("PROTOCOL_ERROR", 5)},
    {"5.1.1 ids may be left out", "hello; headers 5 +end GET /; headers 2147483647 +end GET /",
     "> REQUEST 5 GET / END\n> REQUEST 2147483647 GET / END\n"},
    {"5.1.2 streams beyond the limit are refused, HPACK kept in step",
     "limit max_streams=2; hello; headers 1 +end GET /; headers 3 POST /;"
     "headers 5 POST / t=kept; data 5 abc +end; respond 1 200 +end; flush;"
     "headers 7 +end GET / t=kept",
     GET1 "> REQUEST 3 POST /\n< RST_STREAM 5 REFUSED_STREAM\n< HEADERS 1 :status=200 END\n"
	  "> REQUEST 7 GET / t=kept END\n"},
    {"5.1.2 a reset stream counts until it is released",
     "limit max_streams=1; hello; keep streams; headers 1 POST /; rst 1 8; headers 3 +end GET /;"
     "flush; release 1; headers 5 +end GET /",
     POST1 "> RESET 1 CANCEL\n< RST_STREAM 3 REFUSED_STREAM\n> REQUEST 5 GET / END\n"},
    {"5.4.1 nothing is handled after a connection error",
     "hello; headers 1 POST /; window 0 0; data 1 abc; ping 12345678; headers 3 +end GET /",
     POST1 DEAD("PROTOCOL_ERROR", 1)},
    {"5.4.2 a stream error is the stream's alone",
     "hello; headers 1 POST /; headers 3 POST /; window 1 0; data 3 abc +end; respond 3 200 +end",
     POST1 "> REQUEST 3 POST /\n> RESET 1 PROTOCOL_ERROR\n> DATA 3 \"abc\" END\n"
	   "< RST_STREAM 1 PROTOCOL_ERROR\n< HEADERS 3 :status=200 END\n"},
};

#define MALFORMED "< RST_STREAM 1 PROTOCOL_ERROR\n> REQUEST 3 GET / t=kept END\n"
/* A malformed request and one behind it, which shows that the tables are in step. */
#define BAD(headers) "hello; headers 1 " headers " t=kept; flush; headers 3 +end GET / t=kept"
#define OK_HEAD	     ":method=GET :scheme=https :path=/ :authority=a"

static const struct h2_case messages[] = {
    {"8.1 trailers", "hello; headers 1 POST /; data 1 abc; headers 1 +end x-sum=1 y=2",
     POST1 "> DATA 1 \"abc\"\n> TRAILERS 1 x-sum=1 y=2\n"},
    {"8.1 trailers without body", "hello; headers 1 POST /; headers 1 +end +split=2 x-sum=1",
     POST1 "> TRAILERS 1 x-sum=1\n"},
    {"8.1 trailers after the response",
     "hello; keep streams; headers 1 POST /; respond 1 200 +end; flush; headers 1 +end x-sum=1",
     POST1 "< HEADERS 1 :status=200 END\n> TRAILERS 1 x-sum=1\n"},
    {"8.1 second HEADERS without END_STREAM", "hello; headers 1 POST /; headers 1 x-sum=1",
     POST1 "> RESET 1 PROTOCOL_ERROR\n< RST_STREAM 1 PROTOCOL_ERROR\n"},
    {"8.1 DATA after trailers", "hello; headers 1 POST /; headers 1 +end x-sum=1; data 1 abc",
     POST1 "> TRAILERS 1 x-sum=1\n> RESET 1 STREAM_CLOSED\n< RST_STREAM 1 STREAM_CLOSED\n"},
    {"8.1 pseudo-header field in trailers", "hello; headers 1 POST /; headers 1 +end :path=/x",
     POST1 "> RESET 1 PROTOCOL_ERROR\n< RST_STREAM 1 PROTOCOL_ERROR\n"},
    {"8.1.1 body longer than content-length",
     "hello; headers 1 POST / content-length=2; data 1 ab; data 1 cdefg +pad=3; flush; data 1 x;"
     "ping 12345678",
     "> REQUEST 1 POST / content-length=2\n> DATA 1 \"ab\"\n> RESET 1 PROTOCOL_ERROR\n"
     "< RST_STREAM 1 PROTOCOL_ERROR\n< PING ACK 12345678\n"},
    {"8.1.1 body shorter than content-length",
     "hello; headers 1 POST / content-length=3; data 1 ab; flush; frame 0 1 1",
     "> REQUEST 1 POST / content-length=3\n> DATA 1 \"ab\"\n> RESET 1 PROTOCOL_ERROR\n"
     "< RST_STREAM 1 PROTOCOL_ERROR\n"},
    {"8.1.1 trailers before content-length is reached",
     "hello; headers 1 POST / content-length=3; data 1 ab; flush; headers 1 +end a=b",
     "> REQUEST 1 POST / content-length=3\n> DATA 1 \"ab\"\n> RESET 1 PROTOCOL_ERROR\n"
     "< RST_STREAM 1 PROTOCOL_ERROR\n"},
    {"8.1.1 body as long as content-length",
     "hello; headers 1 POST / content-length=3; data 1 abc +end",
     "> REQUEST 1 POST / content-length=3\n> DATA 1 \"abc\" END\n"},
    {"8.1.1 content-length with END_STREAM", BAD("+end POST / content-length=3"), MALFORMED},
    {"8.1.1 content-length 0 with END_STREAM", "hello; headers 1 +end POST / content-length=0",
     "> REQUEST 1 POST / content-length=0 END\n"},
    {"8.1.1 two content-lengths", BAD("POST / content-length=3 content-length=4"), MALFORMED},
    {"8.1.1 content-length no number", BAD("POST / content-length=+3"), MALFORMED},
    {"8.2.1 upper case", BAD("+end GET / Aa=b"), MALFORMED},
    {"8.2.1 upper case in trailers", "hello; headers 1 POST /; headers 1 +end Aa=b",
     POST1 "> RESET 1 PROTOCOL_ERROR\n< RST_STREAM 1 PROTOCOL_ERROR\n"},
    {"8.2.1 colon in a name", BAD("+end GET / a:b=c"), MALFORMED},
    {"8.2.1 space in a name, empty name, newline in a value",
     "hello; frame 1 5 1 82868441016100026120"
     "0162; frame 1 5 3 8286844101610000"
     "0162; frame 1 5 5 8286844101610001610162; frame 1 5 7 828684410161000161030a6261",
     "> REQUEST 5 GET / a=b END\n< RST_STREAM 1 PROTOCOL_ERROR\n"
     "< RST_STREAM 3 PROTOCOL_ERROR\n< RST_STREAM 7 PROTOCOL_ERROR\n"},
    {"8.2.2 connection", BAD("+end GET / connection=close"), MALFORMED},
    {"8.2.2 keep-alive", BAD("+end GET / keep-alive=1"), MALFORMED},
    {"8.2.2 proxy-connection", BAD("+end GET / proxy-connection=close"), MALFORMED},
    {"8.2.2 transfer-encoding", BAD("POST / transfer-encoding=chunked"), MALFORMED},
    {"8.2.2 upgrade", BAD("+end GET / upgrade=h2c"), MALFORMED},
    {"8.2.2 te other than trailers", BAD("+end GET / te=gzip"), MALFORMED},
    {"8.2.2 te: trailers", "hello; headers 1 +end GET / te=trailers",
     "> REQUEST 1 GET / te=trailers END\n"},
    {"8.2.2 connection-specific field in trailers",
     "hello; headers 1 POST /; headers 1 +end connection=close",
     POST1 "> RESET 1 PROTOCOL_ERROR\n< RST_STREAM 1 PROTOCOL_ERROR\n"},
    {"8.2.3 cookies are joined", "hello; headers 1 +end GET / cookie=a=b x=y cookie=c=d",
     "> REQUEST 1 GET / cookie=a=b; c=d x=y END\n"},
    {"8.3 pseudo-header field after a field",
     BAD("+end :method=GET :scheme=https a=b :path=/ :authority=a"), MALFORMED},
    {"8.3 unknown pseudo-header field", BAD("+end " OK_HEAD " :x=y"), MALFORMED},
    {"8.3 pseudo-header field of responses", BAD("+end " OK_HEAD " :status=200"), MALFORMED},
    {"8.3 pseudo-header field twice", BAD("+end " OK_HEAD " :path=/b"), MALFORMED},
    {"8.3.1 no :method", BAD("+end :scheme=https :path=/ :authority=a"), MALFORMED},
    {"8.3.1 no :scheme", BAD("+end :method=GET :path=/ :authority=a"), MALFORMED},
    {"8.3.1 no :path", BAD("+end :method=GET :scheme=https :authority=a"), MALFORMED},
    {"8.3.1 empty :path", BAD("+end :method=GET :scheme=https :path= :authority=a"), MALFORMED},
    {"8.3.1 host differs from :authority", BAD("+end GET / host=b"), MALFORMED},
    {"8.3.1 OPTIONS *", "hello; headers 1 +end OPTIONS *", "> REQUEST 1 OPTIONS * END\n"},
    {"8.3.1 GET *", BAD("+end GET *"), MALFORMED},
    {"8.5 CONNECT with :path", BAD("CONNECT /"), MALFORMED},
    {"8.5 CONNECT", "hello; headers 1 :method=CONNECT :authority=a:443", "> REQUEST 1 CONNECT \n"},
    {"8.4 no push: stream 2 stays idle", "hello; window 2 1", DEAD("PROTOCOL_ERROR", 0)},
};

#define MANY " a=*900 b=*900 c=*900 d=*900 e=*900 f=*900 g=*900 h=*900 i=*900 j=*900"

/* The newest entry of the table, five times. */
#define REF5 "bebebebebe"

static const struct h2_case large[] = {
    {"10.5.1 header list over the limit: 431, HPACK kept in step",
     "hello; headers 1 +end GET /" MANY " t=kept; flush; headers 3 +end GET / t=kept",
     "< HEADERS 1 :status=431 content-length=0 END\n> REQUEST 3 GET / t=kept END\n"},
    {"10.5.1 the same with a body on its way",
     "hello; headers 1 POST /" MANY " t=kept; flush; data 1 abc; data 1 d +end;"
     "headers 3 +end GET / t=kept",
     "< HEADERS 1 :status=431 content-length=0 END\n< RST_STREAM 1 NO_ERROR\n"
     "> REQUEST 3 GET / t=kept END\n"},
    {"10.5.1 a field exactly at the limit",
     "limit max_header_list=4096; hello; headers 1 +end GET / a=*3896",
     "> REQUEST 1 GET / a=[3896] END\n"},
    {"10.5.1 a field one above the limit",
     "limit max_header_list=4096; hello; headers 1 +end GET / a=*3897",
     "< HEADERS 1 :status=431 content-length=0 END\n"},
    {"10.5.1 trailers over the limit",
     "hello; headers 1 POST /; headers 1 +end" MANY " t=kept; flush; headers 3 +end GET / t=kept",
     POST1 "> RESET 1 PROTOCOL_ERROR\n< RST_STREAM 1 PROTOCOL_ERROR\n"
	   "> REQUEST 3 GET / t=kept END\n"},
    {"10.5.1 header list far over the limit",
     "limit max_header_list=4096; hello; headers 1 +end +split=16000 GET / a=*66000",
     DEAD("ENHANCE_YOUR_CALM", 0)},
    {"10.5.1 header block far too large",
     "limit max_header_list=4096; hello; headers 1 +end +split=16000 GET / a=*90000",
     DEAD("ENHANCE_YOUR_CALM", 0)},
    {"10.5.1 list over the limit by references to the table",
     "limit max_header_list=4096; hello; headers 1 +end GET / a=*900; flush;"
     "frame 1 5 3 828684010161 " REF5 "; headers 5 +end GET / a=*900",
     "> REQUEST 1 GET / a=[900] END\n> REQUEST 5 GET / a=[900] END\n"
     "< HEADERS 3 :status=431 content-length=0 END\n"},
    {"10.5.1 list far over the limit by references to the table",
     "limit max_header_list=4096; hello; headers 1 +end GET / a=*900; flush;"
     "frame 1 5 3 828684010161 " REF5 REF5 REF5 REF5 REF5 REF5 REF5 REF5 REF5 REF5 REF5 REF5 REF5
	 REF5 REF5,
     "> REQUEST 1 GET / a=[900] END\n" DEAD("ENHANCE_YOUR_CALM", 3)},
};

START_TEST(frame)
{
	h2_cases_run(frames, ROWS(frames));
}
END_TEST

START_TEST(state)
{
	h2_cases_run(states, ROWS(states));
}
END_TEST

START_TEST(message)
{
	h2_cases_run(messages, ROWS(messages));
}
END_TEST

START_TEST(large_list)
{
	h2_cases_run(large, ROWS(large));
}
END_TEST

Suite *h2_recv_suite(void)
{
	Suite *suite = suite_create("h2_recv");
	TCase *tc = tcase_create("frames");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, frame);
	tcase_add_test(tc, state);
	tcase_add_test(tc, message);
	tcase_add_test(tc, large_list);
	suite_add_tcase(suite, tc);
	return suite;
}
