/* SPDX-License-Identifier: MIT */
/*
 * Workers and spawners that come and go, workers that talk nonsense, the programs of pools, and the
 * end of the spawner.
 */
#include "tests/unit/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/folder.h"
#include "tests/unit/spawn_rig.h"

suite_maker spawn_talk_suite;

static struct kid k;

#define TREE	 "#!/bin/sh\nsleep 60 &\necho $!\nwait\n"
#define STUBBORN "#!/bin/sh\ntrap '' TERM\n(sleep 60) &\necho $!\nwhile :; do sleep 60; done\n"

/* ---- workers and spawners come and go ---- */

START_TEST(hello_ends_the_children_of_the_predecessor)
{
	struct kid more;
	pid_t grandchild;

	kid_run(&k, TREE);
	grandchild = kid_number(&k);
	/* It dies without a word; the answer to its last request is never read. */
	ck_assert_int_eq(kid_ask(&more, rig_program("more", TREE), "", 0), 0);
	spawn_client_free(rig.client);
	usleep(20000);
	rig.client = spawn_client_new(&rig.loop, fcntl(rig.worker_ends[0], F_DUPFD_CLOEXEC, 3));
	rig_wait_gone(grandchild);
	kid_close(&k);
	kid_output(&more);
	kid_close(&more);
	/* The successor's first children have the same numbers. */
	for (int i = 0; i < 3; i++) {
		kid_run(&k, "#!/bin/sh\nexit 5\n");
		kid_wait_exited(&k);
		ck_assert_int_eq(WEXITSTATUS(k.status), 5);
		kid_close(&k);
	}
	rig_wait_childless();
}
END_TEST

START_TEST(spawner_is_replaced)
{
	pid_t program, grandchild;
	struct kid asked;

	kid_run(&k, "#!/bin/sh\nsleep 60 &\necho $$\necho $!\nwait\n");
	program = kid_number(&k);
	grandchild = kid_number(&k);
	kill(rig.spawner, SIGKILL);
	waitpid(rig.spawner, NULL, 0);
	/* The program does not outlive it. */
	rig_wait_gone(program);
	ck_assert_int_eq(kid_ask(&asked, rig_program("late", TREE), "", 0), 0);
	ck_assert_int_eq(k.status, RIG_NOT_YET);
	rig_run_spawner();
	kid_wait_exited(&k);
	ck_assert_int_eq(WTERMSIG(k.status), SIGKILL);
	kid_wait_started(&asked);
	ck_assert_int_eq(asked.started, EPIPE);
	/* What the new one has read of the old session is ended. */
	kid_output(&asked);
	kid_close(&asked);
	kid_close(&k);
	kill(grandchild, SIGKILL);
	kid_run(&k, "#!/bin/sh\nexit 4\n");
	kid_wait_exited(&k);
	ck_assert_int_eq(WEXITSTATUS(k.status), 4);
	kid_close(&k);
}
END_TEST

START_TEST(first_hello_fails_nobody)
{
	/* The spawner is slower than its worker. */
	rig_open();
	rig.client = spawn_client_new(&rig.loop, fcntl(rig.worker_ends[0], F_DUPFD_CLOEXEC, 3));
	ck_assert_int_eq(kid_ask(&k, rig_program("early", "#!/bin/sh\nexit 6\n"), "", 0), 0);
	rig_run_spawner();
	kid_wait_exited(&k);
	ck_assert_int_eq(WEXITSTATUS(k.status), 6);
	kid_close(&k);
	rig_clear();
}
END_TEST

