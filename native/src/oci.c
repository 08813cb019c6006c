// kapal-oci, the drop-in for runc. It hands its words to the daemon, or to a JVM of its own where none runs; what comes back it
// does as its own children: executes launch plans, reports how they go, passes signals on. docs/client-protocol.md, The drop-in.
#include "client.h"
#include "names.h"
#include "plan.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

enum { PROGRAM = 18, LAUNCH, CONTINUE, KILL, ELSEWHERE, ADOPT, CLOSE, SYNC = 32, SENT, RUNNING, FAILED, EXITED };
enum { FLAG_STAYS = 1, FLAG_RELAY = 2, FLAG_STATE = 4, FLAGS = 7 };
enum { FROM_NULL, FROM_OWN, FROM_SERVER };
enum { FDS = 64, RUNS = 8, BODY = 4096, HIGH = 256 };

// A plan that is being executed, or whose process is waited for.
static struct run {
  u32 number;                  // 0: free
  u32 flags;
  pid_t pid, stage;
  int report, slot;
  struct launch_state *state;  // null: the launch is over
} runs[RUNS];

static int server, jvm_pid;

// One direction of a terminal's relay.
struct flow { int from, to; size_t size, at; char data[4096]; };
static struct flow input = {.from = -1}, output = {.from = -1};
static struct run *relayed;
static int master = -1;

static struct { u32 type, length; u8 body[BODY]; int fd[FDS]; u32 fds; } message;

_Noreturn static void leave(int status) {
  restore_terminal();
  // The JVM ends by itself when it has said EXIT; nobody else shall have to reap it.
  close(server);
  while (jvm_pid > 0 && waitpid(jvm_pid, NULL, 0) < 0 && errno == EINTR) {}
  exit(status);
}

_Noreturn static void broken(const char *why) {
  fprintf(stderr, "kapal-oci: %s\n", why);
  for (u32 i = 0; i < RUNS; i++) {
    if (runs[i].number && runs[i].pid > 0) kill(runs[i].pid, SIGKILL);
  }
  leave(1);
}

static void tell(u32 type, u32 number, u32 a, u32 b, u32 c, int fd) {
  u32 words[] = {type, 16, number, a, b, c};
  // Where that fails, the server has gone, perhaps behind an EXIT that is still to be read.
  send_with(server, words, sizeof words, fd, 0);
}

// Reads exactly that much; descriptors that come are kept for the message.
static bool receive(void *to, u32 size) {
  for (u32 have = 0; have < size;) {
    union { char bytes[CMSG_SPACE(FDS * sizeof(int))]; struct cmsghdr align; } control;
    struct iovec part = {(char *)to + have, size - have};
    struct msghdr in = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t got = recvmsg(server, &in, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    struct cmsghdr *header = CMSG_FIRSTHDR(&in);
    if (header && header->cmsg_type == SCM_RIGHTS) {
      u32 count = (u32)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      if (in.msg_flags & MSG_CTRUNC || message.fds + count > FDS) return false;
      memcpy(message.fd + message.fds, CMSG_DATA(header), count * sizeof(int));
      message.fds += count;
    }
    have += (u32)got;
  }
  return true;
}

// The next descriptor of the message, which stays the message's; -1: there is none.
static int next_fd(u32 *next) { return *next < message.fds ? message.fd[(*next)++] : -1; }

// The plan as a copy of our own, checked; null: it is none. The processes that execute it have it with our memory.
static const struct plan *load(int fd, u32 descriptors, enum rule *rule) {
  struct stat status;
  void *bytes = NULL;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= PLAN_MAX) bytes = malloc((size_t)status.st_size + 1);
  if (!bytes || pread(fd, bytes, (size_t)status.st_size, 0) != status.st_size) broken("a launch plan cannot be read");
  *rule = plan_check(bytes, (size_t)status.st_size, descriptors);
  return bytes;
}

static struct run *find(u32 number) {
  for (u32 i = 0; i < RUNS; i++) {
    if (runs[i].number == number) return runs + i;
  }
  return NULL;
}

static int stream(u32 kind, int own, u32 *next) {
  return kind == FROM_NULL ? open("/dev/null", O_RDWR | O_CLOEXEC) : fcntl(kind == FROM_OWN ? own : next_fd(next), F_DUPFD_CLOEXEC, 3);
}

