package dev.kapal.cri.translate;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** Which runtime a pod gets. */
public final class Handlers {
  private static final String UNTRUSTED = "untrusted";

  private Handlers() {}

  /**
   * The runtime of a pod; empty: the default one.
   *
   * @param handler of the pod's RuntimeClass
   * @param offered names of the runtimes that there are
   * @throws IllegalArgumentException there is none of that name, and which there are
   */
  public static Optional<String> runtime(
      String handler, Map<String, String> annotations, Collection<String> offered) {
    boolean untrusted = "true".equals(annotations.get(Annotations.UNTRUSTED));
    if (untrusted && !handler.isEmpty() && !handler.equals(UNTRUSTED)) {
      throw new IllegalArgumentException(
          "the pod asks for the runtime handler \""
              + handler
              + "\" and, by the annotation "
              + Annotations.UNTRUSTED
              + ", for \""
              + UNTRUSTED
              + "\": leave one of both out");
    }
    String wanted = untrusted ? UNTRUSTED : handler;
    if (wanted.isEmpty()) {
      return Optional.empty();
    }
    if (!offered.contains(wanted)) {
      throw new IllegalArgumentException(
          "there is no runtime handler \""
              + wanted
              + "\" on this node; there are "
              + String.join(", ", new TreeSet<>(offered)));
    }
    return Optional.of(wanted);
  }
}
