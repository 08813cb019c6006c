package dev.kapal.daemon;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * SIGHUP. The JDK has no supported way to hear a signal; sun.misc.Signal (module jdk.unsupported)
 * is reached by reflection because the compiler's warning about it cannot be switched off.
 */
final class Hangup {
  private static final Logger LOG = System.getLogger(Hangup.class.getName());

  private final AtomicBoolean pending = new AtomicBoolean();
  private volatile Optional<Runnable> task = Optional.empty();

  private Hangup() {}

  /** From now on the signal does not end the process. */
  static Hangup heard() {
    Hangup hangup = new Hangup();
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object own =
          Proxy.newProxyInstance(
              Hangup.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) -> {
                if (method.getDeclaringClass() == Object.class) {
                  throw new UnsupportedOperationException(method.getName());
                }
                hangup.came();
                return null;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), own);
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      LOG.log(Level.WARNING, "SIGHUP cannot be heard; kapal system reload does the same", e);
    }
    return hangup;
  }

  /** The JVM calls it on a thread of its own each time the signal comes. */
  void came() {
    pending.set(true);
    runPending();
  }

  /** Runs something each time the signal comes, and now if it came before. */
  void runs(Runnable what) {
    task = Optional.of(what);
    runPending();
  }

  private void runPending() {
    task.ifPresent(what -> {
      if (pending.getAndSet(false)) {
        what.run();
      }
    });
  }
}
