package dev.kapal.linux.systemd;

import dev.kapal.linux.Linux;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The service manager: makes and removes the units that own control groups
 * (org.freedesktop.systemd1 (5), Manager). Each call has a connection of its own and blocks its
 * thread, which must be a platform thread. All methods throw {@link SystemdException}.
 */
public final class Systemd {
  private static final String BUS = "/run/dbus/system_bus_socket";
  private static final String PRIVATE = "/run/systemd/private";
  private static final String NAME = "org.freedesktop.systemd1";
  private static final String OBJECT = "/org/freedesktop/systemd1";
  private static final String MANAGER = "org.freedesktop.systemd1.Manager";
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final Linux linux;
  private final String socket;
  private final boolean bus;
  private final Duration limit;

  private Systemd(Linux linux, String socket, boolean bus, Duration limit) {
    this.linux = linux;
    this.socket = socket;
    this.bus = bus;
    this.limit = limit;
  }

  /** Whether it runs this host, see sd_booted(3). */
  public static boolean booted() {
    return Files.isDirectory(Path.of("/run/systemd/system"));
  }

  /** This host's: by the system bus, or where there is none by its own socket, which is root's. */
  public static Systemd host(Linux linux) {
    boolean bus = Files.exists(Path.of(BUS));
    return new Systemd(linux, bus ? BUS : PRIVATE, bus, LIMIT);
  }

  /** One at another socket, of a bus. */
  public static Systemd at(Linux linux, Path socket, Duration limit) {
    return new Systemd(linux, socket.toString(), true, limit);
  }

  /**
   * A scope to make.
   *
   * @param name such as {@code kapal-4f2a.scope}
   * @param slice the slice that it lies in, such as {@code kubepods-burstable.slice}; empty:
   *     system.slice
   * @param description what it is for
   * @param pid a process that is in it from the start: there is no scope without one
   * @param limits of it
   */
  public record Scope(String name, String slice, String description, int pid, ScopeLimits limits) {}

  /**
   * Makes a scope whose control groups are the caller's to manage, and returns when it is there.
   * One of the same name that has ended and was not collected is made anew.
   */
  public void start(Scope scope) {
    with(
        "make the scope " + scope.name(),
        manager -> {
          try {
            manager.start(scope);
          } catch (SystemdException e) {
            if (!e.name().equals(NAME + ".UnitExists")) {
              throw e;
            }
            manager.call("ResetFailedUnit", new Value.Text(scope.name()));
            manager.start(scope);
          }
        });
  }

  /**
   * Ends a unit with all its processes, and returns when nothing is left of it; one that is not
   * there is gone. That it failed, as one does whose processes the kernel killed, is forgotten.
   */
  public void stop(String unit) {
    with(
        "stop " + unit,
        manager -> {
          try {
            manager.job("StopUnit", unit, new Value.Text(unit), new Value.Text("replace"));
            manager.call("ResetFailedUnit", new Value.Text(unit));
          } catch (SystemdException e) {
            if (!e.name().equals(NAME + ".NoSuchUnit")) {
              throw e;
            }
          }
        });
  }

  /** Changes limits until the unit or the host ends. */
  public void update(String unit, ScopeLimits limits) {
    List<Value> properties = limits.properties();
    if (properties.isEmpty()) {
      return;
    }
    with(
        "change the limits of " + unit,
        manager ->
            manager.call(
                "SetUnitProperties",
                new Value.Text(unit),
                new Value.Flag(true),
                new Value.Array("(sv)", properties)));
  }

  private void with(String what, Consumer<Manager> action) {
    try (BusConnection connection = BusConnection.open(linux, socket, bus, limit)) {
      Manager manager = new Manager(connection, limit);
      manager.subscribe(bus);
      action.accept(manager);
    } catch (SystemdException e) {
      SystemdException named =
          new SystemdException("systemd cannot " + what + ": " + e.getMessage(), e.name());
      named.initCause(e);
      throw named;
    } catch (ClassCastException | IndexOutOfBoundsException e) {
      throw new SystemdException("systemd cannot " + what + ": its answer is damaged", e);
    }
  }

  /** The manager at the other end of a connection. */
  private record Manager(BusConnection connection, Duration limit) {
    List<Value> call(String method, Value... body) {
      return connection.call(NAME, OBJECT, MANAGER, method, body);
    }

    /** Ends of jobs are told to those who want to know. */
    void subscribe(boolean bus) {
      if (bus) {
        connection.call(
            "org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "AddMatch",
            new Value.Text(
                "type='signal',interface='"
                    + MANAGER
                    + "',member='JobRemoved',path='"
                    + OBJECT
                    + "'"));
      }
      call("Subscribe");
    }

    void start(Scope scope) {
      List<Value> properties = new ArrayList<>();
      text(properties, "Description", scope.description());
      text(properties, "Slice", scope.slice().isEmpty() ? "system.slice" : scope.slice());
      for (String on :
          List.of(
              "Delegate", "MemoryAccounting", "CPUAccounting", "IOAccounting", "TasksAccounting")) {
        properties.add(ScopeLimits.property(on, new Value.Flag(true)));
      }
      // It must not be stopped before its container at shutdown, nor wait for units at boot.
      properties.add(ScopeLimits.property("DefaultDependencies", new Value.Flag(false)));
      properties.add(
          ScopeLimits.property("PIDs", new Value.Array("u", List.of(new Value.Word(scope.pid())))));
      properties.addAll(scope.limits().properties());
      job(
          "StartTransientUnit",
          scope.name(),
          new Value.Text(scope.name()),
          new Value.Text("replace"),
          new Value.Array("(sv)", properties),
          new Value.Array("(sa(sv))", List.of()));
    }

    private static void text(List<Value> properties, String name, String value) {
      properties.add(ScopeLimits.property(name, new Value.Text(value)));
    }

    /** Calls a method that begins a job, and waits for the job's end. */
    void job(String method, String unit, Value... body) {
      String job = ((Value.ObjectPath) call(method, body).getFirst()).value();
      BusMessage removed =
          connection.await(
              m ->
                  m.member().equals("JobRemoved")
                      && m.body().size() >= 4
                      && m.body().get(1).equals(new Value.ObjectPath(job)),
              limit);
      String result = ((Value.Text) removed.body().get(3)).value();
      if (!result.equals("done") && !result.equals("skipped")) {
        throw new SystemdException("its job for " + unit + " ended as \"" + result + "\"", result);
      }
    }
  }
}
