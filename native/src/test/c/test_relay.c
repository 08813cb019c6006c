// Relays: streams of a process that somebody else runs.
#include "peer.h"

#include <sys/stat.h>

enum { M_RELAY = 16, M_FINISH = 17, M_INPUT_CLOSED = 205 };
enum { KEEP = 1, HOLD = 2 };

static struct monitor m;
// The ends that a shim would have.
static int in, out, err;

static i64 relay(u32 number, u32 flags, u32 streams, const char *log) {
  int fds[3], count = 0, ends[2];
  in = out = err = -1;
  if (streams & 1) {
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    in = ends[0];
    fds[count++] = ends[1];
  }
  for (u32 bit = 2; bit <= 4; bit *= 2) {
    if (!(streams & bit)) continue;
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    *(bit == 2 ? &out : &err) = ends[1];
    fds[count++] = ends[0];
  }
  u8 body[600];
  u32 length = (u32)strlen(log);
  memcpy(body, (u32[]){length ? 2 : 0, 1, 0, 0, flags, length}, 24);
  memcpy(body + 24, log, length);
  memcpy(body + 24 + length, &streams, 4);
  i64 result = ask(&m, M_RELAY, number, body, 28 + length, fds, (u32)count, NULL);
  for (int i = 0; i < count; i++) close(fds[i]);
  return result;
}

static i64 finish(u32 number, u32 status, bool at_once) {
  u8 body[16];
  i64 end = 42;
  memcpy(body, &status, 4);
  memcpy(body + 4, &end, 8);
  memcpy(body + 12, (u32[]){at_once}, 4);
  return ask(&m, M_FINISH, number, body, sizeof body, NULL, 0, NULL);
}

TEST(relay, logs_attaches_and_tells_the_end) {
  monitor_start(&m);
  const char *log = strdup(path_in("log"));
  EQ(relay(1, 0, 6, log), 0);
  struct entry entry = status_of(&m, 1);
  EQ(entry.state, 3);
  EQ(entry.pid, 0);
  EQ(ask32(&m, M_SIGNAL, 1, SIGTERM), -ESRCH);
  EQ(ask0(&m, M_FORGET, 1), -EBUSY);
  EQ(ask0(&m, M_QUIT, 0), -EBUSY);
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  CHECK(attach(&m, 1, 2, ends[1], -1, -1) > 0);
  close(ends[1]);
  CHECK(write(out, "hello\n", 6) == 6 && write(err, "oh\n", 3) == 3);
  char text[8];
  read_exactly(ends[0], text, 6);
  STR(text, "hello\n");
  // Its end is told only when its output has come to an end.
  EQ(finish(1, 7 << 8, false), 0);
  CHECK(write(out, "last\n", 5) == 5);
  close(out);
  EQ(status_of(&m, 1).state, 3);
  close(err);
  struct packet *exited = expect(&m, M_EXITED, 1);
  EQ(word(exited, 0), 7 << 8);
  EQ(word(exited, 1), 42);
  STR(read_end(ends[0]), "last\n");
  STR(content(path_in("exit.1")), "1792 42\n");
  const char *logged = content(log);
  CHECK(strstr(logged, "stdout F hello\n") && strstr(logged, "stderr F oh\n") && strstr(logged, "stdout F last\n"));
  EQ(finish(1, 0, false), -ESRCH);
  EQ(ask0(&m, M_FORGET, 1), 0);
  monitor_quit(&m);
}

TEST(relay, end_at_once_delivers_what_is_there) {
  monitor_start(&m);
  EQ(relay(1, 0, 2, path_in("log")), 0);
  CHECK(write(out, "there\n", 6) == 6);
  EQ(finish(1, 3 << 8, false), 0);
  EQ(finish(1, 9, true), 0);  // The first status counts.
  EQ(word(expect(&m, M_EXITED, 1), 0), 3 << 8);
  CHECK(strstr(content(path_in("log")), "stdout F there\n"));
  monitor_quit(&m);
}

