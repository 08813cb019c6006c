package dev.kapal.cri.config;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What of the configuration the door needs, and may change while it is open.
 *
 * @param passed which annotations the runtimes are given, by the runtime's name
 * @param shown what {@code crictl info} shows of the runtimes, by name: values of JSON
 */
public record CriConfig(Map<String, Passed> passed, Map<String, Map<String, Object>> shown) {
  /** Nothing is configured. */
  public static final CriConfig NONE = new CriConfig(Map.of(), Map.of());

  public CriConfig {
    passed = Map.copyOf(passed);
    shown = new TreeMap<>(shown);
  }

  /** What is passed to a runtime. */
  public Passed passed(String runtime) {
    return passed.getOrDefault(runtime, Passed.NOTHING);
  }

  /** What is shown of a runtime. */
  public Map<String, Object> shown(String runtime) {
    return shown.getOrDefault(runtime, Map.of());
  }

  /**
   * Names of annotations with {@code *} for any part.
   *
   * @param pod annotations of pods, which its containers' configs get, too
   * @param container annotations of containers
   */
  public record Passed(List<String> pod, List<String> container) {
    static final Passed NOTHING = new Passed(List.of(), List.of());

    public Passed {
      pod = List.copyOf(pod);
      container = List.copyOf(container);
    }
  }
}
