package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Loads and attaches device programs, see bpf(2). */
final class DeviceProgramLoader {
  private static final int PROG_LOAD = 5;
  private static final int PROG_ATTACH = 8;
  private static final int PROG_DETACH = 9;
  private static final int PROG_GET_FD_BY_ID = 13;
  private static final int PROG_QUERY = 16;
  private static final int TYPE_CGROUP_DEVICE = 15;
  private static final int ATTACH_CGROUP_DEVICE = 6;
  private static final int ALLOW_MULTI = 2;
  private static final int MOST = 64;
  private static final long ATTR = 128;

  private DeviceProgramLoader() {}

  /** The new one is there before the old ones go: in between both have to agree. */
  static void replace(Fd cgroup, byte[] instructions) {
    try (Arena arena = Arena.ofConfined()) {
      List<Integer> old = attached(arena, cgroup);
      try (Fd program = load(arena, instructions)) {
        MemorySegment attr = attr(arena, cgroup, program);
        attr.set(JAVA_INT, 12, ALLOW_MULTI);
        bpf(PROG_ATTACH, attr, "attach");
      }
      for (int id : old) {
        detach(arena, cgroup, id);
      }
    }
  }

  private static Fd load(Arena arena, byte[] instructions) {
    MemorySegment attr = arena.allocate(ATTR, 8);
    MemorySegment log = arena.allocate(16 << 10);
    attr.set(JAVA_INT, 0, TYPE_CGROUP_DEVICE);
    attr.set(JAVA_INT, 4, instructions.length / 8);
    attr.set(JAVA_LONG, 8, aligned(arena, instructions).address());
    attr.set(JAVA_LONG, 16, Sys.path(arena, "Apache-2.0"));
    long result = Sys.call(Nr.BPF, PROG_LOAD, attr.address(), ATTR);
    if (Sys.failedWith(result, Errno.EACCES) || Sys.failedWith(result, Errno.EINVAL)) {
      // Once more with the verifier's words.
      attr.set(JAVA_INT, 24, 1);
      attr.set(JAVA_INT, 28, (int) log.byteSize());
      attr.set(JAVA_LONG, 32, log.address());
      result = Sys.call(Nr.BPF, PROG_LOAD, attr.address(), ATTR);
    }
    return Fd.of((int) Sys.check(result, "bpf(BPF_PROG_LOAD)", () -> log.getString(0).strip()));
  }

  private static MemorySegment aligned(Arena arena, byte[] bytes) {
    MemorySegment copy = arena.allocate(bytes.length, 8);
    return copy.copyFrom(MemorySegment.ofArray(bytes));
  }

  private static MemorySegment attr(Arena arena, Fd cgroup, Fd program) {
    MemorySegment attr = arena.allocate(ATTR, 8);
    attr.set(JAVA_INT, 0, cgroup.number());
    attr.set(JAVA_INT, 4, program.number());
    attr.set(JAVA_INT, 8, ATTACH_CGROUP_DEVICE);
    return attr;
  }

  /** Ids of the programs that are attached to this group itself. */
  static List<Integer> attached(Arena arena, Fd cgroup) {
    MemorySegment attr = arena.allocate(ATTR, 8);
    MemorySegment ids = arena.allocate(JAVA_INT, MOST);
    attr.set(JAVA_INT, 0, cgroup.number());
    attr.set(JAVA_INT, 4, ATTACH_CGROUP_DEVICE);
    attr.set(JAVA_LONG, 16, ids.address());
    attr.set(JAVA_INT, 24, MOST);
    bpf(PROG_QUERY, attr, "query");
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < attr.get(JAVA_INT, 24); i++) {
      all.add(ids.getAtIndex(JAVA_INT, i));
    }
    return all;
  }

  private static void detach(Arena arena, Fd cgroup, int id) {
    MemorySegment byId = arena.allocate(ATTR, 8);
    byId.set(JAVA_INT, 0, id);
    long opened = bpf(PROG_GET_FD_BY_ID, byId, "open");
    try (Fd program = Fd.of((int) opened)) {
      bpf(PROG_DETACH, attr(arena, cgroup, program), "detach");
    }
  }

  private static long bpf(int command, MemorySegment attr, String what) {
    return Sys.check(
        Sys.call(Nr.BPF, command, attr.address(), ATTR), "bpf", what + " device program");
  }
}