// u32 number, flags, kinds of the three streams, count; for each descriptor of the plan i32: one of ours, or -1: it came.
static void do_launch(void) {
  u32 word[6], next = 0;
  if (message.length < sizeof word) broken("a message of Kapal's is too short");
  memcpy(word, message.body, sizeof word);
  u32 count = word[5];
  struct run *run = find(0);
  if (!run || word[0] == 0 || word[1] > FLAGS || count > FDS || message.length != sizeof word + 4 * count) broken("a message of Kapal's is wrong");
  struct launch launch = {.stdio = {-1, -1, -1}, .report = -1, .stays = word[1] & FLAG_STAYS};
  int plan = next_fd(&next), state = word[1] & FLAG_STATE ? next_fd(&next) : -1;
  enum rule rule;
  launch.plan = load(plan, count, &rule);
  size_t page = 4096;
  void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | (state < 0 ? MAP_ANONYMOUS : 0), state, 0);
  if (memory == MAP_FAILED) broken("no memory for a launch");
  launch.state = memory;
  for (u32 i = 0; i < 3; i++) launch.stdio[i] = stream(word[2 + i], (int)i, &next);
  for (u32 i = 0; i < count; i++) {
    i32 own;
    memcpy(&own, message.body + sizeof word + 4 * i, 4);
    launch.slots[i] = own < 0 ? next_fd(&next) : own;
  }
  int report[2] = {-1, -1};
  long pid = rule ? -EINVAL : socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report) ? -errno : 0;
  launch.report = report[1];
  // Nobody in the container may look into a process that is not yet the container's.
  prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
  umask(022);
  bool staged = !rule && launch.plan->stage_steps;
  if (pid == 0) pid = launch_start(&launch);
  close_fd(&report[1]);
  for (u32 i = 0; i < 3; i++) close_fd(&launch.stdio[i]);
  free((void *)(uintptr_t)launch.plan);
  if (pid < 0) {
    munmap(memory, page);
    close_fd(&report[0]);
    tell(FAILED, word[0], rule ? PART_CHECK : PART_CLONE, rule, (u32)-pid, -1);
    return;
  }
  *run = (struct run){.number = word[0], .flags = word[1], .report = report[0], .state = memory,
                      .pid = staged ? 0 : (pid_t)pid, .stage = staged ? (pid_t)pid : 0};
}

static void launch_end(struct run *run) {
  struct launch_state *state = run->state;
  close_fd(&run->report);
  if (!state) return;
  run->state = NULL;
  if (state->pid) run->pid = state->pid;
  if (state->executing && !state->error) tell(RUNNING, run->number, (u32)run->pid, 0, 0, -1);
  else tell(FAILED, run->number, state->part, state->step, state->error ? state->error : ECANCELED, -1);
  munmap(state, 4096);
}

static void start_relay(struct run *run, int fd) {
  master = fd;
  struct winsize size = window();
  if (size.ws_row) ioctl(master, TIOCSWINSZ, &size);
  fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
  // Our own terminal makes carriage returns, if there is one; whoever reads a pipe wants the lines as they were written.
  struct termios mode;
  if (tcgetattr(master, &mode) == 0) {
    mode.c_oflag &= ~(tcflag_t)ONLCR;
    tcsetattr(master, TCSANOW, &mode);
  }
  relayed = run;
  input = (struct flow){.from = 0, .to = master};
  output = (struct flow){.from = master, .to = 1};
}

static void report_read(struct run *run) {
  while (run->report >= 0) {
    u32 words[2] = {0};
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
    struct iovec part = {words, sizeof words};
    struct msghdr in = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t got = recvmsg(run->report, &in, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      launch_end(run);
      return;
    }
    struct cmsghdr *header = CMSG_FIRSTHDR(&in);
    int fd = -1;
    if (header && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
    if (words[0] == REPORT_SYNC) {
      if (run->state->pid) run->pid = run->state->pid;
      tell(SYNC, run->number, (u32)(run->pid ? run->pid : run->stage), words[1], 0, -1);
    } else if (fd >= 0) {
      bool relay = run->flags & FLAG_RELAY && words[1] == SEND_TERMINAL;
      tell(SENT, run->number, words[1], !relay, 0, relay ? -1 : fd);
      if (relay) start_relay(run, fd);
      else close(fd);
    }
  }
}

// Moves what can be moved without waiting; false: the source is at its end.
static bool flow_once(struct flow *flow) {
  if (flow->size == 0) {
    ssize_t got = read(flow->from, flow->data, sizeof flow->data);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got <= 0) return false;
    flow->size = (size_t)got;
    flow->at = 0;
  }
  ssize_t put = write(flow->to, flow->data + flow->at, flow->size);
  if (put < 0 && errno != EAGAIN && errno != EINTR) flow->size = 0;  // Nobody reads it any more.
  if (put > 0) {
    flow->at += (size_t)put;
    flow->size -= (size_t)put;
  }
  return true;
}

static void stop_relay(void) {
  struct pollfd more = {.fd = master, .events = POLLIN};
  while (output.from >= 0 && (output.size || poll(&more, 1, 0) > 0) && flow_once(&output)) {}
  input.from = output.from = -1;
  close_fd(&master);
  relayed = NULL;
}

