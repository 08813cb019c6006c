package dev.kapal.runtime.dropin;

import static dev.kapal.linux.Fcntl.SEEK_SET;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.LauncherPlan;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Runs a small program of the host as a child of the thin program, with the caller's rights. */
final class HostProgram {
  private static final int LONGEST = 8 << 20;

  /**
   * How it went.
   *
   * @param status as a shell has it; 127: it could not be executed
   * @param out what it printed
   * @param err what it complained of
   */
  record Ended(int status, String out, String err) {}

  private HostProgram() {}

  /** Runs one to its end; its first word is its path. */
  static Ended run(Session session, List<String> words) {
    Linux linux = session.host().linux();
    LaunchPlan plan =
        new LauncherPlan(words, List.of("PATH=/usr/bin:/bin", "LC_ALL=C"), Optional.empty(), 0, 0)
            .compile(session.host().facts());
    try (Fd out = linux.memfds().createWritable("kapal-out");
        Fd err = linux.memfds().createWritable("kapal-err")) {
      List<Front.Stream> streams =
          List.of(new Front.Stream.Null(), new Front.Stream.Ours(out), new Front.Stream.Ours(err));
      int launch = session.launcher().start(plan, 0, streams, Launcher.Supplies.NOTHING);
      Front.Event event = session.front().next(launch);
      while (!(event instanceof Front.Event.Exited)) {
        event = session.front().next(launch);
      }
      int status = ((Front.Event.Exited) event).status();
      return new Ended(
          ExitStatus.ofWaitStatus(status).shellCode(),
          text(linux.descriptors(), out),
          text(linux.descriptors(), err));
    }
  }

  private static String text(Descriptors descriptors, Fd file) {
    descriptors.lseek(file, 0, SEEK_SET);
    return new String(descriptors.readFully(file, LONGEST), StandardCharsets.UTF_8);
  }
}
