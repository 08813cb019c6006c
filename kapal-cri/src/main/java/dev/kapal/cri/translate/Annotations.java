package dev.kapal.cri.translate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Annotations with a meaning, and those that a runtime is given. */
final class Annotations {
  static final String UNTRUSTED = "io.kubernetes.cri.untrusted-workload";
  static final String INGRESS = "kubernetes.io/ingress-bandwidth";
  static final String EGRESS = "kubernetes.io/egress-bandwidth";
  static final String CDI_PREFIX = "cdi.k8s.io/";

  /** By these runtimes that isolate a pod as a whole, and hooks, know whose it is. */
  static final String POD_NAME = "io.kubernetes.cri.sandbox-name";

  static final String POD_NAMESPACE = "io.kubernetes.cri.sandbox-namespace";
  static final String POD_UID = "io.kubernetes.cri.sandbox-uid";
  static final String POD_LOGS = "io.kubernetes.cri.sandbox-log-directory";
  static final String CONTAINER_NAME = "io.kubernetes.cri.container-name";
  static final String IMAGE_NAME = "io.kubernetes.cri.image-name";

  private Annotations() {}

  /** Those whose names fit one of the patterns. */
  static Map<String, String> matching(Map<String, String> all, List<String> globs) {
    Map<String, String> fitting = new LinkedHashMap<>();
    all.forEach((name, value) -> {
      if (globs.stream().anyMatch(glob -> fits(name, glob))) {
        fitting.put(name, value);
      }
    });
    return fitting;
  }

  /** Whether a name fits a pattern in which {@code *} stands for any part, also an empty one. */
  static boolean fits(String name, String glob) {
    int n = 0;
    int g = 0;
    int star = -1;
    int mark = 0;
    while (n < name.length()) {
      if (g < glob.length() && glob.charAt(g) == '*') {
        star = g++;
        mark = n;
      } else if (g < glob.length() && glob.charAt(g) == name.charAt(n)) {
        g++;
        n++;
      } else if (star >= 0) {
        g = star + 1;
        n = ++mark;
      } else {
        return false;
      }
    }
    while (g < glob.length() && glob.charAt(g) == '*') {
      g++;
    }
    return g == glob.length();
  }
}
