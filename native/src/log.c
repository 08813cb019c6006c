// Log files in Docker's json-file format and CRI's. Records are gathered and written with one call for each chunk of output; a
// record is in the file as a whole or not at all.
#include "monitor.h"

#include <limits.h>
#include <sys/stat.h>
#include <time.h>

static const char *const names[] = {"stdout", "stderr"};

// The worst record: every byte as \u0000. Only what is used of it is ever touched.
enum { RECORD_MAX = LINE * 6 + 128, BATCH_FULL = 16384 };
static char batch[BATCH_FULL + RECORD_MAX];
static size_t batched;

int log_open(struct log *log) {
  struct stat status;
  if (strlen(log->path) >= PATH_MAX) return -ENAMETOOLONG;
  log->fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
  if (log->fd < 0) return -errno;
  log->size = fstat(log->fd, &status) == 0 ? (u64)status.st_size : 0;
  return 0;
}

void log_close(struct log *log) {
  close_fd(&log->fd);
  for (int i = 0; i < 2; i++) free(log->line[i].data);
  free(log->path);
  memset(log, 0, sizeof *log);
  log->fd = -1;
}

// Writes the batch. What does not fit on the disk is dropped from the first record on that is not there whole.
static void flush(struct log *log) {
  size_t written = 0, whole;
  while (written < batched) {
    ssize_t more = write(log->fd, batch + written, batched - written);
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) break;
    written += (size_t)more;
  }
  for (whole = written; written < batched && whole > 0 && batch[whole - 1] != '\n';) whole--;
  // Should cutting off the half record fail, too, the next record begins behind it: a reader skips one damaged line.
  if (whole < written && ftruncate(log->fd, lseek(log->fd, 0, SEEK_CUR) - (off_t)(written - whole)) != 0) whole = written;
  log->size += whole;
  log->lost += batched - whole;
  batched = 0;
}

// path → path.1 → … → path.(files - 1), which is overwritten. With one file in all it begins anew.
static void rotate(struct log *log) {
  char from[PATH_MAX + 16], to[PATH_MAX + 16];
  if (log->files <= 1) {
    if (ftruncate(log->fd, 0) == 0) log->size = 0;
    return;
  }
  for (u32 i = log->files - 1; i > 0; i--) {
    snprintf(to, sizeof to, "%s.%u", log->path, i);
    snprintf(from, sizeof from, i > 1 ? "%s.%u" : "%s", log->path, i - 1);
    if (rename(from, to) != 0 && i == 1) return;  // It goes on growing: better than to lose lines.
  }
  int old = log->fd;
  u64 size = log->size;
  if (log_open(log) != 0) {
    rename(to, log->path);
    log->fd = old;
    log->size = size;
  } else {
    close(old);
  }
}

