/* SPDX-License-Identifier: MIT */
/*
 *     supervisor ─┬─ spawner ── CGI programs, `command =` programs
 *                 └─ worker, worker, ...
 *
 * It waits for signals and does nothing else. All children get their signals from here, so they
 * ignore those of the terminal (they are in process groups of their own).
 */
#include "server/app/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/spawner.h"
#include "server/app/config.h"
#include "server/app/sockets.h"
#include "server/app/worker.h"
#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/front/tls.h"

static const double patience = 10; /* seconds beyond shutdown_timeout before KILL */
static const double min_life = 1; /* a process that dies younger is started anew after that pause */

struct child {
	pid_t pid; /* 0: not running */
	double born;
	double again; /* when to start it anew; 0: not waiting */
};

struct supervisor {
	const struct config *config;
	struct sockets sockets;
	struct child spawner, *workers;
	struct spawn_route *routes;
	struct spawn_pool *pools;
	uid_t uid;
	gid_t gid;
	const char *user;
	bool drop; /* privileges */
	bool stopping, spawner_told;
	double kill_at; /* when children that heed no TERM are killed; 0: not yet known */
	sigset_t signals;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- privileges ---- */

static int find_user(struct supervisor *s)
{
	const char *user = s->config->server.user, *group = s->config->server.group;
	struct passwd *pw;
	struct group *gr;

	s->uid = getuid();
	s->gid = getgid();
	if (getuid() != 0 || !user)
		return 0;
	pw = getpwnam(user);
	if (!pw) {
		log_error(AREA_SERVER, "user = %s: there is no such user", user);
		return -1;
	}
	s->uid = pw->pw_uid;
	s->gid = pw->pw_gid;
	s->user = user;
	s->drop = true;
	if (!group)
		return 0;
	gr = getgrnam(group);
	if (!gr) {
		log_error(AREA_SERVER, "group = %s: there is no such group", group);
		return -1;
	}
	s->gid = gr->gr_gid;
	return 0;
}

static void say_user(const struct supervisor *s)
{
	const char *user = s->config->server.user;

	if (getuid() != 0 && user)
		log_info(AREA_SERVER, "not started as root: user = %s has no effect", user);
	if (getuid() == 0 && !user)
		log_warn(AREA_SERVER,
			 "runs as root: set user = www-data, or another without rights");
}

static void drop_privileges(const struct supervisor *s)
{
	if (!s->drop)
		return;
	if (initgroups(s->user, s->gid) || setgid(s->gid) || setuid(s->uid)) {
		log_error(AREA_SERVER, "cannot become user %s: %s", s->user, strerror(errno));
		_exit(EXIT_FAILURE);
	}
}

/*
 * Log files are the server user's, so that workers can open them, also anew after rotation; only
 * root can make them in /var/log. The folder may be the user's, who must not be given a stranger's
 * file by a link that he put there.
 */
static void give_log(const struct supervisor *s, const char *path)
{
	struct stat st;
	int fd;

	if (!s->drop || !path || strcmp(path, "stderr") == 0 || strcmp(path, "stdout") == 0 ||
	    strcmp(path, "syslog") == 0)
		return;
	fd = open(path,
		  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		  0640);
	if (fd < 0 || fstat(fd, &st))
		log_warn(AREA_SERVER, "cannot give %s to user %s: %s", path, s->user,
			 errno == ELOOP ? "it is a symbolic link" : strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		log_warn(AREA_SERVER, "%s is not given to user %s: it is no file of its own", path,
			 s->user);
	else if (fchown(fd, s->uid, s->gid))
		log_warn(AREA_SERVER, "cannot give %s to user %s: %s", path, s->user,
			 strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void give_logs(const struct supervisor *s)
{
	give_log(s, s->config->server.error_log);
	for (const struct conf_site *site = s->config->sites; site; site = site->next)
		give_log(s, site->access_log);
}

/* ---- children ---- */

/* In the child: what is inherited from the supervisor and not wanted. */
static void become_child(const struct supervisor *s)
{
	setpgid(0, 0);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &s->signals, NULL);
	drop_privileges(s);
	/* After the change of user, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static void start(struct supervisor *s, struct child *c, int worker)
{
	pid_t pid;

	c->again = 0;
	pid = fork();
	if (pid < 0) {
		log_error(AREA_SERVER, "cannot start a process: %s; trying again", strerror(errno));
		c->again = now() + min_life;
		return;
	}
	if (pid > 0) {
		c->pid = pid;
		c->born = now();
		return;
	}
	become_child(s);
	sockets_keep(&s->sockets, worker);
	if (worker >= 0) {
		prctl(PR_SET_NAME, "outrider-worker");
		exit(worker_run(s->config, &s->sockets, (unsigned)worker));
	} else {
		struct spawner_setup setup = {.worker_fds = s->sockets.spawner_ends,
					      .workers = s->sockets.workers,
					      .routes = s->routes,
					      .route_count = s->config->route_count,
					      .pools = s->pools,
					      .pool_count = 0};

		for (const struct conf_fastcgi *f = s->config->fastcgis; f; f = f->next)
			setup.pool_count += f->connect == NULL;
		prctl(PR_SET_NAME, "outrider-spawn");
		exit(spawner_run(&setup));
	}
}

static void kill_child(const struct child *c, int sig)
{
	if (c->pid)
		kill(c->pid, sig);
}

static void kill_workers(const struct supervisor *s, int sig)
{
	for (unsigned i = 0; i < s->sockets.workers; i++)
		kill_child(&s->workers[i], sig);
}

static void report(const char *who, pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_error(AREA_SERVER, "%s %d was killed by signal %d (%s): starting another", who,
			  (int)pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_error(AREA_SERVER, "%s %d ended with status %d: starting another", who,
			  (int)pid, WEXITSTATUS(status));
}

static void child_ended(struct supervisor *s, struct child *c, int status)
{
	bool is_spawner = c == &s->spawner;

	if (!s->stopping)
		report(is_spawner ? "spawner" : "worker", c->pid, status);
	c->pid = 0;
	/* The spawner is needed until the last worker has ended. */
	if (!s->stopping || (is_spawner && !s->spawner_told))
		c->again = now() - c->born < min_life ? now() + min_life : now();
}

static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->spawner.pid)
			child_ended(s, &s->spawner, status);
		for (unsigned i = 0; i < s->sockets.workers; i++) {
			if (pid == s->workers[i].pid)
				child_ended(s, &s->workers[i], status);
		}
	}
}

