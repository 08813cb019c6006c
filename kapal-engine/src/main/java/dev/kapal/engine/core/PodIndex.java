package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The pods in memory, by ID and by name. */
final class PodIndex {
  private final Map<String, PodEntry> byId = new ConcurrentHashMap<>();
  private final Map<String, String> names = new ConcurrentHashMap<>();

  /**
   * Adds one.
   *
   * @throws EngineException.Conflict another pod has its name
   */
  void put(PodEntry pod) {
    String owner = names.putIfAbsent(pod.record.spec().name(), pod.id);
    if (owner != null) {
      throw new EngineException.Conflict(
          "the name \""
              + pod.record.spec().name()
              + "\" is taken by pod "
              + owner.substring(0, 12)
              + ": remove that pod first");
    }
    byId.put(pod.id, pod);
  }

  void remove(PodEntry pod) {
    byId.remove(pod.id);
    names.remove(pod.record.spec().name(), pod.id);
  }

  /** All, also those that are being made. */
  Collection<PodEntry> all() {
    return byId.values();
  }

  Optional<PodEntry> byId(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  /** Finds by ID, name, or unique prefix of an ID; a name wins over a prefix. */
  Optional<PodEntry> find(String ref) {
    Optional<PodEntry> exact =
        byId(ref).or(() -> Optional.ofNullable(names.get(ref)).flatMap(this::byId));
    if (exact.isPresent() || !ref.matches("[0-9a-f]{1,64}")) {
      return exact.filter(p -> p.published);
    }
    List<PodEntry> found =
        byId.values().stream().filter(p -> p.published && p.id.startsWith(ref)).limit(2).toList();
    if (found.size() > 1) {
      throw new EngineException.InvalidArgument(
          "\"" + ref + "\" begins the ID of several pods: give more digits");
    }
    return found.stream().findFirst();
  }

  /**
   * As {@link #find}.
   *
   * @throws EngineException.NotFound there is none such
   */
  PodEntry get(String ref) {
    return find(ref)
        .orElseThrow(() ->
            new EngineException.NotFound(
                "there is no pod \"" + ref.replaceAll("\\p{Cntrl}", "?") + "\""));
  }
}
