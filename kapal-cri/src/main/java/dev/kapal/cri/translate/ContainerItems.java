package dev.kapal.cri.translate;

import com.google.protobuf.ByteString;
import dev.kapal.cri.proto.Container;
import dev.kapal.cri.proto.ListContainersResponse;
import dev.kapal.engine.ContainerInfo;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Containers as lists show them. Kubelets list all of them every second, and few change: the
 * message of one that has not is kept, and the answer for all of them while none has. The engine
 * gives the same object as long as nothing changes.
 */
public final class ContainerItems {
  private static final int SPARE = 256;

  private final Map<String, ContainerItem> items = new ConcurrentHashMap<>();
  private volatile All last = new All(List.of(), ByteString.EMPTY);

  /** What all of them are as one answer, and of what it was made. */
  private record All(List<ContainerInfo> of, ByteString encoded) {
    @SuppressWarnings("ReferenceEquality") // the same objects mean the same state
    boolean holds(List<ContainerInfo> containers) {
      if (of.size() != containers.size()) {
        return false;
      }
      for (int i = 0; i < of.size(); i++) {
        if (of.get(i) != containers.get(i)) {
          return false;
        }
      }
      return true;
    }
  }

  /** ListContainersResponse with all of those that came through this door. */
  public ByteString encoded(List<ContainerInfo> containers) {
    All all = last;
    if (!all.holds(containers)) {
      all = new All(containers, encode(containers));
      last = all;
    }
    return all.encoded();
  }

  private ByteString encode(List<ContainerInfo> containers) {
    return ListContainersResponse.newBuilder()
        .addAllContainers(known(containers).toList())
        .build()
        .toByteString();
  }

  /** The messages of those that came through this door. */
  public Stream<Container> known(List<ContainerInfo> containers) {
    return containers.stream().filter(Attributes::known).map(c -> of(c).message());
  }

  private ContainerItem of(ContainerInfo c) {
    ContainerItem last = items.get(c.id());
    if (last != null && last.holds(c)) {
      return last;
    }
    ContainerItem item = ContainerItem.of(c);
    items.put(c.id(), item);
    return item;
  }

  /** Forgets those that are gone, when there are many of them. */
  public void keep(List<ContainerInfo> all) {
    if (items.size() > all.size() + SPARE) {
      items.keySet().retainAll(all.stream().map(ContainerInfo::id).collect(Collectors.toSet()));
    }
  }
}
