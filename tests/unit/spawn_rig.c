/* SPDX-License-Identifier: MIT */
#include "tests/unit/spawn_rig.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/base/log.h"
#include "tests/unit/folder.h"

#define PATIENCE 8.0 /* seconds; much, for slow machines and valgrind */

struct rig rig;
size_t rig_routes = RIG_ROUTES;

static const char *root;
static int descriptors;

double rig_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the loop ---- */

static void wake_cb(struct ev_loop *ev, ev_timer *w, int events)
{
	(void)ev;
	(void)w;
	(void)events;
}

static bool run_until(bool (*done)(const void *), const void *arg, double seconds)
{
	double end = rig_now() + seconds;
	ev_timer wake;
	bool r;

	ev_timer_init(&wake, wake_cb, 0.005, 0.005);
	ev_timer_start(rig.loop.ev, &wake);
	while (!(r = done(arg)) && rig_now() < end)
		ev_run(rig.loop.ev, EVRUN_ONCE);
	ev_timer_stop(rig.loop.ev, &wake);
	return r;
}

void rig_until(bool (*done)(const void *), const void *arg)
{
	ck_assert_msg(run_until(done, arg, PATIENCE), "waited in vain");
}

static bool never(const void *arg)
{
	(void)arg;
	return false;
}

void rig_spin(double seconds)
{
	run_until(never, NULL, seconds);
}

/* ---- processes ---- */

bool rig_alive(pid_t pid)
{
	return kill(pid, 0) == 0;
}

static bool is_gone(const void *pid)
{
	/* When the spawner has died its children are ours. */
	waitpid(*(const pid_t *)pid, NULL, WNOHANG);
	return !rig_alive(*(const pid_t *)pid);
}

void rig_wait_gone(pid_t pid)
{
	rig_until(is_gone, &pid);
}

static bool is_child(const char *pid)
{
	char path[300];
	int parent = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fscanf(f, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(f);
	return parent == rig.spawner;
}

int rig_children(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && is_child(e->d_name))
			n++;
	}
	closedir(d);
	return n;
}

static bool is_childless(const void *arg)
{
	(void)arg;
	return rig_children() == 0;
}

void rig_wait_childless(void)
{
	rig_until(is_childless, NULL);
}

/* ---- making and ending ---- */

void rig_open(void)
{
	descriptors = folder_descriptors();
	rig = (struct rig){.pool = {.name = NULL}};
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	root = folder_make();
	loop_init(&rig.loop);
	for (int i = 0; i < RIG_WORKERS; i++) {
		int pair[2];

		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
		rig.spawner_ends[i] = pair[0];
		rig.worker_ends[i] = pair[1];
	}
}

static int spawner_main(void)
{
	const struct spawn_route routes[RIG_ROUTES] = {{root, RIG_GRACE},
						       {NULL, 0},
						       {folder_path("only"), RIG_GRACE}};
	struct spawner_setup setup = {.worker_fds = rig.spawner_ends,
				      .workers = RIG_WORKERS,
				      .routes = routes,
				      .route_count = rig_routes,
				      .pools = &rig.pool,
				      .pool_count = rig.pool.name ? 1 : 0};

	ck_assert_int_eq(log_open(folder_path("errors")), 0);
	for (int i = 0; i < RIG_WORKERS; i++)
		close(rig.worker_ends[i]);
	return spawner_run(&setup);
}

void rig_run_spawner(void)
{
	rig.spawner = fork();
	ck_assert_int_ge(rig.spawner, 0);
	if (!rig.spawner)
		_exit(spawner_main());
	/* It is ready; and the next HELLO is an answer. */
	rig_receive(SPAWN_HELLO);
}

void rig_make(void)
{
	rig_open();
	rig_run_spawner();
	rig.client = spawn_client_new(&rig.loop, fcntl(rig.worker_ends[0], F_DUPFD_CLOEXEC, 3));
}

int rig_stop_spawner(void)
{
	int status = -1;

	kill(rig.spawner, SIGTERM);
	ck_assert_int_eq(waitpid(rig.spawner, &status, 0), rig.spawner);
	rig.spawner = 0;
	return status;
}

static void close_end(int fd)
{
	if (fd >= 0)
		close(fd);
}

void rig_clear(void)
{
	if (rig.spawner)
		ck_assert_int_eq(rig_stop_spawner(), 0);
	spawn_client_free(rig.client);
	loop_clear(&rig.loop);
	for (int i = 0; i < RIG_WORKERS; i++) {
		close_end(rig.spawner_ends[i]);
		close_end(rig.worker_ends[i]);
	}
	if (rig.pool.name)
		close(rig.pool.listen_fd);
	folder_clear();
	ck_assert_int_eq(folder_descriptors(), descriptors);
}

const char *rig_program(const char *name, const char *text)
{
	folder_put_text(name, text);
	ck_assert_int_eq(chmod(folder_path(name), 0755), 0);
	return folder_path(name);
}

