/* SPDX-License-Identifier: MIT */
/*
 * The spawner with real processes: what a program finds, what is refused, and that nothing outlives
 * its owner. Programs are shell scripts that tell about themselves.
 */
#include "tests/unit/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/folder.h"
#include "tests/unit/spawn_rig.h"

suite_maker spawner_suite;

static struct kid k;

/* ---- what a program finds ---- */

START_TEST(program_gets_environment_folder_and_no_arguments)
{
	static const char env[] = "GREETING=good day\0EMPTY=\0QUERY_STRING=a b;c";
	const char *path = rig_program("tell", "#!/bin/sh\n"
					       "echo \"$GREETING|$EMPTY|$QUERY_STRING|$#|$0\"\n"
					       "echo \"$(/bin/pwd -P)|${HOME-unset}\"\n");
	char expected[512];

	ck_assert_int_eq(kid_ask(&k, path, env, sizeof env), 0);
	kid_wait_exited(&k);
	ck_assert_int_eq(k.status, 0);
	snprintf(expected, sizeof expected, "good day||a b;c|0|%s\n%.*s|unset\n", path,
		 (int)(strrchr(path, '/') - path), path);
	ck_assert_str_eq(kid_output(&k), expected);
	kid_close(&k);
}
END_TEST

START_TEST(program_has_three_descriptors)
{
	/* 3 is that of ls itself. */
	kid_run(&k, "#!/bin/sh\nexec ls /proc/self/fd\n");
	ck_assert_str_eq(kid_output(&k), "0\n1\n2\n3\n");
	kid_wait_exited(&k);
	kid_close(&k);
}
END_TEST

START_TEST(program_leads_a_group)
{
	char *line;
	int pid = 0, group = 1;

	kid_run(&k, "#!/bin/sh\nexec cat /proc/self/stat\n");
	line = strrchr(kid_line(&k), ')');
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(sscanf(line, ") %*c %d %d", &pid, &group), 2);
	ck_assert_int_eq(pid, rig.spawner);
	ck_assert_int_ne(group, getpgrp());
	kid_wait_exited(&k);
	kid_close(&k);
}
END_TEST

START_TEST(program_finds_signals_at_their_default)
{
	unsigned long long blocked = 1, ignored = 1;

	kid_run(&k, "#!/bin/sh\nexec grep -E '^Sig(Blk|Ign)' /proc/self/status\n");
	ck_assert_int_eq(sscanf(kid_output(&k), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored),
			 2);
	ck_assert_uint_eq(blocked, 0);
	/* 32 and 33 are the C library's own: nobody can set them, and make leaves them ignored. */
	ck_assert_uint_eq(ignored & ~(3ull << 31), 0);
	kid_wait_exited(&k);
	kid_close(&k);
}
END_TEST

START_TEST(program_in_a_folder_below)
{
	char expected[300];

	folder_mkdir("sub");
	folder_mkdir("sub/..x");
	ck_assert_int_eq(kid_ask(&k, rig_program("sub/..x/a", "#!/bin/sh\n/bin/pwd -P\n"), "", 0),
			 0);
	kid_wait_exited(&k);
	snprintf(expected, sizeof expected, "%s\n", folder_path("sub/..x"));
	ck_assert_str_eq(kid_output(&k), expected);
	kid_close(&k);
}
END_TEST

START_TEST(exit_status_is_told)
{
	kid_run(&k, "#!/bin/sh\nexit 7\n");
	kid_wait_exited(&k);
	ck_assert(WIFEXITED(k.status));
	ck_assert_int_eq(WEXITSTATUS(k.status), 7);
	kid_close(&k);
	kid_run(&k, "#!/bin/sh\nkill -SEGV $$\n");
	kid_wait_exited(&k);
	ck_assert(WIFSIGNALED(k.status));
	ck_assert_int_eq(WTERMSIG(k.status), SIGSEGV);
	kid_close(&k);
}
END_TEST

/* ---- what cannot be started ---- */

START_TEST(failed_exec_is_told)
{
	ck_assert_int_eq(kid_refused(folder_path("missing")), ENOENT);
	ck_assert_int_eq(kid_refused(folder_path("missing/too")), ENOENT);
	ck_assert_int_eq(kid_refused(rig_program("interpreter", "#!/nonexistent/perl\nprint 1;\n")),
			 ENOENT);
	ck_assert_int_eq(kid_refused(rig_program("bare", "echo no interpreter\n")), ENOEXEC);
	folder_put_text("plain", "#!/bin/sh\n");
	ck_assert_int_eq(kid_refused(folder_path("plain")), EACCES);
	folder_mkdir("folder");
	ck_assert_int_eq(kid_refused(folder_path("folder")), EACCES);
	ck_assert_int_eq(kid_refused(folder_path("plain/x")), ENOTDIR);
	rig_wait_childless();
}
END_TEST