// A process that stays has its status for whoever inherits it when we leave, unless it never ran its program.
static void run_end(struct run *run, pid_t pid) {
  siginfo_t info = {0};
  if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid) return;
  int status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status | (info.si_code == CLD_DUMPED ? 128 : 0);
  report_read(run);
  bool ran = !run->state;
  if (run->state) {
    ran = run->state->executing && !run->state->error;
    launch_end(run);
  }
  if (!ran || !(run->flags & FLAG_STAYS)) waitpid(pid, NULL, 0);
  if (run == relayed) stop_relay();
  tell(EXITED, run->number, (u32)status, 0, 0, -1);
  *run = (struct run){.report = -1};
}

static void reap(void) {
  if (jvm_pid > 0 && waitpid(jvm_pid, NULL, WNOHANG) == jvm_pid) jvm_pid = 0;
  for (struct run *run = runs; run < runs + RUNS; run++) {
    if (!run->number) continue;
    if (run->stage && waitpid(run->stage, NULL, WNOHANG) == run->stage) {
      run->stage = 0;
      report_read(run);
      if (run->state && run->state->pid) run->pid = run->state->pid;
      // It has done its work, or there is no process and never will be.
      if (!run->pid) {
        launch_end(run);
        tell(EXITED, run->number, 127 << 8, 0, 0, -1);
        *run = (struct run){.report = -1};
        continue;
      }
    }
    if (!run->pid && run->state) run->pid = run->state->pid;
    if (run->pid) run_end(run, run->pid);
  }
}

static void signalled(int signals) {
  struct signalfd_siginfo info;
  while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
    if (info.ssi_signo == SIGCHLD) {
      reap();
    } else if (info.ssi_signo == SIGWINCH) {
      struct winsize size = window();
      if (relayed) ioctl(master, TIOCSWINSZ, &size);
    } else {
      u32 words[] = {SIGNAL, 4, info.ssi_signo};
      send_all(server, words, sizeof words);
    }
  }
}

// Goes on as the program in a descriptor: a sealed copy that no container can change through /proc (CVE-2019-5736).
static void become(int program) {
  char number[16], jvm[16];
  snprintf(number, sizeof number, "%d", server);
  snprintf(jvm, sizeof jvm, "%d", jvm_pid);
  fcntl(server, F_SETFD, 0);
  char *words[] = {(char *)(uintptr_t)"kapal-oci", (char *)(uintptr_t)"--go-on", number, jvm, NULL};
  fexecve(program, words, environ);
  broken("Kapal's own program cannot be executed");
}

static void signal_run(const struct run *run, int number) {
  pid_t pid = run->pid ? run->pid : run->stage;
  if (pid > 0) kill(pid, number);  // 0 would be our callers, too.
}

// A child that none of our launches made: CRIU has put it beside itself. Whoever is no child of ours counts as gone.
static void adopt(u32 number, pid_t pid) {
  struct run *run = find(0);
  if (!run || number == 0) broken("a message of Kapal's is wrong");
  siginfo_t info;
  if (pid <= 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    tell(EXITED, number, 127 << 8, 0, 0, -1);
    return;
  }
  *run = (struct run){.number = number, .pid = pid, .report = -1};
  if (message.fds) start_relay(run, fcntl(message.fd[0], F_DUPFD_CLOEXEC, 3));
  run_end(run, pid);
}

static u32 body_word(u32 index) {
  u32 word = 0;
  if (message.length >= 4 * index + 4) memcpy(&word, message.body + 4 * index, 4);
  return word;
}

// One message of the server's. false: the command is another server's.
static bool obey(void) {
  message.fds = 0;
  if (!receive(&message.type, 8) || message.length > BODY || !receive(message.body, message.length)) broken("Kapal closed the connection before the command was done; see its log");
  struct run *run;
  switch (message.type) {
    case EXIT: leave((int)(body_word(0) & 255));
    case RAW: set_raw(body_word(0) != 0, true); break;
    case PROGRAM: if (message.fds) become(message.fd[0]); break;
    case LAUNCH: do_launch(); break;
    case CONTINUE:
      run = find(body_word(0));
      if (body_word(0) && run && run->report >= 0) send_with(run->report, "", 1, -1, 0);
      break;
    case KILL:
      run = find(body_word(0));
      if (body_word(0) && run) signal_run(run, (int)body_word(1));
      break;
    case ADOPT: adopt(body_word(0), (pid_t)body_word(1)); break;
    case CLOSE: if (body_word(0) > 2 && body_word(0) < HIGH) close((int)body_word(0)); break;
    case ELSEWHERE: return false;
    default: broken("Kapal does not speak this program's protocol: use a kapal-oci and a kapald of the same version");
  }
  for (u32 i = 0; i < message.fds; i++) close_fd(&message.fd[i]);
  return true;
}

