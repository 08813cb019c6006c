package dev.kapal.runtime.plan;

/** Operations of a launch plan (docs/launch-plan.md, Operations). */
public enum Op {
  SYSCALL(1),
  EXEC(2),
  SECCOMP(3),
  OPEN_IN(4),
  SYNC(5),
  SEND(6),
  CHECK_FS(7),
  CHECK_DEVICE(8),
  CHECK_CWD(9),
  CLOEXEC_FROM(10),
  FORGET(11),
  COPY_UP(12),
  AWAIT(13),
  NETLINK(14),
  COVER(15),
  CHECK_FLAGS(16);

  private final int code;

  Op(int code) {
    this.code = code;
  }

  /** Its number in the format. */
  public int code() {
    return code;
  }
}
