package dev.kapal.runtime.dropin;

import dev.kapal.linux.Fd;

/** Waits for a process whose end is the command's, passing signals on. */
final class Foreground {
  private Foreground() {}

  /** The status of waitpid(2). */
  static int await(Session session, int launch) {
    Front front = session.front();
    front.onSignal(signal -> front.kill(launch, signal));
    for (; ; ) {
      switch (front.next(launch)) {
        case Front.Event.Exited(int status) -> {
          front.raw(false);
          return status;
        }
        case Front.Event.Sent sent -> sent.descriptor().ifPresent(Fd::close);
        case Front.Event.Sync _, Front.Event.Running _, Front.Event.Failed _ -> {}
      }
    }
  }
}