static void start_due(struct supervisor *s)
{
	double t = now();

	if (s->spawner.again > 0 && s->spawner.again <= t)
		start(s, &s->spawner, -1);
	for (unsigned i = 0; i < s->sockets.workers && !s->stopping; i++) {
		if (s->workers[i].again > 0 && s->workers[i].again <= t)
			start(s, &s->workers[i], (int)i);
	}
}

/* ---- signals ---- */

static void stop(struct supervisor *s)
{
	if (s->stopping) {
		log_info(AREA_SERVER, "second signal: ending at once");
		kill_workers(s, SIGTERM);
		return;
	}
	s->stopping = true;
	s->kill_at = now() + s->config->server.shutdown_timeout + patience;
	log_info(AREA_SERVER, "ending: exchanges under way have %g s (shutdown_timeout)",
		 s->config->server.shutdown_timeout);
	kill_workers(s, SIGTERM);
}

static void handle(struct supervisor *s, int sig)
{
	switch (sig) {
	case SIGTERM:
	case SIGINT:
		stop(s);
		break;
	case SIGUSR1:
		if (log_reopen())
			log_error(AREA_SERVER, "the error log cannot be opened anew: %s",
				  strerror(errno));
		/* Before the workers look for them. */
		give_logs(s);
		kill_workers(s, SIGUSR1);
		kill_child(&s->spawner, SIGUSR1);
		break;
	case SIGHUP:
		log_warn(AREA_SERVER, "SIGHUP: the configuration is read at start only; restart to "
				      "use a new one");
		break;
	default:
		break;
	}
}

/* Whether all children have gone; the spawner is told when the last worker has. */
static bool all_gone(struct supervisor *s)
{
	if (!s->stopping)
		return false;
	for (unsigned i = 0; i < s->sockets.workers; i++) {
		if (s->workers[i].pid)
			return false;
	}
	if (!s->spawner_told) {
		s->spawner_told = true;
		s->kill_at = now() + patience;
		s->spawner.again = 0;
		kill_child(&s->spawner, SIGTERM);
	}
	return s->spawner.pid == 0;
}

/* A child that hangs must not make the end wait for ever. */
static void kill_late(struct supervisor *s)
{
	if (!s->stopping || now() < s->kill_at)
		return;
	log_error(AREA_SERVER, "children did not end in time: killed");
	kill_workers(s, SIGKILL);
	if (s->spawner_told)
		kill_child(&s->spawner, SIGKILL);
	s->kill_at = now() + patience;
}

static void wait_for_end(struct supervisor *s)
{
	while (!all_gone(s)) {
		/* Wake at least once a second: restarts may be due. */
		struct timespec second = {.tv_sec = 1};
		int sig = sigtimedwait(&s->signals, NULL, &second);

		if (sig > 0)
			handle(s, sig);
		reap(s);
		start_due(s);
		kill_late(s);
	}
}

/* ---- set-up ---- */

static void describe_programs(struct supervisor *s)
{
	const struct config *c = s->config;
	size_t n = 0;

	s->routes = heap_zalloc(c->route_count, sizeof *s->routes);
	s->pools = heap_zalloc(c->fastcgi_count, sizeof *s->pools);
	for (const struct conf_site *site = c->sites; site; site = site->next) {
		for (const struct conf_route *r = site->routes; r; r = r->next) {
			if (r->handler == CONF_CGI)
				s->routes[r->index] =
				    (struct spawn_route){.root = r->root ? r->root : site->root,
							 .kill_grace = r->kill_grace};
		}
	}
	for (const struct conf_fastcgi *f = c->fastcgis; f; f = f->next) {
		char **argv;

		if (f->connect)
			continue;
		argv = heap_zalloc(f->command.n + 1, sizeof *argv);
		for (size_t i = 0; i < f->command.n; i++)
			argv[i] = (char *)(uintptr_t)f->command.v[i];
		s->pools[n++] = (struct spawn_pool){.name = f->name,
						    .argv = argv,
						    .listen_fd = s->sockets.pool_fds[f->index],
						    .processes = f->processes};
	}
}

