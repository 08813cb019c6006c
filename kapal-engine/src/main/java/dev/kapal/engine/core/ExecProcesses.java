package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.config.ConfigBuilder;
import dev.kapal.engine.config.UserDatabase;
import dev.kapal.engine.config.UserResolver;
import dev.kapal.engine.spec.ExecSpec;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Fd;
import dev.kapal.oci.runtime.Process;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerProcess;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.Streams;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Starts further processes in containers. */
final class ExecProcesses {
  private final Hub hub;
  private final Users users;

  ExecProcesses(Hub hub, Users users) {
    this.hub = hub;
    this.users = users;
  }

  ContainerProcess start(Entry e, Container c, ExecSpec spec, Optional<Streams> streams) {
    Process base =
        c.config()
            .process()
            .orElseThrow(
                () -> new EngineException.Conflict("container " + e.name() + " has no process"));
    UserResolver.Resolved user = user(e, c, base, spec);
    Process p = ConfigBuilder.exec(base, spec, user, hub.facts);
    dev.kapal.runtime.ExecSpec x =
        dev.kapal.runtime.ExecSpec.of(p).withInput(spec.stdinOpen() ? Input.ONCE : Input.NONE);
    return c.exec(streams.map(x::withStreams).orElse(x));
  }

  /** Names are looked up in the container as it is now; ids of the container need no looking up. */
  private UserResolver.Resolved user(Entry e, Container c, Process base, ExecSpec spec) {
    OptionalInt umask = base.user().umask().map(OptionalInt::of).orElse(OptionalInt.empty());
    if (spec.user().isEmpty()) {
      String home =
          base.env().stream()
              .filter(v -> v.startsWith("HOME="))
              .map(v -> v.substring(5))
              .findFirst()
              .orElse("/");
      return new UserResolver.Resolved(base.user(), home);
    }
    UserDatabase db;
    try (Fd root =
        hub.linux
            .descriptors()
            .open("/proc/" + c.pid() + "/root", Fcntl.O_PATH | Fcntl.O_DIRECTORY)) {
      if (!c.exitStatus().isEmpty()) {
        throw new EngineException.Conflict("container " + e.name() + " does not run");
      }
      db = users.of(root);
    }
    return UserResolver.resolve(
        spec.user().get(), List.copyOf(e.record.spec().process().groupAdd()), umask, db);
  }
}
