package dev.kapal.runtime.dropin;

import dev.kapal.linux.Identity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The config that {@code spec --rootless} writes: what is left of the ordinary one for a user who
 * has one id in the container, his own as root, and neither a network nor control groups to give.
 */
final class RootlessSpec {
  private RootlessSpec() {}

  /** From the ordinary one. */
  static String of(String json, Identity who) {
    Map<String, Object> config = Json.readObject(json);
    Map<String, Object> linux = object(config.get("linux"));
    List<Object> namespaces = new ArrayList<>(list(linux.get("namespaces")));
    namespaces.removeIf(n -> List.of("network", "user").contains(text(n, "type")));
    namespaces.add(Map.of("type", "user"));
    linux.put("namespaces", namespaces);
    linux.put("uidMappings", List.of(mapping(who.uid())));
    linux.put("gidMappings", List.of(mapping(who.gid())));
    linux.remove("resources");
    config.put("linux", linux);
    config.put("mounts", list(config.get("mounts")).stream().map(RootlessSpec::mount).toList());
    return Json.pretty(config);
  }

  private static Map<String, Object> mapping(long id) {
    Map<String, Object> mapping = new LinkedHashMap<>();
    mapping.put("containerID", 0);
    mapping.put("hostID", id);
    mapping.put("size", 1);
    return mapping;
  }

  /** A sysfs needs a network namespace of one's own; ids that are not mapped own no mount. */
  private static Map<String, Object> mount(Object one) {
    Map<String, Object> mount = object(one);
    if (text(mount, "type").equals("sysfs")) {
      mount.put("type", "none");
      mount.put("source", "/sys");
      mount.put("options", List.of("rbind", "nosuid", "noexec", "nodev", "ro"));
    } else if (mount.containsKey("options")) {
      List<Object> options = new ArrayList<>(list(mount.get("options")));
      options.removeIf(o -> String.valueOf(o).matches("[ug]id=.*"));
      mount.put("options", options);
    }
    return mount;
  }

  private static Map<String, Object> object(@Nullable Object value) {
    Map<String, Object> all = new LinkedHashMap<>();
    ((Map<?, ?>) Objects.requireNonNull(value))
        .forEach((name, member) -> all.put(String.valueOf(name), Objects.requireNonNull(member)));
    return all;
  }

  private static List<Object> list(@Nullable Object value) {
    return List.copyOf((List<?>) Objects.requireNonNull(value));
  }

  private static String text(Object object, String name) {
    return String.valueOf(((Map<?, ?>) object).get(name));
  }
}
