package dev.kapal.linux;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** One mounted hierarchy: a set of v1 controllers, or v2. */
record CgroupHierarchy(String mount, Set<String> controllers, boolean unified) {
  /** All of a layout; v2 last. */
  static List<CgroupHierarchy> of(CgroupLayout layout) {
    Map<String, Set<String>> byMount = new TreeMap<>();
    layout
        .v1()
        .forEach((controller, mount) ->
            byMount.computeIfAbsent(mount, _ -> new TreeSet<>()).add(controller));
    List<CgroupHierarchy> all = new ArrayList<>();
    byMount.forEach((mount, names) -> all.add(new CgroupHierarchy(mount, names, false)));
    layout
        .unified()
        .ifPresent(mount ->
            all.add(new CgroupHierarchy(mount, new TreeSet<>(layout.unifiedControllers()), true)));
    return all;
  }

  /** Where a controller is: v1 comes first, for a controller can be in one place only. */
  static Optional<CgroupHierarchy> with(List<CgroupHierarchy> all, String controller) {
    return all.stream()
        .filter(hierarchy -> hierarchy.controllers.contains(controller))
        .min(Comparator.comparing(CgroupHierarchy::unified));
  }

  CgroupFolder folder(String path) {
    return new CgroupFolder(mount + path);
  }
}
