package dev.kapal.cri;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.function.Function;

/** Implementations of which only some methods are there. */
public final class Fakes {
  private Fakes() {}

  /** An implementation of these methods, by name; any other is an error. */
  @SuppressWarnings("unchecked")
  public static <T> T of(Class<T> type, Map<String, Function<Object[], Object>> methods) {
    return (T)
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              Function<Object[], Object> function = methods.get(method.getName());
              if (function == null) {
                throw new AssertionError(type.getSimpleName() + "." + method.getName());
              }
              return function.apply(arguments == null ? new Object[0] : arguments);
            });
  }

  /** The same as another but for these methods. */
  @SuppressWarnings("unchecked")
  public static <T> T over(
      Class<T> type, T other, Map<String, Function<Object[], Object>> methods) {
    return (T)
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              Function<Object[], Object> function = methods.get(method.getName());
              if (function != null) {
                return function.apply(arguments == null ? new Object[0] : arguments);
              }
              try {
                return method.invoke(other, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
