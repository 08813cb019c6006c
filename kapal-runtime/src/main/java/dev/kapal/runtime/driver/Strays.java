package dev.kapal.runtime.driver;

import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.ProcessInfo;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Ends what a program that did not do as it should has started: everything below it, in its
 * session, or with the launch's mark in its environment.
 */
public final class Strays {
  /** Beginning of the environment entry that marks what a launch has started. */
  public static final String MARK = "KAPAL_LAUNCH=";

  private static final int ROUNDS = 100;
  private static final int ENVIRONMENT = 1 << 20;

  private Strays() {}

  /**
   * Kills them until there are none.
   *
   * @param session process id of the program, which leads its session; 0: not known
   * @param mark an environment entry, empty: none
   */
  public static void kill(Linux linux, int session, String mark) {
    for (int round = 0; round < ROUNDS; round++) {
      Set<Integer> found = find(linux, session, mark);
      if (found.isEmpty()) {
        return;
      }
      for (int pid : found) {
        try {
          linux.processes().kill(pid, 9);
        } catch (ErrnoException e) {
          if (!e.is(Errno.ESRCH)) {
            throw e;
          }
        }
      }
      java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
    }
  }

  private static Set<Integer> find(Linux linux, int session, String mark) {
    List<ProcessInfo> all = linux.processes().list();
    int self = linux.processes().self();
    Set<Integer> found = new HashSet<>();
    for (ProcessInfo p : all) {
      boolean ours =
          p.pid() != self
              && p.state() != 'Z'
              && ((session > 1 && p.session() == session)
                  || (!mark.isEmpty() && marked(linux, p.pid(), mark)));
      if (ours) {
        found.add(p.pid());
      }
    }
    boolean grown = session > 1 || !found.isEmpty();
    while (grown) {
      grown = false;
      for (ProcessInfo p : all) {
        boolean below = found.contains(p.parent()) || (session > 1 && p.parent() == session);
        grown |= below && p.state() != 'Z' && p.pid() != self && found.add(p.pid());
      }
    }
    return found;
  }

  private static boolean marked(Linux linux, int pid, String mark) {
    try (Fd file = linux.descriptors().open("/proc/" + pid + "/environ", O_RDONLY)) {
      String environment =
          new String(linux.descriptors().readFully(file, ENVIRONMENT), StandardCharsets.UTF_8);
      return ("\0" + environment + "\0").contains("\0" + mark + "\0");
    } catch (ErrnoException _) {
      return false;
    }
  }
}
