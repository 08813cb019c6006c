package dev.kapal.daemon;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.reflect.Proxy;

/**
 * SIGHUP. The JDK has no supported way to hear a signal; sun.misc.Signal (module jdk.unsupported)
 * is reached by reflection because the compiler's warning about it cannot be switched off.
 */
final class Hangup {
  private static final Logger LOG = System.getLogger(Hangup.class.getName());

  private Hangup() {}

  /** Runs something on a thread of its own each time the signal comes. */
  static void runs(Runnable task) {
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
                task.run();
                return null;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), own);
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      LOG.log(Level.WARNING, "SIGHUP cannot be heard; kapal system reload does the same", e);
    }
  }
}
