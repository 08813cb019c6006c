// Packets of the monitor's protocol, written and read.
#include "packet.h"

// A packet that is being written. Replies and events are made in turn, so there is one.
static struct { u8 bytes[PACKET_MAX]; u32 size; } out;

void packet_put(const void *value, u32 size) {
  memcpy(out.bytes + out.size, value, size);
  out.size += size;
}
void packet_u32(u32 value) { packet_put(&value, 4); }
void packet_u64(u64 value) { packet_put(&value, 8); }

void packet_begin(u16 type, u32 request, u32 process) {
  struct header header = {.type = type, .request = request, .process = process};
  out.size = 0;
  packet_put(&header, sizeof header);
}

static const u8 *body_take(struct body *body, u32 size) {
  if (size > body->left) {
    body->bad = true;
    body->left = 0;
    return NULL;
  }
  body->at += size;
  body->left -= size;
  return body->at - size;
}
u64 body_number(struct body *body, u32 size) {
  u64 value = 0;
  const u8 *from = body_take(body, size);
  if (from) memcpy(&value, from, size);
  return value;
}
u32 body_u32(struct body *body) { return (u32)body_number(body, 4); }

char *body_string(struct body *body) {
  u32 size = body_u32(body);
  const u8 *from = body_take(body, size);
  if (!from || memchr(from, 0, size)) {
    body->bad = true;
    return NULL;
  }
  return strndup((const char *)from, size);
}

int fds_take(struct fds *fds, u32 index) {
  int fd = fds->fd[index];
  fds->fd[index] = -1;
  return fd;
}

void packet_value(u64 value) { memcpy(out.bytes + sizeof(struct header), &value, sizeof value); }

int packet_send(int connection, int fd) {
  memcpy(out.bytes, &out.size, sizeof out.size);
  return send_with(connection, out.bytes, out.size, fd, MSG_DONTWAIT);
}