static void raise_file_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static int write_pid(const char *path)
{
	FILE *f = path ? fopen(path, "we") : NULL;

	if (!path)
		return 0;
	if (!f || fprintf(f, "%d\n", (int)getpid()) < 0 || fclose(f)) {
		log_error(AREA_SERVER, "pid_file %s: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

/* Only if it is still ours: another server may have been started with the same file. */
static void remove_pid(const char *path)
{
	FILE *f = path ? fopen(path, "re") : NULL;
	int pid = 0;

	if (!f)
		return;
	if (fscanf(f, "%d", &pid) == 1 && pid == (int)getpid())
		unlink(path);
	fclose(f);
}

/* Whether a log can be written or made. Only looks: a check leaves nothing behind, and follows no
 * link. */
static bool log_possible(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];

	if (access(path, W_OK) == 0)
		return true;
	if (errno != ENOENT || !slash)
		return false;
	if ((size_t)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path) >=
	    sizeof folder) {
		errno = ENAMETOOLONG;
		return false;
	}
	return access(folder, W_OK | X_OK) == 0;
}

/* What would make every worker fail is told at the start; what makes every answer a 404, too. */
static int check_sites(const struct config *c)
{
	int r = 0;

	for (const struct conf_site *s = c->sites; s; s = s->next) {
		if (access(s->root, F_OK))
			log_warn(AREA_SERVER, "[site %s] root %s: %s", s->name, s->root,
				 strerror(errno));
		if (!s->access_log || strcmp(s->access_log, "stdout") == 0)
			continue;
		if (!log_possible(s->access_log)) {
			log_error(AREA_SERVER, "[site %s] access_log %s cannot be opened: %s",
				  s->name, s->access_log, strerror(errno));
			r = -1;
		}
	}
	return r;
}

static void say_ready(const struct supervisor *s)
{
	for (size_t i = 0; i < s->sockets.listener_count; i++) {
		const struct app_listener *l = &s->sockets.listeners[i];

		log_info(AREA_SERVER, "[listen %s] listens on %s, %s", l->conf->name, l->address,
			 l->ctx ? "TLS (h2)" : "in the clear (h2c)");
	}
	log_info(AREA_SERVER, "ready: %u worker%s", s->sockets.workers,
		 s->sockets.workers == 1 ? "" : "s");
}

static int prepare(struct supervisor *s)
{
	sigemptyset(&s->signals);
	sigaddset(&s->signals, SIGTERM);
	sigaddset(&s->signals, SIGINT);
	sigaddset(&s->signals, SIGHUP);
	sigaddset(&s->signals, SIGUSR1);
	sigaddset(&s->signals, SIGCHLD);
	raise_file_limit();
	say_user(s);
	if (find_user(s) || check_sites(s->config) ||
	    sockets_open(&s->sockets, s->config, s->uid, s->gid))
		return -1;
	if (write_pid(s->config->server.pid_file))
		return -1;
	sigprocmask(SIG_BLOCK, &s->signals, NULL);
	give_logs(s);
	return 0;
}

static void clear(struct supervisor *s)
{
	for (size_t i = 0; s->pools && i < s->config->fastcgi_count; i++)
		free((void *)(uintptr_t)s->pools[i].argv);
	free(s->pools);
	free(s->routes);
	free(s->workers);
	sockets_close(&s->sockets);
	remove_pid(s->config->server.pid_file);
}

int supervisor_check(const struct config *config)
{
	struct supervisor s = {.config = config};
	int r = find_user(&s);

	for (const struct conf_listen *l = config->listens; l; l = l->next) {
		char why[512];
		SSL_CTX *ctx;

		if (!l->tls)
			continue;
		ctx = tls_context(l->certificate, l->private_key, why, sizeof why);
		if (!ctx) {
			log_error(AREA_TLS, "[listen %s] %s", l->name, why);
			r = -1;
		}
		SSL_CTX_free(ctx);
	}
	return r | check_sites(config);
}

int supervisor_run(const struct config *config)
{
	struct supervisor s = {.config = config};

	if (prepare(&s)) {
		clear(&s);
		return EXIT_FAILURE;
	}
	describe_programs(&s);
	s.workers = heap_zalloc(s.sockets.workers, sizeof *s.workers);
	start(&s, &s.spawner, -1);
	for (unsigned i = 0; i < s.sockets.workers; i++)
		start(&s, &s.workers[i], (int)i);
	say_ready(&s);
	wait_for_end(&s);
	log_info(AREA_SERVER, "ended");
	clear(&s);
	return EXIT_SUCCESS;
}
