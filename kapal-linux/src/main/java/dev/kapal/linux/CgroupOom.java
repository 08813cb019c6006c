package dev.kapal.linux;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;

/** What the kernel killed for memory. */
final class CgroupOom {
  private CgroupOom() {}

  static long kills(List<CgroupHierarchy> hierarchies, String path) {
    return CgroupHierarchy.with(hierarchies, "memory")
        .flatMap(hierarchy ->
            hierarchy
                .folder(path)
                .read(hierarchy.unified() ? "memory.events" : "memory.oom_control"))
        .map(text -> CgroupFolder.keyed(text, "oom_kill"))
        .orElse(0L);
  }

  static Optional<Cgroup.OomSource> source(List<CgroupHierarchy> hierarchies, String path) {
    Optional<CgroupHierarchy> hierarchy = CgroupHierarchy.with(hierarchies, "memory");
    if (hierarchy.isEmpty()) {
      return Optional.empty();
    }
    CgroupFolder folder = hierarchy.get().folder(path);
    if (hierarchy.get().unified()) {
      return folder.has("memory.events")
          ? Optional.of(new Source(folder.open("memory.events", Fcntl.O_RDONLY), true))
          : Optional.empty();
    }
    return Optional.of(new Source(eventDescriptor(folder), false));
  }

  /** v1: an eventfd that is written to at each OOM. */
  private static Fd eventDescriptor(CgroupFolder folder) {
    int flags = Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK;
    Fd event = Fd.of((int) Sys.check(Sys.call(Nr.EVENTFD2, 0, flags, 0), "eventfd", ""));
    boolean registered = false;
    try (Fd control = folder.open("memory.oom_control", Fcntl.O_RDONLY)) {
      folder.write("cgroup.event_control", event.number() + " " + control.number());
      registered = true;
      return event;
    } finally {
      if (!registered) {
        event.close();
      }
    }
  }

  /** Both kinds. */
  private record Source(Fd fd, boolean unified) implements Cgroup.OomSource {
    @Override
    public Poller.Ready event() {
      return unified ? Poller.Ready.PRIORITY : Poller.Ready.READ;
    }

    @Override
    public void acknowledge() {
      try (Arena arena = Arena.ofConfined()) {
        if (unified) {
          Sys.call(Nr.LSEEK, fd.number(), 0, Fcntl.SEEK_SET);
        }
        // Errors do not matter: EAGAIN when there was nothing, ENODEV when the group is gone.
        Sys.call(Nr.READ, fd.number(), arena.allocate(4096).address(), 4096);
      }
    }

    @Override
    public void close() {
      fd.close();
    }
  }
}