START_TEST(program_outside_the_root_is_refused)
{
	char root[100], path[300];

	snprintf(root, sizeof root, "%s", folder_path(""));
	ck_assert_int_eq(kid_refused("/bin/true"), EPERM);
	ck_assert_int_eq(kid_refused("bin/true"), EPERM);
	ck_assert_int_eq(kid_refused(""), EPERM);
	ck_assert_int_eq(kid_refused("/"), EPERM);
	ck_assert_int_eq(kid_refused(root), EPERM);
	rig_program("ok", "#!/bin/sh\n");
	/* A folder whose name begins like the root. */
	snprintf(path, sizeof path, "%.*s-other/ok", (int)strlen(root) - 1, root);
	ck_assert_int_eq(kid_refused(path), EPERM);
	/* The root itself may be the program; that a folder is none is for exec to say. */
	snprintf(path, sizeof path, "%.*s", (int)strlen(root) - 1, root);
	ck_assert_int_eq(kid_refused(path), EACCES);
}
END_TEST

START_TEST(dot_segments_are_refused)
{
	static const char *const bad[] = {"../www/ok", "./ok", "x/../ok", "/ok",
					  "ok/",       "ok/.", "ok/..",	  "x//ok"};

	rig_program("ok", "#!/bin/sh\n");
	folder_mkdir("x");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_int_eq(kid_refused(folder_path(bad[i])), EPERM);
	ck_assert(rig_logged("worker 0 sent a wrong message"));
	ck_assert(rig_logged("/www/x/../ok); it is not obeyed"));
}
END_TEST

START_TEST(wrong_route_is_refused)
{
	const char *path = rig_program("ok", "#!/bin/sh\n");

	ck_assert_int_eq(kid_refused_on(1, path), EPERM);
	ck_assert_int_eq(kid_refused_on(RIG_ROUTES, path), EPERM);
	ck_assert_int_eq(kid_refused_on(UINT32_MAX, path), EPERM);
}
END_TEST

START_TEST(route_of_one_program)
{
	const char *path = rig_program("ok", "#!/bin/sh\n");

	ck_assert_int_eq(kid_refused_on(2, path), EPERM);
	/* This is allowed, and fails in exec. */
	ck_assert_int_eq(kid_refused_on(2, folder_path("only")), ENOENT);
	ck_assert_int_eq(kid_refused_on(2, folder_path("only2")), EPERM);
	ck_assert_int_eq(kid_refused_on(2, folder_path("onl")), EPERM);
}
END_TEST

START_TEST(malformed_environment_is_refused)
{
	static const struct text bad[] = {
	    {"A=1", 3}, {"A=1\0B=2", 7}, {"A", 2}, {"=1", 3}, {"A=1\0", 5}, {"", 1},
	};
	const char *path = rig_program("ok", "#!/bin/sh\n");

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_eq(kid_ask(&k, path, bad[i].p, bad[i].n), 0);
		kid_wait_started(&k);
		ck_assert_int_eq(k.started, EINVAL);
		kid_close(&k);
	}
}
END_TEST

START_TEST(large_environment)
{
	/* cat, and no shell that would fold what comes twice. */
	static const char script[] = "#!/bin/cat /proc/self/environ\n";
	enum { SIZE = 150 * 1024, EACH = 1024 };
	static char env[SPAWN_MESSAGE_MAX + 1];
	const char *path = rig_program("environ", script);

	for (size_t i = 0; i < sizeof env; i++)
		env[i] = i % EACH == 0 ? 'A' : i % EACH == 1 ? '=' : i % EACH == EACH - 1 ? 0 : 'x';
	ck_assert_int_eq(kid_ask(&k, path, env, SIZE), 0);
	ck_assert_int_eq(memcmp(kid_output(&k), env, SIZE), 0);
	ck_assert_uint_eq(k.out_n, SIZE + strlen(script));
	kid_wait_exited(&k);
	ck_assert_int_eq(k.status, 0);
	kid_close(&k);
	ck_assert_int_eq(kid_ask(&k, path, env, sizeof env), -1);
	ck_assert_int_eq(errno, E2BIG);
	/* Fits a message, but no program: one variable has at most 128 KiB. */
	memset(env + 2, 'x', sizeof env - 2);
	env[SIZE - 1] = '\0';
	ck_assert_int_eq(kid_ask(&k, path, env, SIZE), 0);
	kid_wait_started(&k);
	ck_assert_int_eq(k.started, E2BIG);
	kid_close(&k);
}
END_TEST

