package dev.kapal.engine.core;

import dev.kapal.engine.store.ContainerRecord;
import java.util.LinkedHashMap;
import java.util.Map;

/** What is told about a container with each event. */
final class EventAttributes {
  private EventAttributes() {}

  static Map<String, String> of(ContainerRecord c, String... more) {
    Map<String, String> a = new LinkedHashMap<>(c.labels());
    a.put("image", c.spec().image());
    a.put("name", c.name());
    for (int i = 0; i + 1 < more.length; i += 2) {
      a.put(more[i], more[i + 1]);
    }
    return a;
  }
}
