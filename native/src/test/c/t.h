// A small test harness: each TEST is listed by --list and run by its name, in a process, folder and mount namespace of its own.
#pragma once
#include "../../sys.h"

struct test { const char *name; void (*run)(void); struct test *next; };
void test_add(struct test *test);

#define TEST(suite, title)                                                                        \
  static void suite##_##title(void);                                                              \
  static struct test suite##_##title##_test = {#suite "." #title, suite##_##title, NULL};         \
  __attribute__((constructor)) static void suite##_##title##_add(void) { test_add(&suite##_##title##_test); } \
  static void suite##_##title(void)

_Noreturn void test_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
// Ends the test as skipped, with the reason.
_Noreturn void test_skip(const char *reason);

#define CHECK(condition) do { if (!(condition)) test_fail(__FILE__, __LINE__, "%s (errno: %s)", #condition, strerror(errno)); } while (0)
#define EQ(actual, expected) do { long long a_ = (long long)(actual), e_ = (long long)(expected); \
  if (a_ != e_) test_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, a_, e_); } while (0)
#define STR(actual, expected) do { const char *a_ = (actual), *e_ = (expected); \
  if (strcmp(a_, e_)) test_fail(__FILE__, __LINE__, "%s is\n%s\nnot\n%s", #actual, a_, e_); } while (0)

// The test's own folder, removed behind it; and paths in it (a ring of results: use soon).
extern char test_directory[];
const char *path_in(const char *format, ...) __attribute__((format(printf, 1, 2)));
// A file's content, as a string that is good until the next few calls. Missing: "(missing)".
const char *content(const char *path);
void write_file(const char *path, const char *text);
// Skips unless the test runs as root.
void need_root(void);
// Waits up to some seconds for a condition; polls.
#define EVENTUALLY(condition) do { int n_ = 0; while (!(condition)) { \
  if (++n_ > 5000) { test_fail(__FILE__, __LINE__, "%s did not become true in time", #condition); } usleep(2000); } } while (0)
// How often to repeat something; a fiftieth of it under valgrind.
static inline u32 times(u32 count) { return getenv("KAPAL_TEST_SHORT") ? count / 50 : count; }
int open_descriptors(pid_t pid);
// Opens all of a program that is run: its path from the environment.
const char *program(void);
const char *tool(void);