START_TEST(too_many_variables)
{
	static char env[(SPAWN_ENV_MAX + 1) * 3];
	const char *path = rig_program("ok", "#!/bin/sh\n");

	for (size_t i = 0; i < sizeof env; i++)
		env[i] = "A="[i % 3];
	ck_assert_int_eq(kid_ask(&k, path, env, sizeof env), 0);
	kid_wait_started(&k);
	ck_assert_int_eq(k.started, E2BIG);
	kid_close(&k);
	ck_assert_int_eq(kid_ask(&k, path, env, sizeof env - 3), 0);
	kid_wait_exited(&k);
	ck_assert_int_eq(k.status, 0);
	kid_close(&k);
}
END_TEST

/* ---- ending ---- */

#define TREE	 "#!/bin/sh\nsleep 60 &\necho $!\nwait\n"
#define STUBBORN "#!/bin/sh\ntrap '' TERM\n(sleep 60) &\necho $!\nwhile :; do sleep 60; done\n"

START_TEST(end_reaches_the_whole_group)
{
	pid_t grandchild;

	kid_run(&k, TREE);
	grandchild = kid_number(&k);
	ck_assert(rig_alive(grandchild));
	spawn_end(rig.client, &k.child);
	spawn_end(rig.client, &k.child);
	kid_wait_exited(&k);
	ck_assert_int_eq(WTERMSIG(k.status), SIGTERM);
	rig_wait_gone(grandchild);
	ck_assert_str_eq(kid_output(&k), "");
	spawn_forget(rig.client, &k.child);
	kid_close(&k);
	rig_wait_childless();
}
END_TEST

START_TEST(who_resists_is_killed_after_the_grace)
{
	pid_t grandchild;
	double start;

	kid_run(&k, STUBBORN);
	grandchild = kid_number(&k);
	start = rig_now();
	spawn_end(rig.client, &k.child);
	kid_wait_exited(&k);
	ck_assert_int_eq(WTERMSIG(k.status), SIGKILL);
	ck_assert(rig_now() - start > RIG_GRACE * 0.9);
	ck_assert(rig_now() - start < 4);
	rig_wait_gone(grandchild);
	spawn_forget(rig.client, &k.child);
	kid_close(&k);
}
END_TEST

START_TEST(stopped_program_is_ended)
{
	kid_run(&k, "#!/bin/sh\necho $$\nkill -STOP $$\nsleep 60\n");
	kid_number(&k);
	rig_spin(0.02);
	spawn_end(rig.client, &k.child);
	kid_wait_exited(&k);
	ck_assert_int_eq(WTERMSIG(k.status), SIGTERM);
	spawn_forget(rig.client, &k.child);
	kid_close(&k);
}
END_TEST

START_TEST(forgotten_child_is_ended_and_silent)
{
	pid_t grandchild;

	kid_run(&k, STUBBORN);
	grandchild = kid_number(&k);
	spawn_forget(rig.client, &k.child);
	spawn_forget(rig.client, &k.child);
	spawn_end(rig.client, &k.child);
	rig_wait_gone(grandchild);
	rig_spin(0.02);
	ck_assert_int_eq(k.status, RIG_NOT_YET);
	kid_close(&k);
	rig_wait_childless();
}
END_TEST

START_TEST(child_forgotten_before_it_started)
{
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(kid_ask(&k, rig_program("slow", TREE), "", 0), 0);
		spawn_forget(rig.client, &k.child);
		ck_assert_int_eq(k.started, RIG_NOT_YET);
		/* The end of its output: nobody holds it any more. */
		kid_output(&k);
		kid_close(&k);
	}
	ck_assert_int_eq(kid_refused("/bin/true"), EPERM);
}
END_TEST

#define LEAVES "#!/bin/sh\nsleep 60 &\necho $!\n"

START_TEST(exit_is_told_though_others_live_on)
{
	pid_t grandchild;

	kid_run(&k, LEAVES);
	grandchild = kid_number(&k);
	kid_wait_exited(&k);
	ck_assert_int_eq(k.status, 0);
	rig_spin(0.05);
	ck_assert(rig_alive(grandchild));
	spawn_end(rig.client, &k.child);
	rig_wait_gone(grandchild);
	ck_assert_str_eq(kid_output(&k), "");
	spawn_forget(rig.client, &k.child);
	kid_close(&k);
}
END_TEST