bool rig_logged(const char *words)
{
	char text[16 * 1024];
	int fd = open(folder_path("errors"), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, words) != NULL;
}

/* ---- kids ---- */

static void kid_started(struct spawn_child *child, int error)
{
	struct kid *k = list_entry(child, struct kid, child);

	k->calls += k->started != RIG_NOT_YET;
	k->started = error;
}

static void kid_exited(struct spawn_child *child, int status)
{
	struct kid *k = list_entry(child, struct kid, child);

	k->calls += k->started != 0 || k->status != RIG_NOT_YET;
	k->status = status;
}

void kid_init(struct kid *k)
{
	*k = (struct kid){.out = -1, .started = RIG_NOT_YET, .status = RIG_NOT_YET};
	k->child.started = kid_started;
	k->child.exited = kid_exited;
}

static int ask(struct kid *k, unsigned route, const char *path, struct text env)
{
	struct spawn_request req = {route, text_of(path), env};
	int out[2], fds[3], r, error;

	kid_init(k);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fds[1] = out[1];
	fds[2] = STDERR_FILENO;
	k->out = out[0];
	r = spawn_start(rig.client, &k->child, &req, fds);
	error = errno;
	close(fds[0]);
	close(out[1]);
	if (r)
		kid_close(k);
	errno = error;
	return r;
}

int kid_ask(struct kid *k, const char *path, const char *env, size_t env_n)
{
	return ask(k, 0, path, (struct text){env, env_n});
}

static bool has_started(const void *k)
{
	return ((const struct kid *)k)->started != RIG_NOT_YET;
}

static bool has_exited(const void *k)
{
	return ((const struct kid *)k)->status != RIG_NOT_YET;
}

void kid_wait_started(struct kid *k)
{
	rig_until(has_started, k);
}

void kid_wait_exited(struct kid *k)
{
	rig_until(has_exited, k);
}

void kid_run(struct kid *k, const char *text)
{
	static unsigned count;
	char name[16];

	snprintf(name, sizeof name, "p%u", count++);
	ck_assert_int_eq(kid_ask(k, rig_program(name, text), "", 0), 0);
	kid_wait_started(k);
	ck_assert_int_eq(k->started, 0);
}

int kid_refused(const char *path)
{
	return kid_refused_on(0, path);
}

int kid_refused_on(unsigned route, const char *path)
{
	struct kid k;

	ck_assert_int_eq(ask(&k, route, path, (struct text){NULL, 0}), 0);
	kid_wait_started(&k);
	kid_close(&k);
	ck_assert_int_eq(k.status, RIG_NOT_YET);
	return k.started;
}

static const char *read_out(struct kid *k, bool line)
{
	static char text[256 * 1024];
	double end = rig_now() + PATIENCE;
	size_t n = 0;

	while (rig_now() < end && n < sizeof text - 1) {
		ssize_t r = read(k->out, text + n, line ? 1 : sizeof text - 1 - n);

		if (r <= 0 || (line && text[n] == '\n'))
			break;
		n += (size_t)r;
	}
	text[n] = '\0';
	k->out_n = n;
	return text;
}

const char *kid_output(struct kid *k)
{
	return read_out(k, false);
}

const char *kid_line(struct kid *k)
{
	return read_out(k, true);
}

pid_t kid_number(struct kid *k)
{
	pid_t n = (pid_t)atol(kid_line(k));

	ck_assert_int_gt(n, 1);
	return n;
}

void kid_close(struct kid *k)
{
	if (k->out >= 0)
		close(k->out);
	k->out = -1;
	ck_assert_uint_eq(k->calls, 0);
}

/* ---- messages by hand ---- */

bool rig_try_send(const void *message, size_t n, const int *fds, int fd_count)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(16 * sizeof(int))];
	} control;
	size_t size = (size_t)fd_count * sizeof *fds;
	struct iovec iov = {(void *)(uintptr_t)message, n};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	memset(&control, 0, sizeof control);
	if (fd_count) {
		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE(size);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&control.head), fds, size);
	}
	if (sendmsg(rig.worker_ends[1], &mh, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n)
		return true;
	ck_assert_int_eq(errno, EAGAIN);
	return false;
}

void rig_send(const void *message, size_t n, const int *fds, int fd_count)
{
	double end = rig_now() + PATIENCE;

	while (!rig_try_send(message, n, fds, fd_count)) {
		ck_assert_msg(rig_now() < end, "the spawner does not read");
		usleep(1000);
	}
}

struct spawn_msg rig_receive(enum spawn_kind kind)
{
	struct timeval patience = {.tv_sec = (time_t)PATIENCE};
	int fd = rig.worker_ends[1];
	struct spawn_msg msg;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	do {
		ck_assert_int_eq(recv(fd, &msg, sizeof msg, 0), (ssize_t)sizeof msg);
	} while (msg.kind != kind);
	return msg;
}
