package dev.kapal.runtime.plan;

import dev.kapal.linux.Errno;

/** Error numbers that plans allow for. */
final class Errors {
  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int ENOEXEC = 8;
  static final int EBADF = 9;
  static final int EACCES = 13;
  static final int EEXIST = 17;
  static final int ENOTDIR = 20;
  static final int EINVAL = 22;
  static final int EROFS = 30;
  static final int ENOSYS = 38;
  static final int EDQUOT = 122;

  private Errors() {}

  static String name(int errno) {
    return Errno.of(errno).name();
  }
}
