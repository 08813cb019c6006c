package dev.kapal.config.check.probe;

import dev.kapal.config.check.Host.Ran;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.ProcessInfo;
import dev.kapal.linux.SpawnOptions;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;

/** Runs programs that may hang, print without end, or leave children, and outlives them all. */
record Programs(Linux linux) {
  private static final List<String> ENVIRONMENT =
      List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C");
  private static final int MOST = 1 << 20;
  private static final Duration GONE = Duration.ofSeconds(2);

  Ran run(List<String> command, Duration limit) {
    return run(
        limit,
        (descriptors, options) ->
            linux
                .processes()
                .spawn(command.getFirst(), command, ENVIRONMENT, descriptors, options));
  }

  Ran run(Fd executable, List<String> words, Duration limit) {
    return run(
        limit,
        (descriptors, options) ->
            linux.processes().spawn(executable, words, ENVIRONMENT, descriptors, options));
  }

  private Ran run(Duration limit, BiFunction<Map<Integer, Fd>, SpawnOptions, Integer> spawn) {
    try (Descriptors.Pipe out = linux.descriptors().pipe(0);
        Descriptors.Pipe err = linux.descriptors().pipe(0)) {
      linux.sockets().nonBlocking(out.reader(), true);
      linux.sockets().nonBlocking(err.reader(), true);
      int pid =
          spawn.apply(
              Map.of(1, out.writer(), 2, err.writer()),
              SpawnOptions.DEFAULT.in("/").inNewSession());
      out.writer().close();
      err.writer().close();
      ByteArrayOutputStream printed = new ByteArrayOutputStream();
      ByteArrayOutputStream complained = new ByteArrayOutputStream();
      long end = System.nanoTime() + limit.toNanos();
      for (long pause = 200_000; ; pause = Math.min(10_000_000, pause * 5 / 4)) {
        Optional<ExitStatus> exit = linux.processes().tryWait(pid);
        drain(out.reader(), printed);
        drain(err.reader(), complained);
        boolean over =
            System.nanoTime() > end || printed.size() >= MOST || complained.size() >= MOST;
        if (exit.isPresent() || over) {
          end(pid, exit.isPresent());
          return new Ran(
              exit.map(e -> OptionalInt.of(e.shellCode())).orElse(OptionalInt.empty()),
              text(printed),
              text(complained));
        }
        LockSupport.parkNanos(pause);
      }
    } catch (ErrnoException e) {
      return new Ran(OptionalInt.of(127), "", "it cannot be executed: " + e.errno().message());
    }
  }

  /** Its session is its own, so whatever still is in it, or below it, is its doing. */
  private void end(int leader, boolean reaped) {
    for (int round = 0; round < 50; round++) {
      Set<Integer> found = new HashSet<>();
      List<ProcessInfo> all = linux.processes().list();
      boolean grown = true;
      while (grown) {
        grown = false;
        for (ProcessInfo p : all) {
          boolean its = p.session() == leader || found.contains(p.parent());
          boolean alive = p.state() != 'Z' && !(reaped && p.pid() == leader);
          grown |= its && alive && found.add(p.pid());
        }
      }
      if (found.isEmpty()) {
        break;
      }
      for (int pid : found) {
        try {
          linux.processes().kill(pid, 9);
        } catch (ErrnoException _) {
          // It has ended meanwhile.
        }
      }
      LockSupport.parkNanos(2_000_000);
    }
    if (!reaped) {
      // One that cannot be killed hangs in the kernel: waiting for it would make us hang, too.
      var _ = linux.processes().waitpid(leader, GONE);
    }
  }

  private void drain(Fd from, ByteArrayOutputStream to) {
    byte[] buffer = new byte[16384];
    try {
      for (int got;
          to.size() < MOST
              && (got = linux.descriptors().read(from, buffer, 0, buffer.length)) > 0; ) {
        to.write(buffer, 0, got);
      }
    } catch (ErrnoException _) {
      // Nothing is there now.
    }
  }

  private static String text(ByteArrayOutputStream bytes) {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