START_TEST(forget_reaches_those_who_live_on)
{
	pid_t grandchild;

	kid_run(&k, LEAVES);
	grandchild = kid_number(&k);
	kid_wait_exited(&k);
	spawn_forget(rig.client, &k.child);
	rig_wait_gone(grandchild);
	kid_close(&k);
	kid_run(&k, "#!/bin/sh\n(trap '' TERM; while :; do sleep 60; done) &\necho $!\n");
	grandchild = kid_number(&k);
	kid_wait_exited(&k);
	rig_spin(0.02);
	spawn_forget(rig.client, &k.child);
	rig_spin(RIG_GRACE / 2);
	ck_assert(rig_alive(grandchild));
	rig_wait_gone(grandchild);
	kid_close(&k);
	rig_wait_childless();
}
END_TEST

START_TEST(who_left_the_group_is_left_alone)
{
	pid_t daemon;

	kid_run(&k, "#!/bin/sh\nsetsid sh -c 'echo $$; exec sleep 60 >/dev/null' &\nwait\n");
	daemon = kid_number(&k);
	spawn_end(rig.client, &k.child);
	kid_wait_exited(&k);
	spawn_forget(rig.client, &k.child);
	rig_spin(RIG_GRACE + 0.1);
	ck_assert(rig_alive(daemon));
	/* It has become the spawner's, which reaps it. */
	kill(daemon, SIGKILL);
	rig_wait_gone(daemon);
	kid_close(&k);
}
END_TEST

START_TEST(orphans_are_reaped)
{
	for (int i = 0; i < 5; i++) {
		kid_run(&k, "#!/bin/sh\n(sleep 0.01; (sleep 0.01 &) &) >/dev/null &\nsleep 0.03 &\n"
			    "setsid sleep 0.02 &\n");
		kid_wait_exited(&k);
		kid_output(&k);
		spawn_forget(rig.client, &k.child);
		kid_close(&k);
	}
	rig_wait_childless();
}
END_TEST

START_TEST(many_at_once)
{
	enum { MANY = 60 };
	static struct kid kids[MANY];
	const char *path = rig_program("some", "#!/bin/sh\nread x\necho out\nexit 3\n");

	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(kid_ask(&kids[i], path, "", 0), 0);
	for (int i = 0; i < MANY; i++) {
		kid_wait_exited(&kids[i]);
		ck_assert_int_eq(WEXITSTATUS(kids[i].status), 3);
		ck_assert_str_eq(kid_output(&kids[i]), "out\n");
		kid_close(&kids[i]);
	}
	rig_wait_childless();
}
END_TEST

static TCase *tcase(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, rig_make, rig_clear);
	tcase_set_timeout(t, 30);
	suite_add_tcase(s, t);
	return t;
}

Suite *spawner_suite(void)
{
	Suite *s = suite_create("spawner");
	TCase *t = tcase(s, "program");

	tcase_add_test(t, program_gets_environment_folder_and_no_arguments);
	tcase_add_test(t, program_has_three_descriptors);
	tcase_add_test(t, program_leads_a_group);
	tcase_add_test(t, program_finds_signals_at_their_default);
	tcase_add_test(t, program_in_a_folder_below);
	tcase_add_test(t, exit_status_is_told);
	tcase_add_test(t, many_at_once);

	t = tcase(s, "refused");
	tcase_add_test(t, failed_exec_is_told);
	tcase_add_test(t, program_outside_the_root_is_refused);
	tcase_add_test(t, dot_segments_are_refused);
	tcase_add_test(t, wrong_route_is_refused);
	tcase_add_test(t, route_of_one_program);
	tcase_add_test(t, malformed_environment_is_refused);
	tcase_add_test(t, large_environment);
	tcase_add_test(t, too_many_variables);

	t = tcase(s, "ending");
	tcase_add_test(t, end_reaches_the_whole_group);
	tcase_add_test(t, who_resists_is_killed_after_the_grace);
	tcase_add_test(t, stopped_program_is_ended);
	tcase_add_test(t, forgotten_child_is_ended_and_silent);
	tcase_add_test(t, child_forgotten_before_it_started);
	tcase_add_test(t, exit_is_told_though_others_live_on);
	tcase_add_test(t, forget_reaches_those_who_live_on);
	tcase_add_test(t, who_left_the_group_is_left_alone);
	tcase_add_test(t, orphans_are_reaped);
	return s;
}