// How many bytes the UTF-8 character at text has; 0: it is none. *partial: it may become one with more bytes.
static u32 character(const u8 *text, size_t size, bool *partial) {
  static const struct { u8 first, last, low, high, length; } forms[] = {
      {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
      {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
  *partial = false;
  if (text[0] < 0x80) return 1;
  for (u32 i = 0; i < COUNT(forms); i++) {
    if (text[0] < forms[i].first || text[0] > forms[i].last) continue;
    for (u32 k = 1; k < forms[i].length; k++) {
      if (k >= size) {
        *partial = true;
        return 0;
      }
      if (text[k] < (k == 1 ? forms[i].low : 0x80) || text[k] > (k == 1 ? forms[i].high : 0xbf)) return 0;
    }
    return forms[i].length;
  }
  return 0;
}

static char *append(char *to, const char *text, size_t size) {
  memcpy(to, text, size);
  return to + size;
}

static char *append_json(char *to, const char *text, size_t size) {
  static const char escapes[] = "\"\"\\\\\nn\rr\tt\bb\ff";
  bool partial;
  for (size_t i = 0; i < size;) {
    u8 byte = (u8)text[i];
    const char *escape = byte && (byte < 0x20 || byte == '"' || byte == '\\') ? strchr(escapes, byte) : NULL;
    u32 length = character((const u8 *)text + i, size - i, &partial);
    if (escape) {
      *to++ = '\\';
      *to++ = escape[1];
    } else if (byte < 0x20) {
      to += sprintf(to, "\\u%04x", byte);
    } else if (length) {
      to = append(to, text + i, length);
    } else {
      to = append(to, "\xef\xbf\xbd", 3);
    }
    i += length ? length : 1;
  }
  return to;
}

static size_t format_time(char *to, i64 time) {
  time_t seconds = time / 1000000000;
  struct tm parts;
  gmtime_r(&seconds, &parts);
  return (size_t)sprintf(to, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                         parts.tm_hour, parts.tm_min, parts.tm_sec, (int)(time % 1000000000));
}

// Adds one record to the batch. whole: the line has its end.
static void emit(struct log *log, int stream, const char *text, size_t size, bool whole, i64 time) {
  static i64 formatted_time = -1;
  static char stamp[48];
  static size_t stamp_size;
  if (log->fd < 0) {
    log->lost += size + whole;
    return;
  }
  if (time != formatted_time) stamp_size = format_time(stamp, formatted_time = time);
  if (batched > BATCH_FULL) flush(log);
  char *start = batch + batched, *to = start;
  if (log->format == LOG_JSON) {
    to = append(to, "{\"log\":\"", 8);
    to = append_json(to, text, size);
    if (whole) to = append(to, "\\n", 2);
    to = append(to, "\",\"stream\":\"", 12);
    to = append(to, names[stream], 6);
    to = append(to, "\",\"time\":\"", 10);
    to = append(to, stamp, stamp_size);
    to = append(to, "\"}\n", 3);
  } else {
    to = append(to, stamp, stamp_size);
    *to++ = ' ';
    to = append(to, names[stream], 6);
    to = append(to, whole ? " F " : " P ", 3);
    to = append(to, text, size);
    *to++ = '\n';
  }
  size_t length = (size_t)(to - start);
  if (log->limit && log->size + batched + length > log->limit && log->size + batched > 0) {
    flush(log);
    rotate(log);
    memmove(batch, start, length);
  }
  batched += length;
}

void log_write(struct log *log, int stream, const char *data, size_t size, i64 time) {
  if (log->format == LOG_NONE) return;
  __typeof__(log->line[0]) *line = &log->line[stream];
  while (size > 0) {
    const char *end = memchr(data, '\n', size);
    size_t length = end ? (size_t)(end - data) : size;
    if (line->size == 0 && end && length <= LINE) {  // The usual case: a whole line at once.
      emit(log, stream, data, length, true, time);
    } else {
      if (!line->data && !(line->data = malloc(LINE))) {
        log->lost += size;
        return;
      }
      if (length > LINE - line->size) {
        length = LINE - line->size;
        end = NULL;
      }
      memcpy(line->data + line->size, data, length);
      line->size += (u32)length;
      // A line that is exactly full may still end here: it is cut only when more of it follows.
      if (end) {
        emit(log, stream, line->data, line->size, true, time);
        line->size = 0;
      } else if (length < size) {
        u32 cut = line->size;
        bool partial = false;
        for (u32 back = 1; log->format == LOG_JSON && back < 4 && !partial; back++) {
          character((const u8 *)line->data + line->size - back, back, &partial);
          if (partial) cut = line->size - back;  // Characters are not cut in two.
        }
        emit(log, stream, line->data, cut, false, time);
        line->size -= cut;
        memmove(line->data, line->data + cut, line->size);
      }
    }
    data += length + (end ? 1 : 0);
    size -= length + (end ? 1 : 0);
  }
  if (batched) flush(log);
}

void log_finish(struct log *log, int stream, i64 time) {
  if (log->format == LOG_NONE || log->line[stream].size == 0) return;
  emit(log, stream, log->line[stream].data, log->line[stream].size, false, time);
  log->line[stream].size = 0;
  if (batched) flush(log);
}
