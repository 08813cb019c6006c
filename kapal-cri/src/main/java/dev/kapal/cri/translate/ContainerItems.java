package dev.kapal.cri.translate;

import dev.kapal.cri.proto.Container;
import dev.kapal.engine.ContainerInfo;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Containers as lists show them. Kubelets list all of them every second, and few change: the
 * message of one that has not is kept. The engine gives the same object as long as nothing changes.
 */
public final class ContainerItems {
  private static final int SPARE = 256;

  private final Map<String, Item> items = new ConcurrentHashMap<>();

  private record Item(ContainerInfo of, Container message) {
    @SuppressWarnings("ReferenceEquality") // the same object means the same state
    boolean holds(ContainerInfo c) {
      return of == c;
    }
  }

  /** The message for one. */
  public Container of(ContainerInfo c) {
    Item last = items.get(c.id());
    if (last != null && last.holds(c)) {
      return last.message();
    }
    Container message = ContainerMessages.item(c);
    items.put(c.id(), new Item(c, message));
    return message;
  }

  /** Forgets those that are gone, when there are many of them. */
  public void keep(List<ContainerInfo> all) {
    if (items.size() > all.size() + SPARE) {
      items.keySet().retainAll(all.stream().map(ContainerInfo::id).collect(Collectors.toSet()));
    }
  }
}
