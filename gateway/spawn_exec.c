/* SPDX-License-Identifier: MIT */
/*
 * Starting one program. The child is cloned with CLONE_VM and CLONE_VFORK: it borrows our memory,
 * runs on a stack of its own, and we stand still until it has become the program or has ended. That
 * costs the same however large we are, and there is no moment in which a second copy of us runs.
 *
 * What makes it safe to run code in shared memory: the child makes system calls only, and no signal
 * handler can run there, because the spawner has none (signals are blocked and read from a
 * signalfd). For the same reason there is nothing to reset but the mask: no signal is ignored or
 * caught here, so the program finds all at their default.
 *
 * A child that cannot exec says why over the report pipe. One pipe serves all children, since there
 * is never more than one between clone and exec: when clone() returns, an empty pipe means success.
 * (A variable would do as well, but emulators, valgrind among them, give the child a copy.)
 *
 * The program dies with the spawner (PR_SET_PDEATHSIG), lest it run on with nobody to end it after
 * a crash. The signal is lost if the spawner died before the child asked for it; hence the look at
 * the parent's pid after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/spawn_internal.h"

/* The dynamic linker may save all vector registers on it; untouched pages cost nothing. */
enum { STACK = 64 * 1024 };

struct launch {
	const struct spawn_launcher *launcher;
	const struct spawn_plan *plan;
};

double spawn_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int spawn_launcher_init(struct spawn_launcher *l)
{
	l->self = getpid();
	return pipe2(l->report, O_CLOEXEC | O_NONBLOCK);
}

void spawn_launcher_clear(struct spawn_launcher *l)
{
	close(l->report[0]);
	close(l->report[1]);
}

static int take_descriptors(const int fds[3])
{
	for (int i = 0; i < 3; i++) {
		if (dup2(fds[i], i) < 0)
			return -1;
	}
	/* Ours all are close-on-exec from birth; a kernel without the call is no danger. */
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	return 0;
}

/* Runs in the memory of the spawner, which waits: system calls only, no sanitizer's work. */
__attribute__((no_sanitize("address"), no_sanitize("undefined"))) static int child(void *arg)
{
	const struct launch *l = arg;
	const struct spawn_plan *plan = l->plan;
	sigset_t none;
	int error;

	sigemptyset(&none);
	if (setpgid(0, 0) || prctl(PR_SET_PDEATHSIG, SIGTERM))
		goto fail;
	if (getppid() != l->launcher->self)
		_exit(127);
	if (chdir(plan->dir) || take_descriptors(plan->fds))
		goto fail;
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(plan->argv[0], plan->argv, plan->envp);
fail:
	error = errno;
	/* Four octets into an empty pipe always fit. */
	_exit(write(l->launcher->report[1], &error, sizeof error) > 0 ? 127 : 126);
}

pid_t spawn_launch(const struct spawn_launcher *launcher, const struct spawn_plan *plan)
{
	_Alignas(16) char stack[STACK];
	struct launch l = {launcher, plan};
	int error;
	pid_t pid;

	pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &l);
	if (pid < 0)
		return -1;
	if (read(launcher->report[0], &error, sizeof error) != (ssize_t)sizeof error)
		return pid;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = error;
	return -1;
}

const char *spawn_advice(int error)
{
	switch (error) {
	case ENOENT:
		return "the file, or the interpreter that its first line names, does not exist";
	case EACCES:
		return "the file must be executable (chmod +x) and all folders above it open for "
		       "Outrider's user, and its file system not be mounted noexec";
	case ENOEXEC:
		return "it is no program of this machine; a script needs a first line such as "
		       "#!/bin/sh";
	case ENOTDIR:
		return "a part of its path is no folder";
	case E2BIG:
		return "the request and the configured variables are more than a program can take";
	case EPERM:
		return "the program is not one of a CGI route of the running configuration";
	case ETXTBSY:
		return "the file is open for writing just now";
	case EAGAIN:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return "the system or Outrider's limit has no room for another process; see "
		       "TasksMax= and ulimit";
	case EPIPE:
		return "the helper process that starts programs has died; it is started again";
	case ESHUTDOWN:
		return "Outrider is ending";
	default:
		return "see execve(2) for what this error means";
	}
}