static bool converse(int signals) {
  for (;;) {
    struct pollfd set[4 + RUNS] = {{.fd = server, .events = POLLIN}, {.fd = signals, .events = POLLIN}, {.fd = -1}, {.fd = -1}};
    for (u32 i = 0; i < RUNS; i++) set[4 + i] = (struct pollfd){.fd = runs[i].number ? runs[i].report : -1, .events = POLLIN};
    if (input.from >= 0) set[2] = (struct pollfd){.fd = input.size ? input.to : input.from, .events = input.size ? POLLOUT : POLLIN};
    if (output.from >= 0) set[3] = (struct pollfd){.fd = output.size ? output.to : output.from, .events = output.size ? POLLOUT : POLLIN};
    if (poll(set, COUNT(set), -1) < 0) continue;
    if (set[2].revents && !flow_once(&input)) input.from = -1;
    if (set[3].revents && !flow_once(&output)) output.from = -1;
    for (u32 i = 0; i < RUNS; i++) {
      if (set[4 + i].revents && runs[i].number) report_read(runs + i);
    }
    if (set[1].revents) signalled(signals);
    if (set[0].revents && !obey()) return false;
  }
}

// Starts a JVM at the other end of a connection that is ours alone. It says what is wrong with it on standard error.
static void start_jvm(void) {
  char program[PATH_MAX];
  int ends[2], low;
  if (!find_daemon(program, sizeof program)) broken("kapald is not found: set KAPAL_HOME to Kapal's folder");
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) broken("no socket can be made");
  jvm_pid = fork();
  if (jvm_pid == 0) {
    setsid();
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    low = fcntl(ends[1], F_DUPFD, 3);
    if (low != 3) dup2(low, 3);
    close_others(4, NULL, 0);
    execl(program, "kapald", "--oci", (char *)NULL);
    fprintf(stderr, "kapal-oci: %s cannot be run: %s; set KAPAL_HOME to Kapal's folder\n", program, strerror(errno));
    _exit(127);
  }
  close(ends[1]);
  if (jvm_pid < 0) broken("no process can be made");
  server = ends[0];
}

// Beyond what callers hand down to containers (--preserve-fds, LISTEN_FDS).
static void server_up(void) {
  int high = fcntl(server, F_DUPFD_CLOEXEC, HIGH);
  if (high < 0) return;
  close(server);
  server = high;
}

// False: whoever is at the other end hung up before it had the whole command, so it has done nothing of it.
static bool command(int count, char **words) {
  int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (here < 0) here = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int error = send_command(server, OCI, count, words, (const int[]){0, 1, 2, here}, 4);
  close(here);
  if (error == -E2BIG) broken("a command of more than 4 MiB is too long");
  if (error && error != -EPIPE && error != -ECONNRESET) {
    char why[128];
    snprintf(why, sizeof why, "the command cannot be passed to Kapal: %s", strerror(-error));
    broken(why);
  }
  return !error;
}

int oci_main(int count, char **words) {
  for (int fd = 0; fd >= 0 && fd < 3;) {  // The three have to be there to be handed over.
    fd = open("/dev/null", O_RDWR);
    if (fd > 2) close(fd);
  }
  sigset_t watched;
  sigemptyset(&watched);
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD};
  for (u32 i = 0; i < COUNT(numbers); i++) sigaddset(&watched, numbers[i]);
  // A caller may have some ignored: no child could be waited for then, and containers would begin with that.
  default_signals();
  signal(SIGPIPE, SIG_IGN);
  sigprocmask(SIG_BLOCK, &watched, NULL);
  int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals >= 0) signals = fcntl(signals, F_DUPFD_CLOEXEC, HIGH);
  for (u32 i = 0; i < RUNS; i++) runs[i].report = -1;
  if (count == 4 && strcmp(words[1], "--go-on") == 0) {
    server = atoi(words[2]);
    jvm_pid = atoi(words[3]);
    fcntl(server, F_SETFD, FD_CLOEXEC);
    converse(signals);
    broken("Kapal sent the command elsewhere too late");
  }
  const char *path = getenv("KAPAL_OCI_SOCKET");
  server = connect_to(path && *path ? path : "/run/kapal/oci.sock");
  if (server >= 0) {
    server_up();
    if (!command(count, words) || !converse(signals)) close_fd(&server);
  }
  if (server < 0) {
    start_jvm();
    server_up();
    if (!command(count, words)) broken("the Java program of Kapal ended at once");
    converse(signals);
  }
  broken("no Kapal takes this command");
}
