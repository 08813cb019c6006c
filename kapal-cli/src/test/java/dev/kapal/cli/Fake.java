package dev.kapal.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A fake of an interface: records calls as text, answers those that a test has prepared, fails on
 * others.
 */
public final class Fake<T> {
  /** An answer to a call. */
  @FunctionalInterface
  public interface Answer {
    Object to(Object[] arguments) throws Exception;
  }

  private final Map<String, Answer> answers = new HashMap<>();
  private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
  private final T proxy;

  public Fake(Class<T> type) {
    proxy =
        type.cast(
            Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, args) -> call(method, args)));
  }

  private Object call(Method method, Object[] args) throws Throwable {
    if (method.getDeclaringClass() == Object.class) {
      return switch (method.getName()) {
        case "toString" -> "fake";
        case "hashCode" -> System.identityHashCode(this);
        default -> false;
      };
    }
    Object[] arguments = args == null ? new Object[0] : args;
    calls.add(method.getName() + Arrays.deepToString(arguments));
    Answer answer = answers.get(method.getName());
    if (answer == null) {
      if (method.isDefault()) {
        return java.lang.reflect.InvocationHandler.invokeDefault(proxy, method, arguments);
      }
      throw new AssertionError("not prepared: " + method);
    }
    return answer.to(arguments);
  }

  public Fake<T> on(String method, Answer answer) {
    answers.put(method, answer);
    return this;
  }

  public T get() {
    return proxy;
  }

  public List<String> calls() {
    return List.copyOf(calls);
  }
}