START_TEST(busy_spawner_is_no_danger)
{
	enum { MANY = 1000 };
	static struct kid kids[MANY];
	const char *path = rig_program("ok", "#!/bin/sh\n");
	int n = 0, small = 65536;

	kid_run(&k, TREE);
	setsockopt(rig.worker_ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	kill(rig.spawner, SIGSTOP);
	while (n < MANY && kid_ask(&kids[n], path, "", 0) == 0)
		close(kids[n].out), kids[n++].out = -1;
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_lt(n, MANY);
	/* These must not be lost. */
	for (int i = 0; i < n; i++)
		spawn_forget(rig.client, &kids[i].child);
	spawn_end(rig.client, &k.child);
	ck_assert_int_eq(kid_ask(&kids[n], path, "", 0), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_gt(n, 10);
	kill(rig.spawner, SIGCONT);
	kid_wait_exited(&k);
	kid_close(&k);
	ck_assert_int_eq(kid_refused("/bin/true"), EPERM);
	rig_wait_childless();
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(kids[i].started, RIG_NOT_YET);
}
END_TEST

START_TEST(closed_pair_fails_all)
{
	struct kid more;

	kid_run(&k, TREE);
	ck_assert_int_eq(rig_stop_spawner(), 0);
	for (int i = 0; i < RIG_WORKERS; i++) {
		close(rig.spawner_ends[i]);
		rig.spawner_ends[i] = -1;
	}
	kid_wait_exited(&k);
	kid_close(&k);
	rig_spin(0.02);
	ck_assert_int_eq(kid_ask(&more, rig_program("ok", "#!/bin/sh\n"), "", 0), -1);
	ck_assert_int_eq(errno, EPIPE);
}
END_TEST

/* ---- worker 1 has gone mad ---- */

static struct spawn_msg *start_message(const char *path, size_t *n)
{
	static union {
		struct spawn_msg msg;
		char room[SPAWN_MESSAGE_MAX + 4096];
	} m;

	m.msg = (struct spawn_msg){.kind = SPAWN_START, .session = 77, .id = 9};
	m.msg.program = (uint32_t)strlen(path);
	strcpy(m.room + sizeof m.msg, path);
	*n = sizeof m.msg + strlen(path) + 1;
	return &m.msg;
}

static void expect_refusal(const struct spawn_msg *m, size_t n, int fd_count, int error)
{
	static const int fds[16] = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0};
	struct spawn_msg answer;

	rig_send(m, n, fds, fd_count);
	answer = rig_receive(SPAWN_STARTED);
	ck_assert_uint_eq(answer.session, 77);
	ck_assert_uint_eq(answer.id, 9);
	ck_assert_uint_eq(answer.value, (unsigned)error);
}

/* Those that the spawner has open when it is done with what it was sent. */
static int spawner_descriptors(void)
{
	struct spawn_msg hello = {.kind = SPAWN_HELLO, .session = 77};
	char command[64];
	FILE *f;
	int n = 0;

	rig_send(&hello, sizeof hello, NULL, 0);
	rig_receive(SPAWN_HELLO);
	snprintf(command, sizeof command, "ls /proc/%d/fd | wc -l", (int)rig.spawner);
	f = popen(command, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%d", &n), 1);
	pclose(f);
	return n;
}

START_TEST(malformed_start_is_refused)
{
	const char *path = rig_program("ok", "#!/bin/sh\n");
	struct spawn_msg *m;
	int before;
	size_t n;

	m = start_message(path, &n);
	expect_refusal(m, n, 3, 0);
	ck_assert_uint_eq(rig_receive(SPAWN_EXITED).left, 0);
	before = spawner_descriptors();
	for (int fds = 0; fds <= 16; fds++) {
		if (fds != 3)
			expect_refusal(m, n, fds, EINVAL);
	}
	/* Lengths that do not agree. */
	expect_refusal(m, n - 1, 3, EINVAL);
	expect_refusal(m, n + 1, 3, EINVAL);
	expect_refusal(m, sizeof *m, 3, EINVAL);
	m->program = UINT32_MAX;
	expect_refusal(m, n, 3, EINVAL);
	m->program = (uint32_t)n;
	m->env = UINT32_MAX;
	expect_refusal(m, n, 3, EINVAL);
	m = start_message(path, &n);
	m->env = (uint32_t)-1;
	expect_refusal(m, n, 3, EINVAL);
	/* A NUL inside the path; the path runs into the environment. */
	((char *)m)[n - 3] = '\0';
	m->env = 0;
	expect_refusal(m, n, 3, EINVAL);
	/* Longer than a message may be. */
	m = start_message(path, &n);
	m->env = (uint32_t)(SPAWN_MESSAGE_MAX + 100 - n);
	expect_refusal(m, SPAWN_MESSAGE_MAX + 100, 3, EINVAL);
	m->env = (uint32_t)(SPAWN_MESSAGE_MAX - n);
	expect_refusal(m, SPAWN_MESSAGE_MAX + 100, 3, EINVAL);
	ck_assert_int_eq(spawner_descriptors(), before);
	rig_wait_childless();
}
END_TEST

START_TEST(nonsense_is_ignored)
{
	struct spawn_msg m = {.kind = 0, .session = 77, .id = 9};
	const int fds[3] = {0, 1, 2};
	int before;

	kid_run(&k, "#!/bin/sh\nsleep 0.05\nexit 3\n");
	before = spawner_descriptors();
	rig_send("", 0, NULL, 0);
	for (size_t n = 1; n < sizeof m; n++)
		rig_send(&m, n, fds, n % 2 ? 3 : 0);
	for (m.kind = 0; m.kind < 10; m.kind++) {
		if (m.kind != SPAWN_START)
			rig_send(&m, sizeof m, m.kind % 2 ? fds : NULL, m.kind % 2 ? 3 : 0);
	}
	/* The other worker's child has the number that was sent. */
	kid_wait_exited(&k);
	ck_assert_int_eq(WEXITSTATUS(k.status), 3);
	kid_close(&k);
	ck_assert_int_eq(spawner_descriptors(), before);
}
END_TEST

START_TEST(exit_tells_whether_others_are_left)
{
	const int fds[3] = {0, 1, 2};
	struct spawn_msg *m;
	size_t n;

	m = start_message(rig_program("leaves", "#!/bin/sh\nsleep 60 >/dev/null &\n"), &n);
	rig_send(m, n, fds, 3);
	ck_assert_uint_eq(rig_receive(SPAWN_EXITED).left, 1);
	m = start_message(rig_program("alone", "#!/bin/sh\nsleep 0 &\nwait\n"), &n);
	m->id++;
	rig_send(m, n, fds, 3);
	ck_assert_uint_eq(rig_receive(SPAWN_EXITED).left, 0);
}
END_TEST

START_TEST(number_in_use_is_refused)
{
	const int fds[3] = {0, 1, 2};
	struct spawn_msg *m;
	size_t n;

	m = start_message(rig_program("wait", "#!/bin/sh\nexec sleep 60\n"), &n);
	rig_send(m, n, fds, 3);
	ck_assert_uint_eq(rig_receive(SPAWN_STARTED).value, 0);
	expect_refusal(m, n, 3, EINVAL);
	m->kind = SPAWN_END;
	m->program = 0;
	rig_send(m, sizeof *m, NULL, 0);
	ck_assert_uint_eq(rig_receive(SPAWN_EXITED).value, SIGTERM);
}
END_TEST

START_TEST(worker_that_does_not_read)
{
	enum { MANY = 1500 };
	const int fds[3] = {0, 1, 2};
	struct spawn_msg *m;
	size_t n, sent = 0;
	int small = 1;

	/* Refusals, as they are cheap; the socket takes a few. */
	setsockopt(rig.spawner_ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	m = start_message("/no", &n);
	for (; sent < MANY; sent++) {
		m->id = (uint32_t)sent;
		if (rig_try_send(m, n, fds, 3))
			continue;
		usleep(20000);
		if (!rig_try_send(m, n, fds, 3))
			break;
	}
	/* It is held back, and the other worker is not. */
	ck_assert_uint_lt(sent, MANY);
	kid_run(&k, "#!/bin/sh\nexit 2\n");
	kid_wait_exited(&k);
	kid_close(&k);
	for (uint32_t i = 0; i < sent; i++)
		ck_assert_uint_eq(rig_receive(SPAWN_STARTED).id, i);
}
END_TEST

START_TEST(worker_with_too_many_children)
{
	int in[2], refused = 0;
	struct spawn_msg *m;
	size_t n;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(symlink("/bin/cat", folder_path("wait")), 0);
	m = start_message(folder_path("wait"), &n);
	for (m->id = 1; m->id <= SPAWN_CHILDREN_MAX + 1; m->id++) {
		rig_send(m, n, (const int[]){in[0], 1, 2}, 3);
		if (rig_receive(SPAWN_STARTED).value != 0)
			refused++;
	}
	ck_assert_int_eq(refused, 1);
	close(in[0]);
	close(in[1]);
	for (int i = 0; i < SPAWN_CHILDREN_MAX; i++)
		ck_assert_uint_eq(rig_receive(SPAWN_EXITED).value, 0);
	m = start_message("/no", &n);
	expect_refusal(m, n, 3, EPERM);
}
END_TEST

/* ---- the programs of pools ---- */

static void make_pool(const char *path, unsigned processes)
{
	static struct sockaddr_un addr;
	static char *argv[3];

	argv[0] = strdup(path);
	argv[1] = strdup("argument 1");
	addr.sun_family = AF_UNIX;
	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", folder_path("socket"));
	rig.pool = (struct spawn_pool){.name = "apps", .argv = argv, .processes = processes};
	rig.pool.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(rig.pool.listen_fd, (struct sockaddr *)&addr, sizeof addr), 0);
	ck_assert_int_eq(listen(rig.pool.listen_fd, 5), 0);
}

static void clear_pool(void)
{
	free(rig.pool.argv[0]);
	free(rig.pool.argv[1]);
	rig_clear();
}

/* What the programs of the pool have written into the file "log". */
static const char *pool_log(void)
{
	static char text[4096];
	int fd = open(folder_path("log"), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static bool log_has_lines(const void *count)
{
	int n = 0;

	for (const char *p = pool_log(); (p = strchr(p, '\n')); p++)
		n++;
	return n >= *(const int *)count;
}

static const char *pool_script(const char *body)
{
	char text[1024];

	snprintf(text, sizeof text, "#!/bin/sh\nexec 3>>%s\n%s", folder_path("log"), body);
	return rig_program("pool", text);
}

static void run_pool(const char *body, unsigned processes)
{
	rig_open();
	make_pool(pool_script(body), processes);
	rig_run_spawner();
}

START_TEST(pool_program_gets_its_socket)
{
	const int one = 1;
	int flags;

	run_pool("echo \"$1|$#|$(/bin/pwd)|$OUTRIDER_POOL|$PATH|$(env | wc -l)|"
		 "$(readlink /proc/self/fd/0 | cut -c 1-7)|$(ls /proc/self/fd | wc -l)\" >&3\n"
		 "exec sleep 60\n",
		 1);
	rig_until(log_has_lines, &one);
	/* PWD is the shell's own; descriptor 3 is the log, 4 that of ls. */
	ck_assert_str_eq(pool_log(),
			 "argument 1|1|/|apps|/usr/local/bin:/usr/bin:/bin|3|socket:|5\n");
	/* One open file description: the flag shows here, too. */
	flags = fcntl(rig.pool.listen_fd, F_GETFL);
	ck_assert_int_eq(flags & O_NONBLOCK, 0);
	clear_pool();
}
END_TEST

static bool is_logged(const void *words)
{
	return rig_logged(words);
}

START_TEST(pool_program_is_started_again)
{
	const int two = 2, three = 3;
	double start = rig_now();

	run_pool("echo $$ >&3\nexit 1\n", 1);
	rig_until(log_has_lines, &two);
	rig_until(log_has_lines, &three);
	ck_assert(rig_now() - start > 0.9);
	ck_assert(rig_logged("ended with status 1 after 0."));
	ck_assert(rig_logged("the next one starts in 0 s"));
	ck_assert(rig_logged("the next one starts in 1 s"));
	rig_until(is_logged, "the next one starts in 2 s");
	clear_pool();
}
END_TEST

START_TEST(killed_pool_program_is_replaced_with_its_group)
{
	const int two = 2, four = 4;
	int first = 0, grandchild = 0;

	run_pool("sleep 60 &\necho $$ $! >&3\nwait\n", 2);
	rig_until(log_has_lines, &two);
	ck_assert_int_eq(sscanf(pool_log(), "%d %d", &first, &grandchild), 2);
	kill(first, SIGKILL);
	rig_wait_gone(grandchild);
	rig_until(log_has_lines, &(const int){3});
	rig_spin(0.05);
	ck_assert(!log_has_lines(&four));
	ck_assert_int_eq(rig_children(), 2);
	clear_pool();
}
END_TEST

START_TEST(pool_program_that_cannot_start)
{
	rig_open();
	make_pool("/nonexistent/app.fcgi", 1);
	rig_run_spawner();
	rig_until(is_logged, "cannot be started: No such file or directory; the file, or the "
			     "interpreter that its first line names, does not exist; next attempt "
			     "in 1 s");
	clear_pool();
}
END_TEST

/* ---- the end of the spawner ---- */

START_TEST(term_ends_all)
{
	const int one = 1;
	pid_t grandchild, left;
	int app = 0;
	struct kid other;

	run_pool("echo $$ >&3\nexec sleep 60\n", 1);
	rig.client = spawn_client_new(&rig.loop, fcntl(rig.worker_ends[0], F_DUPFD_CLOEXEC, 3));
	rig_until(log_has_lines, &one);
	ck_assert_int_eq(sscanf(pool_log(), "%d", &app), 1);
	kid_run(&k, "#!/bin/sh\nsleep 60 &\necho $!\nwait\n");
	grandchild = kid_number(&k);
	kid_run(&other, "#!/bin/sh\nsleep 60 &\necho $!\n");
	left = kid_number(&other);
	kid_wait_exited(&other);
	ck_assert_int_eq(rig_stop_spawner(), 0);
	rig_wait_gone(app);
	rig_wait_gone(grandchild);
	rig_wait_gone(left);
	kid_wait_exited(&k);
	ck_assert_int_eq(WTERMSIG(k.status), SIGTERM);
	kid_close(&k);
	kid_close(&other);
	clear_pool();
}
END_TEST

START_TEST(term_kills_who_resists)
{
	double start;
	pid_t grandchild;

	kid_run(&k, STUBBORN);
	grandchild = kid_number(&k);
	start = rig_now();
	ck_assert_int_eq(rig_stop_spawner(), 0);
	ck_assert(rig_now() - start > RIG_GRACE * 0.9);
	ck_assert(rig_now() - start < 4);
	rig_wait_gone(grandchild);
	kid_close(&k);
}
END_TEST

START_TEST(second_term_kills_at_once)
{
	double start;

	/* Without CGI routes the grace is 5 s. */
	rig_routes = 0;
	run_pool("trap '' TERM\necho $$ >&3\nwhile :; do sleep 60; done\n", 1);
	rig_until(log_has_lines, &(const int){1});
	kill(rig.spawner, SIGTERM);
	rig_spin(0.1);
	ck_assert(rig_alive(rig.spawner));
	start = rig_now();
	ck_assert_int_eq(rig_stop_spawner(), 0);
	ck_assert(rig_now() - start < 4);
	clear_pool();
	rig_routes = RIG_ROUTES;
}
END_TEST

START_TEST(other_signals_do_nothing)
{
	static const int harmless[] = {SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM};

	kid_run(&k, "#!/bin/sh\nsleep 0.1\nexit 9\n");
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		kill(rig.spawner, harmless[i]);
	kid_wait_exited(&k);
	ck_assert_int_eq(WEXITSTATUS(k.status), 9);
	kid_close(&k);
}
END_TEST

START_TEST(death_of_the_supervisor_ends_all)
{
	pid_t supervisor, program;
	int tell[2];

	rig_open();
	ck_assert_int_eq(pipe2(tell, O_CLOEXEC), 0);
	supervisor = fork();
	if (!supervisor) {
		rig_run_spawner();
		if (write(tell[1], &rig.spawner, sizeof rig.spawner) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	ck_assert_int_eq(read(tell[0], &rig.spawner, sizeof rig.spawner), sizeof rig.spawner);
	rig.client = spawn_client_new(&rig.loop, fcntl(rig.worker_ends[0], F_DUPFD_CLOEXEC, 3));
	kid_run(&k, STUBBORN);
	program = kid_number(&k);
	kill(supervisor, SIGKILL);
	waitpid(supervisor, NULL, 0);
	rig_wait_gone(program);
	rig_wait_gone(rig.spawner);
	rig.spawner = 0;
	kid_close(&k);
	close(tell[0]);
	close(tell[1]);
	rig_clear();
}
END_TEST

START_TEST(spawner_ends_when_no_worker_can_come)
{
	int status;

	spawn_client_free(rig.client);
	rig.client = NULL;
	for (int i = 0; i < RIG_WORKERS; i++) {
		close(rig.worker_ends[i]);
		rig.worker_ends[i] = -1;
	}
	ck_assert_int_eq(waitpid(rig.spawner, &status, 0), rig.spawner);
	ck_assert_int_eq(status, 0);
	rig.spawner = 0;
}
END_TEST

static TCase *tcase(Suite *s, const char *name, bool rigged)
{
	TCase *t = tcase_create(name);

	if (rigged)
		tcase_add_checked_fixture(t, rig_make, rig_clear);
	tcase_set_timeout(t, 30);
	suite_add_tcase(s, t);
	return t;
}

Suite *spawn_talk_suite(void)
{
	Suite *s = suite_create("spawn_talk");
	TCase *t = tcase(s, "rigged", true);

	tcase_add_test(t, hello_ends_the_children_of_the_predecessor);
	tcase_add_test(t, spawner_is_replaced);
	tcase_add_test(t, busy_spawner_is_no_danger);
	tcase_add_test(t, closed_pair_fails_all);
	tcase_add_test(t, malformed_start_is_refused);
	tcase_add_test(t, nonsense_is_ignored);
	tcase_add_test(t, exit_tells_whether_others_are_left);
	tcase_add_test(t, number_in_use_is_refused);
	tcase_add_test(t, worker_that_does_not_read);
	tcase_add_test(t, worker_with_too_many_children);
	tcase_add_test(t, term_kills_who_resists);
	tcase_add_test(t, other_signals_do_nothing);
	tcase_add_test(t, spawner_ends_when_no_worker_can_come);

	t = tcase(s, "own", false);
	tcase_add_test(t, first_hello_fails_nobody);
	tcase_add_test(t, pool_program_gets_its_socket);
	tcase_add_test(t, pool_program_is_started_again);
	tcase_add_test(t, killed_pool_program_is_replaced_with_its_group);
	tcase_add_test(t, pool_program_that_cannot_start);
	tcase_add_test(t, term_ends_all);
	tcase_add_test(t, second_term_kills_at_once);
	tcase_add_test(t, death_of_the_supervisor_ends_all);
	return s;
}
