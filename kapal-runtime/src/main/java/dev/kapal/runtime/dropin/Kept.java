package dev.kapal.runtime.dropin;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.CgroupException;
import dev.kapal.linux.ProcessInfo;
import dev.kapal.oci.runtime.Linux;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import dev.kapal.runtime.monitor.SandboxFiles;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A container as its state directory and the kernel show it. */
final class Kept implements AutoCloseable {
  static final String CONFIG = "config.json";
  static final String SOCKET = "start.sock";
  static final String LAUNCH = "launch";
  static final String PLAN = "plan";

  /** runtime.md, State; and what a freezer does. */
  enum Status {
    CREATING,
    CREATED,
    RUNNING,
    PAUSED,
    STOPPED;

    /** As it is spelt in documents. */
    String word() {
      return switch (this) {
        case CREATING -> "creating";
        case CREATED -> "created";
        case RUNNING -> "running";
        case PAUSED -> "paused";
        case STOPPED -> "stopped";
      };
    }
  }

  private final DropInHost host;
  private final SandboxFiles files;
  private final ContainerRecord record;
  private Optional<RuntimeConfig> config = Optional.empty();
  private Optional<Cgroup> cgroup = Optional.empty();
  private Optional<Kept> lock = Optional.empty();

  Kept(DropInHost host, SandboxFiles files, ContainerRecord record) {
    this.host = host;
    this.files = files;
    this.record = record;
  }

  /** Holds the other one's lock until it is closed. */
  Kept inPlaceOf(Kept locked) {
    lock = Optional.of(locked);
    return this;
  }

  SandboxFiles files() {
    return files;
  }

  ContainerRecord record() {
    return record;
  }

  String id() {
    return record.id();
  }

  /** The config as it was when the container was made, and as it was updated. */
  RuntimeConfig config() {
    if (config.isEmpty()) {
      config =
          Optional.of(
              RuntimeConfigJson.read(
                  files
                      .read(CONFIG)
                      .orElseThrow(() ->
                          new CommandFailed("the config of container " + id() + " is missing"))));
    }
    return config.get();
  }

  Linux linux() {
    return config().linux().orElse(Linux.empty());
  }

  Cgroup cgroup() {
    if (cgroup.isEmpty()) {
      cgroup =
          Optional.of(
              record.cgroup().isEmpty() ? Cgroup.none() : host.cgroups().open(record.cgroup()));
    }
    return cgroup.get();
  }

  /** The group, for a command that is nothing without one. */
  Cgroup cgroupTo(String what) {
    if (record.cgroup().isEmpty()) {
      throw new CommandFailed(
          "cannot "
              + what
              + " container "
              + id()
              + ": it has no control group; a rootless container has one where the user may write"
              + " to control groups, as with cgroup v2 and delegation by systemd");
    }
    return cgroup();
  }

  /** Whether its first process lives. */
  boolean alive() {
    return record.pid() > 0 && alive(record.pid(), record.startTime());
  }

  private boolean alive(int pid, long startTime) {
    return host.linux()
        .processes()
        .info(pid)
        .filter(p -> p.startTime() == startTime && p.state() != 'Z' && p.state() != 'X')
        .map(ProcessInfo::pid)
        .isPresent();
  }

  Status status() {
    if (record.pid() == 0) {
      return alive(record.creator(), record.creatorStartTime()) ? Status.CREATING : Status.STOPPED;
    }
    if (!alive()) {
      return Status.STOPPED;
    }
    if (host.linux().descriptors().lstatIfExists(files.directory(), SOCKET).isPresent()) {
      return Status.CREATED;
    }
    return frozen() ? Status.PAUSED : Status.RUNNING;
  }

  private boolean frozen() {
    try {
      return cgroup().isFrozen();
    } catch (CgroupException _) {
      return false;
    }
  }

  /** What {@code state} prints. */
  Map<String, Object> state() {
    Status status = status();
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("ociVersion", DropIn.SPECIFICATION);
    state.put("id", id());
    state.put("pid", status == Status.STOPPED ? 0 : record.pid());
    state.put("status", status.word());
    state.put("bundle", record.bundle());
    state.put("rootfs", record.rootfs());
    state.put("created", record.created());
    if (!record.annotations().isEmpty()) {
      state.put("annotations", record.annotations());
    }
    state.put("owner", "");
    return state;
  }

  @Override
  public void close() {
    files.close();
    lock.ifPresent(Kept::close);
  }
}
