// Log files: formats, partial lines, bytes that are no UTF-8, rotation, a full disk.
#include "../../monitor.h"
#include "t.h"

#include <sys/mount.h>
#include <sys/stat.h>

// The log's module is used alone here.
static const i64 TIME = 1577934245006000789;  // 2020-01-02T03:04:05.006000789Z
static struct log file;

static void begin(u32 format, u64 limit, u32 files) {
  file = (struct log){.fd = -1, .format = format, .limit = limit, .files = files, .path = strdup(path_in("log"))};
  EQ(log_open(&file), 0);
}
static void text(int stream, const char *data) { log_write(&file, stream, data, strlen(data), TIME); }
static const char *logged(void) { return content(path_in("log")); }

TEST(log, json_lines) {
  begin(LOG_JSON, 0, 1);
  text(0, "one\ntwo\n");
  text(1, "err\n");
  STR(logged(), "{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"2020-01-02T03:04:05.006000789Z\"}\n"
                "{\"log\":\"two\\n\",\"stream\":\"stdout\",\"time\":\"2020-01-02T03:04:05.006000789Z\"}\n"
                "{\"log\":\"err\\n\",\"stream\":\"stderr\",\"time\":\"2020-01-02T03:04:05.006000789Z\"}\n");
  log_close(&file);
}

TEST(log, json_escapes) {
  begin(LOG_JSON, 0, 1);
  log_write(&file, 0, "a\"b\\c\td\re\x01\0\x1f/\x7f\n", 16, TIME);
  STR(logged(), "{\"log\":\"a\\\"b\\\\c\\td\\re\\u0001\\u0000\\u001f/\x7f\\n\",\"stream\":\"stdout\",\"time\":\"2020-01-02T03:04:05.006000789Z\"}\n");
  log_close(&file);
}