TEST(relay, input_is_passed_on_and_its_end_told) {
  monitor_start(&m);
  EQ(relay(1, 0, 1, ""), 0);
  EQ(status_of(&m, 1).reserved, 0);
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  CHECK(attach(&m, 1, 1, ends[0], -1, -1) > 0);
  CHECK(write(ends[1], "typed\n", 6) == 6);
  char text[8];
  read_exactly(in, text, 6);
  STR(text, "typed\n");
  close(ends[1]);
  expect(&m, M_INPUT_CLOSED, 1);
  STR(read_end(in), "");
  EQ(status_of(&m, 1).reserved, 1);
  EQ(finish(1, 0, false), 0);
  expect(&m, M_EXITED, 1);
  monitor_quit(&m);
}

TEST(relay, input_that_is_kept_is_closed_on_request) {
  monitor_start(&m);
  EQ(relay(1, KEEP, 1, ""), 0);
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  CHECK(attach(&m, 1, 1, ends[0], -1, -1) > 0);
  close(ends[1]);
  EQ(status_of(&m, 1).reserved, 0);
  EQ(ask0(&m, M_CLOSE_INPUT, 1), 0);
  expect(&m, M_INPUT_CLOSED, 1);
  EQ(finish(1, 0, false), 0);
  expect(&m, M_EXITED, 1);
  monitor_quit(&m);
}

TEST(relay, terminal_gets_the_end_of_input_as_typed) {
  monitor_start(&m);
  EQ(relay(1, 0, 1 | 2 | 8, ""), 0);
  EQ(ask32(&m, M_RESIZE, 1, 24 | 80 << 16), 0);
  EQ(ask0(&m, M_CLOSE_INPUT, 1), 0);
  char text[2];
  read_exactly(in, text, 1);
  EQ(text[0], 4);
  close(out);
  EQ(finish(1, 0, false), 0);
  expect(&m, M_EXITED, 1);
  monitor_quit(&m);
}

TEST(relay, fifo_without_a_writer_has_not_ended) {
  monitor_start(&m);
  CHECK(mkfifo(path_in("fifo"), 0600) == 0);
  int reader = open(path_in("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  CHECK(reader >= 0);
  u32 body[] = {0, 1, 0, 0, 0, 0, 2};
  EQ(ask(&m, M_RELAY, 1, body, sizeof body, &reader, 1, NULL), 0);
  close(reader);
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  CHECK(attach(&m, 1, 2, ends[1], -1, -1) > 0);
  close(ends[1]);
  usleep(20000);
  int writer = open(path_in("fifo"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  CHECK(writer >= 0 && write(writer, "late\n", 5) == 5);
  close(writer);
  STR(read_end(ends[0]), "late\n");
  EQ(finish(1, 0, false), 0);
  expect(&m, M_EXITED, 1);
  monitor_quit(&m);
}

TEST(relay, refuses_what_does_not_fit) {
  monitor_start(&m);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  u32 body[] = {0, 1, 0, 0, 0, 0, 3};
  EQ(ask(&m, M_RELAY, 1, body, sizeof body, &null, 1, NULL), -EINVAL);   // two streams, one descriptor
  body[6] = 16;
  EQ(ask(&m, M_RELAY, 1, body, sizeof body, NULL, 0, NULL), -EINVAL);
  body[6] = 0;
  body[4] = 4;  // a launcher
  EQ(ask(&m, M_RELAY, 1, body, sizeof body, NULL, 0, NULL), -EINVAL);
  EQ(ask(&m, M_RELAY, 1, body, sizeof body - 4, NULL, 0, NULL), -EINVAL);
  EQ(finish(1, 0, true), -ENOENT);
  EQ(relay(1, 0, 0, ""), 0);
  EQ(relay(1, 0, 0, ""), -EEXIST);
  EQ(finish(1, 9, false), 0);  // Nothing to wait for.
  EQ(word(expect(&m, M_EXITED, 1), 0), 9);
  EQ(open_descriptors(m.pid) < 16, 1);
  monitor_quit(&m);
}
