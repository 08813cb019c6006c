package dev.kapal.engine.core;

import dev.kapal.engine.store.PodRecord;
import java.util.Map;

/** The annotations by which runtimes that isolate a whole pod (gVisor, Kata) know its parts. */
final class PodAnnotations {
  private static final String TYPE = "io.kubernetes.cri.container-type";
  private static final String SANDBOX = "io.kubernetes.cri.sandbox-id";

  private PodAnnotations() {}

  static Map<String, String> sandbox(PodRecord pod) {
    return Map.of(TYPE, "sandbox", SANDBOX, pod.id());
  }

  static Map<String, String> member(String podId) {
    return Map.of(TYPE, "container", SANDBOX, podId);
  }
}
