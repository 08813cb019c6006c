package dev.kapal.runtime.monitor;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SpawnOptions;
import dev.kapal.linux.systemd.ScopeLimits;
import dev.kapal.linux.systemd.Slices;
import dev.kapal.linux.systemd.Systemd;
import dev.kapal.linux.systemd.SystemdException;
import dev.kapal.oci.runtime.Resources;
import dev.kapal.runtime.ContainerException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A scope of systemd as a container's control group, for configs whose {@code linux.cgroupsPath} is
 * {@code slice:prefix:name}. There is no scope without a process: one that does nothing is in it
 * until the container's own has come, and ends when this is closed. The scope goes with its last
 * process.
 */
public final class SystemdScope implements AutoCloseable {
  private static final long DEFAULT_PERIOD = 100_000;
  private static final long SECOND = 1_000_000;

  /** systemd counts in hundredths of a CPU's time. */
  private static final long STEP = 10_000;

  private final Linux linux;
  private final int holder;
  private final Fd leash;

  private SystemdScope(Linux linux, int holder, Fd leash) {
    this.linux = linux;
    this.holder = holder;
    this.leash = leash;
  }

  /** This host's systemd; empty where something else runs it. */
  public static Optional<Systemd> systemd(Linux linux) {
    return Systemd.booted() ? Optional.of(Systemd.host(linux)) : Optional.empty();
  }

  /** The scope that a cgroupsPath means; empty: it is a path, or names a slice. */
  public static Optional<String> unit(String cgroupsPath) {
    String[] parts = cgroupsPath.split(":", -1);
    return parts.length == 3 && !cgroupsPath.startsWith("/") && !parts[2].endsWith(".slice")
        ? Optional.of(Slices.scope(parts[1], parts[2]))
        : Optional.empty();
  }

  /**
   * Has systemd make the scope.
   *
   * @throws ContainerException.Failed it does not; nothing is left then
   */
  @SuppressWarnings("resource") // the caller's
  public static SystemdScope start(
      Linux linux,
      Systemd systemd,
      MonitorProgram program,
      String cgroupsPath,
      Optional<Resources> resources) {
    String unit =
        unit(cgroupsPath)
            .orElseThrow(() -> new IllegalArgumentException("no scope: " + cgroupsPath));
    SystemdScope scope = held(linux, program);
    try {
      systemd.start(
          new Systemd.Scope(
              unit,
              cgroupsPath.substring(0, cgroupsPath.indexOf(':')),
              "Container " + cgroupsPath.substring(cgroupsPath.lastIndexOf(':') + 1),
              scope.holder,
              resources.map(SystemdScope::limits).orElse(ScopeLimits.NONE)));
      return scope;
    } catch (SystemdException e) {
      scope.close();
      throw new ContainerException.Failed(String.valueOf(e.getMessage()), e);
    }
  }

  /** The process, which would not outlive this daemon either. */
  private static SystemdScope held(Linux linux, MonitorProgram program) {
    Descriptors.Pipe pipe = linux.descriptors().pipe(0);
    try (Fd input = pipe.reader()) {
      int pid =
          linux
              .processes()
              .spawn(
                  program.executable(),
                  List.of("kapal-pause", "--until-eof"),
                  List.of(),
                  Map.of(0, input),
                  SpawnOptions.DEFAULT.in("/").inNewSession());
      return new SystemdScope(linux, pid, pipe.writer());
    } catch (RuntimeException e) {
      pipe.writer().close();
      throw e;
    }
  }

  /**
   * Tells systemd of limits that have been changed, where the group is a scope of its. They hold in
   * any case, until it is reloaded.
   */
  public static void tell(Systemd systemd, String cgroupsPath, Resources changed) {
    unit(cgroupsPath).ifPresent(unit -> asked(() -> systemd.update(unit, limits(changed))));
  }

  /** Has systemd forget a scope whose group is gone. */
  static void end(Systemd systemd, String cgroupsPath) {
    unit(cgroupsPath).ifPresent(unit -> asked(() -> systemd.stop(unit)));
  }

  /** What is as well without systemd's consent. */
  private static void asked(Runnable request) {
    try {
      request.run();
    } catch (SystemdException e) {
      System.getLogger(SystemdScope.class.getName())
          .log(System.Logger.Level.WARNING, e.getMessage());
    }
  }

  /** What systemd has to know of limits: it writes those that it knows whenever it is reloaded. */
  public static ScopeLimits limits(Resources r) {
    return new ScopeLimits(
        present(r.memory().flatMap(Resources.Memory::limit).filter(v -> v != 0)),
        present(r.cpu().flatMap(SystemdScope::quota)),
        present(
            r.cpu().flatMap(Resources.Cpu::shares).filter(v -> v > 0).map(SystemdScope::weight)),
        present(r.pids().map(p -> p.limit() <= 0 ? -1 : p.limit())));
  }

  private static OptionalLong present(Optional<Long> value) {
    return value.map(OptionalLong::of).orElse(OptionalLong.empty());
  }

  private static Optional<Long> quota(Resources.Cpu cpu) {
    long period = cpu.period().filter(p -> p > 0).orElse(DEFAULT_PERIOD);
    return cpu.quota()
        .filter(q -> q != 0)
        .map(q -> q < 0 ? -1 : Math.ceilDiv(Math.ceilDiv(q * SECOND, period), STEP) * STEP);
  }

  /** From v1's shares, 2 to 262144, to 1 to 10000, as the specification's users agree. */
  private static long weight(long shares) {
    return 1 + (Math.clamp(shares, 2L, 262_144L) - 2) * 9999 / 262_142;
  }

  /** The container's process is in the scope, or there is none. */
  @Override
  public void close() {
    try {
      linux.processes().kill(holder, 9);
    } catch (ErrnoException _) {
      // Something has killed all that is in the group.
    }
    linux.processes().waitpid(holder);
    leash.close();
  }
}