TEST(log, json_replaces_what_is_not_utf8) {
  begin(LOG_JSON, 0, 1);
  // Good: 2, 3, 4 bytes. Bad: a lone follower, an overlong slash, a surrogate, above U+10FFFF, a cut character, 0xff.
  text(0, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|\x80|\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82|\xff\n");
#define R "\xef\xbf\xbd"
  STR(logged(), "{\"log\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|" R "|" R R "|" R R R "|" R R R R "|" R R "|" R
                "\\n\",\"stream\":\"stdout\",\"time\":\"2020-01-02T03:04:05.006000789Z\"}\n");
  log_close(&file);
}

#define CRI "2020-01-02T03:04:05.006000789Z "
TEST(log, cri_lines) {
  begin(LOG_CRI, 0, 1);
  text(0, "one\n\n");
  text(1, "err\n");
  text(0, "\xff\"raw\n");
  STR(logged(), CRI "stdout F one\n" CRI "stdout F \n" CRI "stderr F err\n" CRI "stdout F \xff\"raw\n");
  log_close(&file);
}

TEST(log, lines_are_put_together) {
  begin(LOG_CRI, 0, 1);
  text(0, "he");
  text(1, "wor");
  text(0, "llo");
  STR(logged(), "");
  text(0, "\nnext");
  text(1, "ld\n");
  STR(logged(), CRI "stdout F hello\n" CRI "stderr F world\n");
  log_finish(&file, 0, TIME);
  log_finish(&file, 1, TIME);
  STR(logged(), CRI "stdout F hello\n" CRI "stderr F world\n" CRI "stdout P next\n");
  log_close(&file);
}

TEST(log, long_lines_are_cut) {
  static char line[40001];
  memset(line, 'x', 40000);
  begin(LOG_CRI, 0, 1);
  text(0, line);
  text(0, "end\n");
  const char *all = logged();
  size_t head = strlen(CRI "stdout P ");
  EQ(strlen(all), 3 * (head + 1) + 40003);
  EQ(strncmp(all, CRI "stdout P x", head + 1), 0);
  EQ(all[head + 16384], '\n');
  EQ(strncmp(all + head + 16385, CRI "stdout P x", head + 1), 0);
  EQ(strncmp(all + 2 * (head + 16385), CRI "stdout F x", head + 1), 0);
  STR(all + strlen(all) - 4, "end\n");
  // A line of exactly the limit is whole.
  line[16384] = 0;
  CHECK(ftruncate(file.fd, 0) == 0);
  text(1, line);
  text(1, "\n");
  EQ(strncmp(logged(), CRI "stderr F x", head + 1), 0);
  EQ(strlen(logged()), head + 16385);
  log_close(&file);
}

TEST(log, json_cuts_no_character) {
  static char line[20001];
  for (int i = 0; i < 20000; i++) line[i] = "\xe2\x82\xac"[i % 3];  // 16384 is not a multiple of 3
  memcpy(line + 19998, "\n", 2);
  begin(LOG_JSON, 0, 1);
  text(0, line);
  CHECK(!strstr(logged(), "\xef\xbf\xbd"));
  log_close(&file);
}

TEST(log, rotates) {
  begin(LOG_CRI, 200, 3);
  char line[64];
  for (int i = 0; i < 30; i++) {
    snprintf(line, sizeof line, "line %02d\n", i);
    text(0, line);
  }
  struct stat status;
  const char *const suffixes[] = {"", ".1", ".2"};
  int next = 29;
  for (u32 k = 0; k < 3; k++) {  // Newest first, no line missing in what is kept.
    const char *all = content(path_in("log%s", suffixes[k]));
    CHECK(strlen(all) <= 200 && strlen(all) > 0);
    for (const char *at = all + strlen(all); at > all;) {
      const char *start = at - 1;
      while (start > all && start[-1] != '\n') start--;
      snprintf(line, sizeof line, CRI "stdout F line %02d\n", next--);
      EQ(strncmp(start, line, strlen(line)), 0);
      at = start;
    }
  }
  CHECK(next < 20 && stat(path_in("log.3"), &status) != 0);
  EQ(file.lost, 0);
  log_close(&file);
}

TEST(log, one_file_begins_anew) {
  begin(LOG_CRI, 100, 1);
  text(0, "first\n");
  text(0, "second\n");
  text(0, "third\n");
  STR(logged(), CRI "stdout F third\n");
  log_close(&file);
}

TEST(log, rotates_within_one_chunk) {
  begin(LOG_CRI, 150, 2);
  text(0, "a\nb\nc\nd\ne\n");
  STR(content(path_in("log.1")), CRI "stdout F a\n" CRI "stdout F b\n" CRI "stdout F c\n");
  STR(logged(), CRI "stdout F d\n" CRI "stdout F e\n");
  log_close(&file);
}

TEST(log, full_disk_drops_whole_lines) {
  need_root();
  mkdir(path_in("small"), 0755);
  CHECK(mount("tmpfs", path_in("small"), "tmpfs", 0, "size=8k") == 0);
  file = (struct log){.fd = -1, .format = LOG_CRI, .files = 1, .path = strdup(path_in("small/log"))};
  EQ(log_open(&file), 0);
  char line[128];
  u64 total = 0;
  for (int i = 0; i < 200; i++) {
    snprintf(line, sizeof line, "line %03d of a log that the disk has no room for\n", i);
    total += strlen(CRI "stdout F ") + strlen(line);
    text(0, line);
  }
  const char *all = content(path_in("small/log"));
  EQ(strlen(all) + file.lost, total);
  CHECK(file.lost > 0 && all[strlen(all) - 1] == '\n');
  for (const char *at = all; *at; at = strchr(at, '\n') + 1) EQ(strncmp(at, CRI "stdout F line", strlen(CRI "stdout F line")), 0);
  // Room comes back: the log goes on.
  CHECK(ftruncate(file.fd, 0) == 0);
  u64 lost = file.lost;
  text(0, "again\n");
  STR(content(path_in("small/log")), CRI "stdout F again\n");
  EQ(file.lost, lost);
  log_close(&file);
}

TEST(log, path_that_is_a_link_is_refused) {
  symlink("/etc/passwd", path_in("log"));
  file = (struct log){.fd = -1, .format = LOG_CRI, .path = strdup(path_in("log"))};
  EQ(log_open(&file), -ELOOP);
  log_close(&file);
}

TEST(log, fuzz) {
  // Any bytes in any pieces: every record of at most 16 KiB, the bytes the same when put together.
  begin(LOG_CRI, 0, 1);
  u64 seed = 7;
  static char all[400000];
  u32 size = 0;
  while (size + 30000 < sizeof all) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    u32 piece = 1 + (u32)(seed >> 33) % (seed >> 62 ? 300 : 30000);
    for (u32 i = 0; i < piece; i++) {
      seed = seed * 6364136223846793005ull + 1442695040888963407ull;
      all[size + i] = (char)(seed >> 40 ? (seed >> 41) % 3000 == 0 ? '\n' : 1 + (seed >> 50) % 255 : 'x');
    }
    log_write(&file, 0, all + size, piece, TIME);
    size += piece;
  }
  log_write(&file, 0, "\n", 1, TIME);
  const char *text_ = logged();
  u32 at = 0;
  for (const char *record = text_; *record;) {
    const char *end = strchr(record, '\n'), *body = record + strlen(CRI "stdout F ");
    CHECK(end && end >= body && end - body <= LINE);
    EQ(memcmp(all + at, body, (size_t)(end - body)), 0);
    at += (u32)(end - body);
    if (body[-2] == 'F' && at < size) EQ(all[at++], '\n');
    record = end + 1;
  }
  EQ(at, size);
  log_close(&file);
}
